//! A rule: when something recurs, as plain data.
//!
//! Made by `parse.rs`, read by `next.rs` and `describe.rs`. A rule is `Copy` and owns no heap, so that a constant
//! can hold one. Two invariants: it comes true again and again, and it names a zone or an offset, never both.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cron::Cron;
use super::days::Days;
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
    Cron(Cron),
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
            When::Cron(cron) => cron.fmt(f),
        }
    }
}
