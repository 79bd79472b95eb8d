//! One occurrence after another, and those that were missed.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::next::Timetable;
use super::rule::Rule;
use crate::grammar::Message;

/// The occurrences of `rule` after `after`, oldest first, without end but that of the calendar.
///
/// The iterator ends after an error.
///
/// # Errors
///
/// As [`next`](super::next()).
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tasker::schedule::{Rule, occurrences};
///
/// let after: DateTime<Utc> = "2025-01-01T12:00:00Z".parse().unwrap();
/// let rule = Rule::parse("monthly 1,15 09:00").unwrap();
/// let days: Vec<String> = occurrences(&rule, chrono_tz::UTC, after)
///     .unwrap()
///     .take(3)
///     .map(|at| at.unwrap().date_naive().to_string())
///     .collect();
/// assert_eq!(days, ["2025-01-15", "2025-02-01", "2025-02-15"]);
/// ```
pub fn occurrences(rule: &Rule, tz: Tz, after: DateTime<Utc>) -> Result<Occurrences, Message> {
    Ok(Occurrences {
        timetable: Timetable::new(rule, tz)?,
        last: Some(after),
    })
}

/// The iterator that [`occurrences`] gives.
#[derive(Debug)]
pub struct Occurrences {
    timetable: Timetable,
    /// The latest one; nothing when the end is reached.
    last: Option<DateTime<Utc>>,
}

impl Iterator for Occurrences {
    type Item = Result<DateTime<Utc>, Message>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.timetable.next(self.last?);
        self.last = found.as_ref().copied().ok().flatten();
        found.transpose()
    }
}

/// What a schedule has missed, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The latest occurrences that passed, oldest first, as many as were asked for.
    pub occurrences: Vec<DateTime<Utc>>,
    /// Whether older ones were left out.
    pub dropped: bool,
    /// The first occurrence that has not passed yet; `None` where there is none before the year 4000.
    pub next: Option<DateTime<Utc>>,
}

/// The occurrences after `last` up to and including `now`: the latest `max` of them.
///
/// `max` is 0 to skip what was missed (`dropped` still tells whether anything was), 1 to run once for all, more to
/// run for each. The work is bounded by `max` and not by how many were missed: some forty times `max` computations
/// in the worst case, however long nobody was there.
///
/// # Errors
///
/// As [`next`](super::next()).
pub fn missed(
    rule: &Rule,
    tz: Tz,
    last: DateTime<Utc>,
    now: DateTime<Utc>,
    max: usize,
) -> Result<Missed, Message> {
    let timetable = Timetable::new(rule, tz)?;
    let now = now.max(last);
    let next = timetable.next(now)?;
    let few = timetable.between(last, now, max.saturating_add(1))?;
    if few.len() <= max {
        return Ok(Missed {
            occurrences: few,
            dropped: false,
            next,
        });
    }
    // The latest start, in whole seconds before now, from which there are still `max` of them.
    let (mut near, mut far) = (0, (now - last).num_seconds() + 1);
    while max > 0 && far - near > 1 {
        let middle = near + (far - near) / 2;
        if timetable
            .between(now - TimeDelta::seconds(middle), now, max)?
            .len()
            < max
        {
            near = middle;
        } else {
            far = middle;
        }
    }
    let start = if max == 0 {
        now
    } else {
        (now - TimeDelta::seconds(far)).max(last)
    };
    // Occurrences are at least a second apart before jitter, so that one second holds at most three.
    let mut occurrences = timetable.between(start, now, max.saturating_add(3))?;
    occurrences.drain(..occurrences.len().saturating_sub(max));
    Ok(Missed {
        occurrences,
        dropped: true,
        next,
    })
}

impl Timetable {
    /// The occurrences after `after` up to and including `until`, at most `most` of them.
    fn between(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<DateTime<Utc>>, Message> {
        let mut found = Vec::new();
        let mut last = after;
        while found.len() < most {
            match self.next(last)? {
                Some(at) if at <= until => {
                    found.push(at);
                    last = at;
                }
                _ => break,
            }
        }
        Ok(found)
    }
}
