//! `between 08:00 and 18:00`: the times of day at which a rule may come true.

use std::fmt;

use chrono::{Days, NaiveDateTime, Timelike};

use super::time::TimeOfDay;
use super::times::Times;

/// From one second of the day to another, both inclusive; past midnight where the first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Window {
    pub(super) const fn contains(self, second: u32) -> bool {
        if self.first <= self.last {
            self.first <= second && second <= self.last
        } else {
            second >= self.first || second <= self.last
        }
    }

    /// Whether any of the times is in it.
    pub(super) const fn meets(self, times: Times) -> bool {
        match times.at_or_after(self.first) {
            Some(found) if self.contains(found) => true,
            _ => self.first > self.last && times.first() <= self.last,
        }
    }

    /// When it opens next, if it is closed at `civil`.
    pub(super) fn closed_until(self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let second = civil.num_seconds_from_midnight();
        if self.contains(second) {
            return None;
        }
        let day = match second < self.first {
            true => civil.date(),
            false => civil.date() + Days::new(1),
        };
        Some(super::calendar::at(day, self.first))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", clock(self.first), clock(self.last))
    }
}

fn clock(second: u32) -> TimeOfDay {
    TimeOfDay {
        second,
        offset: None,
    }
}
