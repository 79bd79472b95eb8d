//! A rule: when something recurs, as plain data.
//!
//! Made by `parse.rs`, read by `next.rs` and `describe.rs`. A rule is `Copy` and owns no heap, so that a constant
//! can hold one. Two invariants: it comes true again and again, and it names a zone or an offset, never both.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cron::CronText;
use super::names::{LAST, MONTHS, WEEKDAYS};
use super::time::TimeOfDay;
use super::zones;
use crate::grammar::{Message, duration};

/// When something recurs. The grammar is that of the [module](crate::schedule).
///
/// ```
/// use tasker::schedule::Rule;
///
/// const NIGHTLY: Rule = match Rule::parse("daily 02:30") {
///     Ok(rule) => rule,
///     Err(message) => panic!("{}", message.as_str()),
/// };
/// assert_eq!(NIGHTLY.to_string(), "daily 02:30");
/// assert_eq!(NIGHTLY.describe(), "every day at 02:30");
/// assert!(Rule::parse("61 * * * *").is_err());
/// ```
///
/// [`Display`](fmt::Display) gives the canonical text, which parses back to the same rule (an anchor set by
/// [`Rule::anchored`] is not part of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) when: When,
    /// The zone that a `TZ=` in front names, by its place in the list.
    pub(super) zone: Option<u16>,
}

/// The kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// A grid of UTC instants.
    Every {
        /// Milliseconds between two of them, at least 1000.
        period: u64,
        /// One of them, in microseconds since the Unix epoch.
        anchor: i64,
    },
    /// At this minute of every hour.
    Hourly { minute: u8 },
    /// At a time of the days that match.
    Days { days: Days, time: TimeOfDay },
    /// At what five or six cron fields match.
    Cron(CronText),
}

/// A set of days: those whose weekday, month and day of the month are all in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// Bit 0 is Monday.
    pub(super) weekdays: u8,
    /// Bit 0 is January.
    pub(super) months: u16,
    /// Bits 1 to 31 are days, bit 0 the last day of the month.
    pub(super) dates: u32,
}

impl Days {
    pub(super) const ALL_WEEKDAYS: u8 = 0x7f;
    pub(super) const MONDAY_TO_FRIDAY: u8 = 0x1f;
    pub(super) const WEEKEND: u8 = 0x60;
    pub(super) const ALL_MONTHS: u16 = 0xfff;
    pub(super) const ALL_DATES: u32 = !LAST;

    pub(super) const EVERY: Self = Self {
        weekdays: Self::ALL_WEEKDAYS,
        months: Self::ALL_MONTHS,
        dates: Self::ALL_DATES,
    };

    pub(super) const fn of_week(weekdays: u8) -> Self {
        Self {
            weekdays,
            ..Self::EVERY
        }
    }

    pub(super) const fn of_year(months: u16, dates: u32) -> Self {
        Self {
            months,
            dates,
            ..Self::EVERY
        }
    }
}

impl Rule {
    /// The name of the zone that the rule fixes by a `TZ=` in front, as the IANA database writes it.
    pub const fn zone(&self) -> Option<&'static str> {
        match self.zone {
            Some(index) => Some(zones::name_at(index)),
            None => None,
        }
    }

    /// The offset from UTC that the rule's time of day names, in minutes, east positive.
    pub const fn offset_minutes(&self) -> Option<i16> {
        match self.when {
            When::Days { time, .. } => time.offset,
            _ => None,
        }
    }

    /// The same rule, its grid laid through `anchor` instead of the Unix epoch. Rules other than `every` follow
    /// the calendar and have no anchor.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tasker::schedule::{Rule, next};
    ///
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let rule = Rule::parse("every 2d").unwrap().anchored(at("2024-10-28T10:00:00Z"));
    /// let after = at("2024-10-29T00:00:00Z");
    /// assert_eq!(next(&rule, chrono_tz::UTC, after).unwrap(), Some(at("2024-10-30T10:00:00Z")));
    /// ```
    #[must_use]
    pub fn anchored(mut self, anchor: DateTime<Utc>) -> Self {
        if let When::Every { anchor: old, .. } = &mut self.when {
            *old = anchor.timestamp_micros();
        }
        self
    }

    /// The length of the grid's step where the rule is `every`, nothing for the others.
    pub const fn period(&self) -> Option<Duration> {
        match self.when {
            When::Every { period, .. } => Some(Duration::from_millis(period)),
            _ => None,
        }
    }
}

impl FromStr for Rule {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(zone) = self.zone() {
            write!(f, "TZ={zone} ")?;
        }
        match &self.when {
            When::Every { period, .. } => write!(
                f,
                "every {}",
                duration::written(Duration::from_millis(*period))
            ),
            When::Hourly { minute: 0 } => f.write_str("hourly"),
            When::Hourly { minute } => write!(f, "hourly :{minute:02}"),
            When::Days { days, time } => write!(f, "{days} {time}"),
            When::Cron(cron) => f.write_str(cron.as_str()),
        }
    }
}

/// The words of the grammar without the time of day.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months != Self::ALL_MONTHS {
            f.write_str("yearly ")?;
            list(
                f,
                set_bits(u32::from(self.months)).map(|bit| MONTHS[bit as usize].split_at(3).0),
            )?;
            f.write_str(" ")?;
            return list(f, dates(self.dates));
        }
        if self.dates != Self::ALL_DATES {
            f.write_str("monthly ")?;
            return list(f, dates(self.dates));
        }
        match self.weekdays {
            Self::ALL_WEEKDAYS => f.write_str("daily"),
            Self::MONDAY_TO_FRIDAY => f.write_str("weekdays"),
            Self::WEEKEND => f.write_str("weekends"),
            set => {
                f.write_str("weekly ")?;
                list(
                    f,
                    set_bits(u32::from(set)).map(|bit| WEEKDAYS[bit as usize].split_at(3).0),
                )
            }
        }
    }
}

/// The bits of a set, lowest first.
pub(super) fn set_bits(set: u32) -> impl Iterator<Item = u32> + Clone {
    (0..32).filter(move |bit| set & (1 << bit) != 0)
}

/// The days of a set as the grammar writes them, `last` at the end.
fn dates(set: u32) -> impl Iterator<Item = String> {
    let last = (set & LAST != 0).then(|| "last".to_owned());
    set_bits(set & !LAST).map(|day| day.to_string()).chain(last)
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (place, item) in items.enumerate() {
        if place > 0 {
            f.write_str(",")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
