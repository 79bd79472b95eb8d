//! Rule, zone and instant in; the next instant out. Pure: no clock, no state, no input but the arguments.
//!
//! The calendar (`calendar.rs`) is searched in local time, less what `filter.rs` takes away; `walk.rs` applies the
//! zone and its policies, `grid.rs` is for `every`, which has no calendar. Invariants: the result is strictly after the
//! instant given, asking again from a result gives every occurrence once, and every search is bounded.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::calendar::{Calendar, END};
use super::civil::{Instants, Place};
use super::filter::Filter;
use super::grid::Grid;
use super::jitter::Jitter;
use super::moments::{Moments, Named};
use super::policy::{Fold, Gap};
use super::rrule::Until;
use super::rule::{Rule, When};
use super::walk::{Walk, no_instant};
use super::zones;
use crate::grammar::Message;

/// The first occurrence of `rule` strictly after `after`, in the zone `tz` unless the rule names its own.
///
/// `None` means that there is none any more: the rule has ended, or there is none before the year 4000, where the
/// calendar of this module ends. To ask for one occurrence after another, [`Timetable`] is faster: it prepares
/// the rule once.
///
/// # Errors
///
/// The next occurrence cannot be computed: the rule [needs a start](Rule::needs_start), or its exceptions leave out a
/// hundred thousand occurrences in a row. A schedule to which it happens should be shown as broken, not as ended.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tasker::schedule::{Rule, next};
///
/// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
/// let rule = Rule::parse("*/5 * * * *").unwrap();
/// let noon = next(&rule, chrono_tz::UTC, at("2025-06-01T12:03:00Z")).unwrap();
/// assert_eq!(noon, Some(at("2025-06-01T12:05:00Z")));
/// ```
pub fn next(rule: &Rule, tz: Tz, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
    Timetable::new(rule, tz)?.next(after)
}

/// A rule and a zone, made ready to be asked many times.
#[derive(Debug)]
pub struct Timetable {
    steps: Steps,
    /// Nothing comes after it.
    end: DateTime<Utc>,
    jitter: Option<Jitter>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a timetable is not moved about")]
enum Steps {
    Grid(Grid),
    Walk(Walk),
    /// All there are, in order.
    List(Vec<DateTime<Utc>>),
}

impl Timetable {
    /// Prepares `rule` for the zone `tz`, which a zone or an offset in the rule overrides.
    ///
    /// For an `rrule` with `COUNT` this computes as many occurrences as it counts, at most a hundred thousand.
    ///
    /// # Errors
    ///
    /// As [`next`].
    pub fn new(rule: &Rule, tz: Tz) -> Result<Self, Message> {
        let place = place(rule, tz);
        let mut timetable = Self {
            steps: steps(rule, place)?,
            end: last_instant(),
            jitter: (rule.jitter).map(|most| Jitter {
                most,
                seed: rule.seed,
            }),
        };
        if let When::Rrule(recurrence) = &rule.when {
            if let Some(Until::Instant(until)) = recurrence.until {
                timetable.end = timetable.end.min(until);
            }
            if let Some(count) = recurrence.count {
                timetable.end = timetable.counted(count)?;
            }
        }
        if let Steps::Walk(walk) = &mut timetable.steps {
            walk.filter = Filter::of(rule);
        }
        Ok(timetable)
    }

    /// The first occurrence strictly after `after`; `None` where there is none any more, or none before the year 4000.
    ///
    /// # Errors
    ///
    /// As [`next`].
    pub fn next(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        let Some(jitter) = &self.jitter else {
            return self.next_on_time(after);
        };
        // One that was due may still be delayed.
        let mut base = match self.latest(after, TimeDelta::milliseconds(i64::from(jitter.most)))? {
            Some(due) => Some(due),
            None => self.next_on_time(after)?,
        };
        while let Some(due) = base {
            base = self.next_on_time(due)?;
            let delayed = due + jitter.delay(due, base);
            if delayed > after {
                return Ok(Some(delayed));
            }
        }
        Ok(None)
    }

    /// As [`next`](Self::next), without jitter.
    pub(super) fn next_on_time(
        &self,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Message> {
        if after >= self.end {
            return Ok(None);
        }
        let after = after.max(first_instant());
        let found = match &self.steps {
            Steps::Grid(grid) => grid.next(after)?,
            Steps::Walk(walk) => walk.next(after)?,
            Steps::List(list) => list.get(list.partition_point(|at| *at <= after)).copied(),
        };
        Ok(found.filter(|found| *found <= self.end))
    }

    /// When the occurrence at `at` was due, before jitter.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the calculator's"))]
    pub(super) fn due(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, Message> {
        let Some(jitter) = &self.jitter else {
            return Ok(at);
        };
        let due = self.latest(at, TimeDelta::milliseconds(i64::from(jitter.most)))?;
        Ok(due.unwrap_or(at))
    }

    /// The occurrence on time that is the last up to `until`, if there is one in the time before that.
    fn latest(
        &self,
        until: DateTime<Utc>,
        time: TimeDelta,
    ) -> Result<Option<DateTime<Utc>>, Message> {
        let first_since = |millis: i64| -> Result<_, Message> {
            let since = until.max(first_instant() + time) - TimeDelta::milliseconds(millis);
            Ok(self.next_on_time(since)?.filter(|found| *found <= until))
        };
        let (mut near, mut far) = (0, time.num_milliseconds() + 1);
        let mut found = first_since(far)?;
        // Halve until one millisecond is left, which holds one occurrence.
        while found.is_some() && far - near > 1 {
            let middle = near + (far - near) / 2;
            match first_since(middle)? {
                Some(later) => (far, found) = (middle, Some(later)),
                None => near = middle,
            }
        }
        Ok(found)
    }

    /// The last of so many occurrences.
    fn counted(&self, count: u32) -> Result<DateTime<Utc>, Message> {
        let mut last = first_instant();
        for _ in 0..count {
            match self.next_on_time(last)? {
                Some(found) => last = found,
                None => break,
            }
        }
        Ok(last)
    }

    /// The calendar and its zone, where the rule has them.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the calculator's"))]
    pub(super) fn walk(&self) -> Option<&Walk> {
        match &self.steps {
            Steps::Walk(walk) => Some(walk),
            Steps::Grid(_) | Steps::List(_) => None,
        }
    }
}

/// The steps of a rule. A calendar's filter is left to be set, since `COUNT` counts what it takes away.
fn steps(rule: &Rule, place: Place) -> Result<Steps, Message> {
    let (gap, fold) = (
        rule.gap().unwrap_or(Gap::Next),
        rule.fold().unwrap_or(Fold::First),
    );
    let start = rule.start.map(|start| place.local(start));
    let calendar = match &rule.when {
        When::Every { period } => {
            return Ok(Steps::Grid(Grid {
                // At most ten years, which the parser sees to.
                period: i64::try_from(*period)
                    .map_or(i64::MAX, |millis| millis.saturating_mul(1000)),
                anchor: rule.start.map_or(0, |start| start.timestamp_micros()),
                place,
                filter: Filter::of(rule),
            }));
        }
        When::At(moments) => {
            let filter = Filter::of(rule);
            return Ok(Steps::List(list(moments, &filter, place, gap, fold)?));
        }
        _ if rule.needs_start() => {
            return Err(Message::new(
                "`COUNT` counts from a start, and this schedule has none: write `DTSTART=20250101T090000` into the `rrule`",
            ));
        }
        when => Calendar::of(when, start).expect("the two kinds without a calendar have returned"),
    };
    if let Calendar::Recurrence(recurrence) = &calendar
        && !recurrence.can_match()
    {
        return Err(Message::new(
            "this `rrule` never runs: from its start, `INTERVAL` never meets `BYHOUR`, `BYMINUTE` and `BYSECOND`",
        ));
    }
    Ok(Steps::Walk(Walk {
        calendar,
        filter: Filter::none(),
        place,
        gap,
        fold,
    }))
}

/// The instants of a list, in order and each once.
fn list(
    moments: &Moments,
    filter: &Filter,
    place: Place,
    gap: Gap,
    fold: Fold,
) -> Result<Vec<DateTime<Utc>>, Message> {
    let is_left = |civil: NaiveDateTime| filter.closed_until(civil).is_none();
    let mut list = Vec::new();
    for named in moments.iter() {
        let civil = match named {
            Named::Utc(at) if is_left(place.local(at)) => {
                list.push(at);
                continue;
            }
            Named::Local(civil) if is_left(civil) => civil,
            _ => continue,
        };
        match place.instants(civil).ok_or_else(|| no_instant(civil))? {
            Instants::One(at) => list.push(at),
            Instants::Two { first, second } => match fold {
                Fold::First => list.push(first),
                Fold::Second => list.push(second),
                Fold::Both => list.extend([first, second]),
            },
            Instants::Gap { end } if gap == Gap::Next => list.push(end),
            Instants::Gap { .. } => {}
        }
    }
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Where the rule's local times are taken.
pub(super) fn place(rule: &Rule, tz: Tz) -> Place {
    if let Some(index) = rule.zone {
        return Place::Zone(zones::by_index(index));
    }
    let offset = rule
        .offset_minutes()
        .and_then(|minutes| FixedOffset::east_opt(i32::from(minutes) * 60));
    match offset {
        Some(offset) => Place::Offset(offset),
        None => Place::Zone(tz),
    }
}

/// From when this module computes.
fn first_instant() -> DateTime<Utc> {
    new_year(1)
}

/// Until when this module computes.
fn last_instant() -> DateTime<Utc> {
    new_year(END) - TimeDelta::microseconds(1)
}

fn new_year(year: i32) -> DateTime<Utc> {
    let instant = Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single();
    instant.expect("the year begins once in UTC")
}
