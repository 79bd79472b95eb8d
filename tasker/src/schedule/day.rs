//! One day, as far as rules can see it: its place in the week, the month and the year.
//!
//! Rules ask days whether they match, at run time and in `const fn`. [`EveryDay`] has one day for each that the
//! calendar can bring, so that a rule which matches none of them is known to match never.

use chrono::{Datelike, NaiveDate};

/// A day of some year.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    /// 1 to 31.
    pub(super) date: u32,
    /// 1 to 12.
    pub(super) month: u32,
    /// How many days its month has.
    pub(super) month_length: u32,
    /// 0 is Monday.
    pub(super) weekday: u32,
    /// 1 to 366.
    pub(super) of_year: u32,
    /// How many days its year has.
    pub(super) year_length: u32,
    /// How many days the year before and the year after have, on which the numbers of weeks depend.
    pub(super) neighbours: [u32; 2],
}

impl Day {
    pub(super) fn of(date: NaiveDate) -> Self {
        Self::on(date.year(), date.month(), date.day())
    }

    /// The day of that date, which must exist.
    pub(super) const fn on(year: i32, month: u32, date: u32) -> Self {
        let lengths = month_lengths(is_leap(year));
        let mut of_year = date;
        let mut before = 0;
        while before + 1 < month as usize {
            of_year += lengths[before];
            before += 1;
        }
        let last = year - 1;
        let days = 365 * last + last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400);
        Self {
            date,
            month,
            month_length: lengths[before],
            // The first day of year 1 is a Monday.
            weekday: (days + of_year as i32 - 1).rem_euclid(7) as u32,
            of_year,
            year_length: 365 + is_leap(year) as u32,
            neighbours: [365 + is_leap(last) as u32, 365 + is_leap(year + 1) as u32],
        }
    }

    /// The day that comes first in its week, its month and its year.
    pub(super) const fn lowest(week_start: u32) -> Self {
        Self {
            date: 1,
            month: 1,
            month_length: 31,
            weekday: week_start,
            of_year: 1,
            year_length: 365,
            neighbours: [365; 2],
        }
    }

    /// On to the next day of the month, which matters only where it has one.
    pub(super) const fn advance(&mut self) {
        self.date += 1;
        self.of_year += 1;
        self.weekday = if self.weekday == 6 {
            0
        } else {
            self.weekday + 1
        };
    }

    /// The number of the day's week and how many weeks its year has, where weeks begin on `week_start` (0 is Monday)
    /// and belong to the year that has at least four of their days.
    pub(super) const fn week(&self, week_start: u32) -> (u32, u32) {
        let index = self.of_year as i32 - 1;
        // Where 1 January stands in its week.
        let new_year = (self.weekday as i32 - week_start as i32 - index).rem_euclid(7);
        let first = first_week(new_year);
        let weeks = weeks(new_year, self.year_length as i32);
        let week = (index - first).div_euclid(7);
        if week < 0 {
            let length = self.neighbours[0] as i32;
            let weeks = self::weeks((new_year - length).rem_euclid(7), length);
            return (weeks as u32, weeks as u32);
        }
        if week >= weeks {
            let next = (new_year + self.year_length as i32).rem_euclid(7);
            return (1, self::weeks(next, self.neighbours[1] as i32) as u32);
        }
        (week as u32 + 1, weeks as u32)
    }
}

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn month_lengths(leap: bool) -> [u32; 12] {
    [31, 28 + leap as u32, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Where week 1 begins, in days from 1 January, which stands at `new_year` in its own week.
const fn first_week(new_year: i32) -> i32 {
    if new_year <= 3 {
        -new_year
    } else {
        7 - new_year
    }
}

/// How many weeks belong to a year of this length.
const fn weeks(new_year: i32, length: i32) -> i32 {
    let next = length + first_week((new_year + length).rem_euclid(7));
    (next - first_week(new_year)) / 7
}

/// Every day of every kind of year, one after another.
///
/// The calendar repeats itself after 400 years, in which years differ by the weekday of 1 January, by their own
/// length, and by that of their neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct EveryDay {
    /// Seven leap years, then seven that have none beside them, seven after one, seven before one.
    kind: u32,
    month: usize,
    date: u32,
    of_year: u32,
}

impl EveryDay {
    const KINDS: u32 = 4 * 7;

    pub(super) const fn new() -> Self {
        Self {
            kind: 0,
            month: 0,
            date: 1,
            of_year: 1,
        }
    }

    pub(super) const fn next(&mut self) -> Option<Day> {
        if self.kind == Self::KINDS {
            return None;
        }
        let length = self.month_length();
        let day = Day {
            date: self.date,
            month: self.month as u32 + 1,
            month_length: length,
            weekday: (self.kind % 7 + self.of_year - 1) % 7,
            of_year: self.of_year,
            year_length: 365 + self.is_leap() as u32,
            neighbours: [
                365 + (self.kind / 7 == 2) as u32,
                365 + (self.kind / 7 == 3) as u32,
            ],
        };
        if self.date == length {
            self.skip_month();
        } else {
            self.date += 1;
            self.of_year += 1;
        }
        Some(day)
    }

    /// Leaves out the rest of the month that the next day is in.
    const fn skip_month(&mut self) {
        self.of_year += self.month_length() - self.date + 1;
        self.date = 1;
        self.month += 1;
        if self.month == 12 {
            self.month = 0;
            self.of_year = 1;
            self.kind += 1;
        }
    }

    /// Leaves out the months before the next one of the set, whose bit 0 is January; the set is not empty.
    pub(super) const fn skip_to(&mut self, months: u16) {
        while self.kind < Self::KINDS && months & 1 << self.month == 0 {
            self.skip_month();
        }
    }

    const fn is_leap(&self) -> bool {
        self.kind / 7 == 0
    }

    const fn month_length(&self) -> u32 {
        month_lengths(self.is_leap())[self.month]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key(day: Day) -> [u32; 8] {
        let Day {
            date,
            month,
            month_length,
            weekday,
            of_year,
            year_length,
            neighbours: [before, after],
        } = day;
        [
            date,
            month,
            month_length,
            weekday,
            of_year,
            year_length,
            before,
            after,
        ]
    }

    #[test]
    fn every_day_of_the_calendar_is_among_them() {
        let mut known = HashSet::new();
        let mut days = EveryDay::new();
        while let Some(day) = days.next() {
            known.insert(key(day));
        }
        let first = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");
        let seen: HashSet<_> = (first.iter_days().take(146_097))
            .map(|date| key(Day::of(date)))
            .collect();
        assert!(seen.is_subset(&known));
    }

    #[test]
    fn weeks_that_begin_on_monday_are_those_of_the_iso_calendar() {
        let first = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");
        for date in first.iter_days().take(146_097) {
            let week = date.iso_week();
            let last = NaiveDate::from_ymd_opt(week.year(), 12, 28).expect("a date");
            let expected = (week.week(), last.iso_week().week());
            let day = Day::of(date);
            assert_eq!(day.week(0), expected, "{date}");
            assert_eq!(day.weekday, date.weekday().num_days_from_monday(), "{date}");
            assert_eq!(
                (day.of_year, day.month_length),
                (date.ordinal(), u32::from(date.num_days_in_month())),
                "{date}"
            );
        }
    }
}
