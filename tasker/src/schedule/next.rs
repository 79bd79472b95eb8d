//! Rule, zone and instant in; the next instant out. Pure: no clock, no state, no input but the arguments.
//!
//! The calendar is searched in local time, and the zone is applied here: a cron crate never sees one. Invariants:
//! the result is strictly after the instant given, and asking again from a result gives every occurrence once.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::calendar::Calendar;
use super::civil::{Instants, Place};
use super::days::{DaySet, Days};
use super::rule::{Rule, When};
use super::times::Times;
use super::zones;
use crate::grammar::Message;

/// The first occurrence of `rule` strictly after `after`, in the zone `tz` unless the rule names its own.
///
/// `None` means that there is none before the year 4000, where the calendar of this module ends. To ask for
/// one occurrence after another, [`Timetable`] is faster: it prepares the rule once.
///
/// # Errors
///
/// The next occurrence cannot be computed. No rule is known for which this happens; a schedule to which it
/// happens should be shown as broken, not as ended.
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
    place: Place,
    steps: Steps,
}

#[derive(Debug)]
enum Steps {
    /// A grid of instants, in microseconds.
    Grid { period: i64, anchor: i64 },
    /// Local times of which each day has at most its own: in a fold the first pass counts, a gap is made good.
    Concrete(Calendar),
    /// Local times that follow elapsed time: both passes of a fold count, a gap is passed over.
    Flowing(Calendar),
}

impl Timetable {
    /// Prepares `rule` for the zone `tz`, which a zone or an offset in the rule overrides.
    ///
    /// # Errors
    ///
    /// As [`next`].
    pub fn new(rule: &Rule, tz: Tz) -> Result<Self, Message> {
        let steps = match rule.when {
            When::Every { period, anchor } => Steps::Grid {
                // At most ten years, which the parser sees to.
                period: i64::try_from(period)
                    .map_or(i64::MAX, |millis| millis.saturating_mul(1000)),
                anchor,
            },
            When::Hourly { minute } => Steps::Flowing(Calendar {
                days: DaySet::Plain(Days::EVERY),
                times: Times {
                    hours: Times::ALL_HOURS,
                    ..Times::at(u32::from(minute) * 60)
                },
            }),
            When::Days { days, time } => Steps::Concrete(Calendar {
                days: DaySet::Plain(days),
                times: Times::at(time.second),
            }),
            When::Cron(cron) => {
                let calendar = Calendar {
                    days: DaySet::Cron(cron.days),
                    times: cron.times,
                };
                match cron.any_hour {
                    true => Steps::Flowing(calendar),
                    false => Steps::Concrete(calendar),
                }
            }
        };
        Ok(Self {
            place: place(rule, tz),
            steps,
        })
    }

    /// The first occurrence strictly after `after`; `None` where there is none before the year 4000.
    ///
    /// # Errors
    ///
    /// As [`next`].
    pub fn next(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        let (begin, end) = horizon();
        if after >= end {
            return Ok(None);
        }
        let after = after.max(begin);
        let found = match &self.steps {
            Steps::Grid { period, anchor } => next_on_grid(*period, *anchor, after),
            Steps::Concrete(calendar) => self.next_concrete(calendar, after)?,
            Steps::Flowing(calendar) => self.next_flowing(calendar, after)?,
        };
        Ok(found.filter(|found| *found < end))
    }

    /// Each local time counts once: at its instant, at the first of two, or at the end of the gap it falls into.
    /// That instant never goes back as local time goes on, and it is after `after` only for local times later
    /// than the clock shows at `after`.
    fn next_concrete(
        &self,
        calendar: &Calendar,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Message> {
        let mut civil = self.place.local(after);
        if let Some(Instants::Two { first, second }) = self.place.instants(civil)
            && second <= after
        {
            // The second pass of a fold, whose local times have all had their turn.
            civil = before(self.place.fold(first, second).end);
        }
        while let Some(found) = calendar.next(civil) {
            let at = match self.place.instants(found) {
                Some(
                    Instants::One(at) | Instants::Two { first: at, .. } | Instants::Gap { end: at },
                ) => at,
                None => return Err(no_instant(found)),
            };
            if at > after {
                return Ok(Some(at));
            }
            civil = found;
        }
        Ok(None)
    }

    /// Every instant counts at which the clock shows a match.
    fn next_flowing(
        &self,
        calendar: &Calendar,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Message> {
        let mut civil = self.place.local(after);
        if let Some(Instants::Two { first, second }) = self.place.instants(civil)
            && after < second
        {
            let fold = self.place.fold(first, second);
            if let Some(found) = calendar.next(civil)
                && found < fold.end
                && let Some(Instants::Two { first: at, .. }) = self.place.instants(found)
            {
                return Ok(Some(at));
            }
            // Nothing is left of the first pass: the clock goes back to where the fold starts.
            civil = before(fold.start);
        }
        while let Some(found) = calendar.next(civil) {
            match self.place.instants(found) {
                Some(Instants::One(at)) => return Ok(Some(at)),
                Some(Instants::Two { first, second }) => {
                    return Ok(Some(if first > after { first } else { second }));
                }
                // On from the end of the gap, whose own local time may match.
                Some(Instants::Gap { end }) => civil = before(self.place.local(end)),
                None => return Err(no_instant(found)),
            }
        }
        Ok(None)
    }
}

/// The local time from which a search finds `civil` itself first. Matches are whole seconds.
fn before(civil: NaiveDateTime) -> NaiveDateTime {
    civil - TimeDelta::seconds(1)
}

fn next_on_grid(period: i64, anchor: i64, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // 128 bits, since an anchor and an instant can be further apart than 64 hold.
    let (period, anchor) = (i128::from(period), i128::from(anchor));
    let steps = (i128::from(after.timestamp_micros()) - anchor).div_euclid(period) + 1;
    let micros = i64::try_from(anchor + steps * period).ok()?;
    DateTime::from_timestamp_micros(micros)
}

fn place(rule: &Rule, tz: Tz) -> Place {
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

/// From when to when this module computes.
fn horizon() -> (DateTime<Utc>, DateTime<Utc>) {
    let start_of = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single();
    let known = "the year begins once in UTC";
    (start_of(1).expect(known), start_of(4000).expect(known))
}

fn no_instant(civil: NaiveDateTime) -> Message {
    Message::new("the local time ")
        .quote(&civil.to_string())
        .text(" has no instant in the schedule's time zone: choose another zone")
}
