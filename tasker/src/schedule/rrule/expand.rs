//! The next local time that a recurrence rule names.
//!
//! Three ways, by what the rule asks for: days and times of day, each by itself (almost every rule); positions in a
//! period of days (`BYSETPOS`); and periods below a day that have an interval or positions. All of them start from
//! the time asked about, however long ago the rule began.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::{ByDays, Frequency, Numbers, Rrule};
use crate::schedule::calendar::{END, at, before, next_month};
use crate::schedule::day::Day;
use crate::schedule::times::Times;

/// A rule with everything that it does not name filled in.
#[derive(Debug)]
pub(in crate::schedule) struct Recurrence {
    frequency: Frequency,
    interval: i64,
    week_start: u32,
    /// Intervals are counted from its period.
    start: NaiveDateTime,
    /// The first moment that may match.
    first: NaiveDateTime,
    /// The last moment that may match.
    until: NaiveDateTime,
    days: ByDays,
    times: Times,
    positions: Numbers<6>,
}

impl Recurrence {
    /// `start` stands for a `DTSTART` that the rule does not have, `until` is its last local time.
    pub(in crate::schedule) fn new(
        rule: &Rrule,
        start: Option<NaiveDateTime>,
        until: NaiveDateTime,
    ) -> Self {
        let start = rule.start.map(|start| start.civil()).or(start);
        Self {
            frequency: rule.frequency,
            interval: i64::from(rule.interval),
            week_start: u32::from(rule.week_start),
            start: start.unwrap_or(DateTime::UNIX_EPOCH.naive_utc()),
            first: start.unwrap_or(NaiveDateTime::MIN),
            until,
            days: ByDays::new(rule),
            times: rule.times(),
            positions: rule.positions,
        }
    }

    /// Whether its steps can ever meet the times of day that it asks for.
    pub(in crate::schedule) fn can_match(&self) -> bool {
        let Some(unit) = self.unit() else {
            return true;
        };
        // Where the periods of all days lie that can be reached from the start's.
        let in_day = 86_400 / unit;
        let apart = greatest_common_divisor(self.interval, in_day);
        let first = self.start_period(unit).rem_euclid(apart);
        let gate = self.gate();
        (first..in_day)
            .step_by(usize::try_from(apart).unwrap_or(usize::MAX))
            .any(|period| gate.contains(narrow(period * unit)))
    }

    /// The first match after `civil`.
    pub(in crate::schedule) fn next(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let after = match civil < self.first {
            true => before(self.first),
            false => civil,
        };
        let found = match self.unit() {
            Some(unit) if self.interval > 1 || !self.positions.is_empty() => {
                self.next_within_days(after, unit)
            }
            _ if self.positions.is_empty() => self.next_by_day(after),
            _ => self.next_by_position(after),
        };
        found.filter(|found| *found <= self.until)
    }

    /// Whether `civil` is a match.
    pub(in crate::schedule) fn has(&self, civil: NaiveDateTime) -> bool {
        let may = (self.times).contains(civil.num_seconds_from_midnight())
            && self.days.matches(&Day::of(civil.date()));
        may && self.next(before(civil)) == Some(civil)
    }

    /// Days that match, and all times of day on each.
    fn next_by_day(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = after.date();
        let day = self.next_day(today)?;
        if day == today {
            let second = after.time().num_seconds_from_midnight() + 1;
            if let Some(found) = self.times.at_or_after(second) {
                return Some(at(today, found));
            }
            return Some(at(self.next_day(today.succ_opt()?)?, self.times.first()));
        }
        Some(at(day, self.times.first()))
    }

    /// The first day that matches in a period that counts, `from` or later.
    fn next_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        let mut date = from;
        while date.year() < END && date <= self.until.date() {
            let counted = self.counted(date)?;
            if counted > date {
                date = counted;
            } else if self.days.months & 1 << date.month0() == 0 {
                date = next_month(date, self.days.months)?;
            } else if self.days.matches(&Day::of(date)) {
                return Some(date);
            } else {
                date = date.succ_opt()?;
            }
        }
        None
    }

    /// Of all that a period has, those at the positions.
    fn next_by_position(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut date = after.date();
        while date.year() < END && date <= self.until.date() {
            let (first, end) = self.period(self.counted(date)?)?;
            let days: Vec<NaiveDate> = (first.iter_days())
                .take_while(|day| *day < end)
                .filter(|day| self.days.matches(&Day::of(*day)))
                .collect();
            let times = i64::from(self.times.count());
            let found = chosen(&self.positions, days.len() as i64 * times)
                .map(|place| {
                    let time = self.times.nth(narrow(place % times));
                    at(days[(place / times) as usize], time)
                })
                .filter(|found| *found > after)
                .min();
            if found.is_some() {
                return found;
            }
            date = end;
        }
        None
    }

    /// Periods of `unit` seconds, of which only every so many count.
    fn next_within_days(&self, after: NaiveDateTime, unit: i64) -> Option<NaiveDateTime> {
        let gate = self.gate();
        let start = self.start_period(unit);
        let mut period = after.and_utc().timestamp().div_euclid(unit);
        loop {
            period = start + round_up(period - start, self.interval);
            let begin = DateTime::from_timestamp(period.checked_mul(unit)?, 0)?.naive_utc();
            let today = begin.date();
            if today.year() >= END || begin > self.until {
                return None;
            }
            let day = self.next_day(today)?;
            if day > today {
                period = at(day, 0).and_utc().timestamp() / unit;
                continue;
            }
            let second = begin.time().num_seconds_from_midnight();
            match gate.at_or_after(second) {
                Some(open) if open == second => {}
                Some(open) => {
                    period = at(today, open).and_utc().timestamp().div_euclid(unit);
                    continue;
                }
                None => {
                    let tomorrow = at(today.succ_opt()?, 0);
                    period = tomorrow.and_utc().timestamp().div_euclid(unit);
                    continue;
                }
            }
            if let Some(found) = self.next_in_period(begin, after) {
                return Some(found);
            }
            period += 1;
        }
    }

    /// The first of the period that begins at `begin`, after `after`.
    fn next_in_period(&self, begin: NaiveDateTime, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let own = Times::at(begin.time().num_seconds_from_midnight());
        let times = match self.frequency {
            Frequency::Secondly => own,
            Frequency::Minutely => Times {
                seconds: self.times.seconds,
                ..own
            },
            _ => Times {
                hours: own.hours,
                ..self.times
            },
        };
        if self.positions.is_empty() {
            let second = match after < begin {
                true => 0,
                false => after.time().num_seconds_from_midnight() + 1,
            };
            return (times.at_or_after(second)).map(|second| at(begin.date(), second));
        }
        chosen(&self.positions, i64::from(times.count()))
            .map(|place| at(begin.date(), times.nth(narrow(place))))
            .filter(|found| *found > after)
            .min()
    }

    /// Where a period of less than a day may begin: the times of day without what is smaller than it.
    fn gate(&self) -> Times {
        let (minutes, seconds) = match self.frequency {
            Frequency::Secondly => (self.times.minutes, self.times.seconds),
            Frequency::Minutely => (self.times.minutes, 1),
            _ => (1, 1),
        };
        Times {
            hours: self.times.hours,
            minutes,
            seconds,
        }
    }

    /// The length of a period in seconds, where it is below a day.
    fn unit(&self) -> Option<i64> {
        match self.frequency {
            Frequency::Secondly => Some(1),
            Frequency::Minutely => Some(60),
            Frequency::Hourly => Some(3600),
            _ => None,
        }
    }

    /// The start's period, counted in units from 1970.
    fn start_period(&self, unit: i64) -> i64 {
        self.start.and_utc().timestamp().div_euclid(unit)
    }

    /// The first day of a period that counts, `date` or later. Every day counts where the period is below a day.
    fn counted(&self, date: NaiveDate) -> Option<NaiveDate> {
        if self.interval == 1 {
            return Some(date);
        }
        let start = self.start.date();
        match self.frequency {
            Frequency::Yearly => {
                let years = i64::from(date.year() - start.year());
                let next = round_up(years, self.interval);
                match next == years {
                    true => Some(date),
                    false => NaiveDate::from_ymd_opt(
                        i32::try_from(i64::from(start.year()) + next).ok()?,
                        1,
                        1,
                    ),
                }
            }
            Frequency::Monthly => {
                let index =
                    |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
                let months = index(date) - index(start);
                let next = round_up(months, self.interval);
                let month = index(start) + next;
                match next == months {
                    true => Some(date),
                    false => NaiveDate::from_ymd_opt(
                        i32::try_from(month.div_euclid(12)).ok()?,
                        narrow(month.rem_euclid(12)) + 1,
                        1,
                    ),
                }
            }
            Frequency::Weekly => {
                let first = self.week(start);
                let weeks = (self.week(date) - first).num_weeks();
                let next = round_up(weeks, self.interval);
                match next == weeks {
                    true => Some(date),
                    false => first.checked_add_signed(TimeDelta::try_weeks(next)?),
                }
            }
            Frequency::Daily => {
                let days = round_up((date - start).num_days(), self.interval);
                start.checked_add_signed(TimeDelta::try_days(days)?)
            }
            _ => Some(date),
        }
    }

    /// The first day of the period that `date` is in, and the first of the one after.
    fn period(&self, date: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        match self.frequency {
            Frequency::Yearly => {
                let first = date.with_ordinal(1)?;
                Some((first, NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?))
            }
            Frequency::Monthly => Some((date.with_day(1)?, next_month(date, 0xfff)?)),
            Frequency::Weekly => {
                let first = self.week(date);
                Some((first, first.checked_add_days(Days::new(7))?))
            }
            _ => Some((date, date.succ_opt()?)),
        }
    }

    /// The first day of the week that `date` is in.
    fn week(&self, date: NaiveDate) -> NaiveDate {
        let passed = (date.weekday().num_days_from_monday() + 7 - self.week_start) % 7;
        date - Days::new(u64::from(passed))
    }
}

/// The places, counted from 0, that the positions choose of so many.
fn chosen(positions: &Numbers<6>, of: i64) -> impl Iterator<Item = i64> {
    positions
        .iter()
        .map(move |position| match i64::from(position) {
            position @ 1.. => position - 1,
            position => of + position,
        })
        .filter(move |place| (0..of).contains(place))
}

/// The first multiple of `step` at or above `number`.
fn round_up(number: i64, step: i64) -> i64 {
    number + (step - number.rem_euclid(step)) % step
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    match b {
        0 => a,
        b => greatest_common_divisor(b, a % b),
    }
}

/// A number that is known to be small and not negative.
fn narrow(number: i64) -> u32 {
    u32::try_from(number).expect("a place in a day, a year or a list")
}
