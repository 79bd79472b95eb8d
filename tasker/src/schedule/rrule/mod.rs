//! Recurrence rules of the calendar standard, RFC 5545: `FREQ=MONTHLY;BYDAY=2TU;COUNT=10`.
//!
//! `parse.rs` reads the text, `check.rs` refuses what the standard forbids and what never comes, `days.rs` matches
//! days, `expand.rs` finds the next local time, `text.rs` writes the canonical form. Everything is local time; the zone
//! is applied by the module above, as for any other rule.
//!
//! What the rule does not name comes from its `DTSTART`, as the standard has it; without one it is the lowest
//! that the frequency allows: midnight, the first day of the week or the month, January. The periods of `INTERVAL`
//! and the occurrences of `COUNT` are counted from `DTSTART`, else from the schedule's start
//! ([`Rule::anchored`](super::Rule::anchored)), and the periods of a rule with neither from 1 January 1970.
//! `DTSTART` itself is an occurrence only if it matches.

mod check;
mod days;
mod expand;
mod numbers;
mod parse;
mod text;

use chrono::{DateTime, NaiveDateTime, Utc};

pub(super) use days::ByDays;
pub(super) use expand::Recurrence;
pub(super) use numbers::Numbers;
pub(super) use parse::parse;

use super::except::Precision;
use super::moment::Moment;
use super::times::Times;

/// The length of a rule's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// When a rule ends. Both are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Local(NaiveDateTime),
    Instant(DateTime<Utc>),
}

/// The parts of a rule. A set without a member stands for a part that is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rrule {
    pub(super) frequency: Frequency,
    /// At least 1.
    pub(super) interval: u32,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    /// `DTSTART`. Where it is in UTC, the whole rule is.
    pub(super) start: Option<Moment>,
    /// 0 is Monday.
    pub(super) week_start: u8,
    /// Bit 0 is January.
    pub(super) months: u16,
    pub(super) weeks: Numbers<1>,
    pub(super) year_days: Numbers<6>,
    pub(super) month_days: Numbers<1>,
    /// Every such weekday; bit 0 is Monday.
    pub(super) weekdays: u8,
    /// For each weekday the places in the month or the year, Monday first.
    pub(super) places: [Numbers<1>; 7],
    pub(super) hours: u32,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
    pub(super) positions: Numbers<6>,
}

impl Rrule {
    pub(super) const fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            count: None,
            until: None,
            start: None,
            week_start: 0,
            months: 0,
            weeks: Numbers::NONE,
            year_days: Numbers::NONE,
            month_days: Numbers::NONE,
            weekdays: 0,
            places: [Numbers::NONE; 7],
            hours: 0,
            minutes: 0,
            seconds: 0,
            positions: Numbers::NONE,
        }
    }

    /// Whether the period is shorter than a day.
    pub(super) const fn is_within_day(&self) -> bool {
        (self.frequency as u8) < Frequency::Daily as u8
    }

    /// How much time a match covers as an exception: the whole day where the rule names no time of day.
    pub(super) const fn precision(&self) -> Precision {
        let (has_time, has_second) = match self.start {
            Some(start) => (start.time.is_some(), start.second() % 60 != 0),
            None => (false, false),
        };
        if self.seconds != 0 || has_second || matches!(self.frequency, Frequency::Secondly) {
            Precision::Second
        } else if self.is_within_day() || has_time || self.hours != 0 || self.minutes != 0 {
            Precision::Minute
        } else {
            Precision::Day
        }
    }

    /// Whether `DTSTART` is in UTC.
    pub(super) const fn is_utc(&self) -> bool {
        match self.start {
            Some(start) => start.has_offset(),
            None => false,
        }
    }

    /// Whether weekdays are given with their place in the month or the year.
    pub(super) const fn has_places(&self) -> bool {
        let mut weekday = 0;
        while weekday < 7 {
            if !self.places[weekday].is_empty() {
                return true;
            }
            weekday += 1;
        }
        false
    }

    /// The times of day, those of the start where the rule does not name them.
    pub(super) const fn times(&self) -> Times {
        let start = Times::at(match self.start {
            Some(start) => start.second(),
            None => 0,
        });
        let frequency = self.frequency as u8;
        let hours = match self.hours {
            0 if frequency < Frequency::Daily as u8 => Times::ALL_HOURS,
            0 => start.hours,
            hours => hours,
        };
        let minutes = match self.minutes {
            0 if frequency < Frequency::Hourly as u8 => Times::ALL_SIXTY,
            0 => start.minutes,
            minutes => minutes,
        };
        let seconds = match self.seconds {
            0 if frequency < Frequency::Minutely as u8 => Times::ALL_SIXTY,
            0 => start.seconds,
            seconds => seconds,
        };
        Times {
            hours,
            minutes,
            seconds,
        }
    }
}
