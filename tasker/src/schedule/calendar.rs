//! The calendar without any zone: which local dates and times a rule names.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::day::Day;
use super::days::DaySet;
use super::times::Times;

/// The first year that is not searched.
const END: i32 = 4000;

/// The times of day of the days that match.
#[derive(Debug)]
pub(super) struct Calendar {
    pub(super) days: DaySet,
    pub(super) times: Times,
}

impl Calendar {
    /// The first match after `civil`; nothing where the calendar ends.
    pub(super) fn next(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = civil.date();
        if self.days.matches(&Day::of(today)) {
            let second = civil.time().num_seconds_from_midnight() + 1;
            if let Some(found) = self.times.at_or_after(second) {
                return Some(at(today, found));
            }
        }
        let day = self.next_day(today.succ_opt()?)?;
        Some(at(day, self.times.first()))
    }

    /// The first day that matches, `from` or later.
    fn next_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        let months = self.days.months();
        let mut date = from;
        while date.year() < END {
            if months & 1 << date.month0() != 0 {
                let mut day = Day::of(date);
                for date_of_month in day.date..=day.month_length {
                    if self.days.matches(&day) {
                        return date.with_day(date_of_month);
                    }
                    day.advance();
                }
            }
            date = next_month(date, months)?;
        }
        None
    }
}

/// The first day of the next month in the set after that of `date`.
fn next_month(date: NaiveDate, months: u16) -> Option<NaiveDate> {
    let later = months >> date.month0() >> 1;
    if later != 0 {
        let month = date.month() + 1 + later.trailing_zeros();
        return NaiveDate::from_ymd_opt(date.year(), month, 1);
    }
    NaiveDate::from_ymd_opt(date.year() + 1, months.trailing_zeros() + 1, 1)
}

fn at(date: NaiveDate, second: u32) -> NaiveDateTime {
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0);
    date.and_time(time.expect("a second of the day"))
}
