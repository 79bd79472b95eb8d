//! The calendar without any zone: which local dates and times a rule names.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::day::Day;
use super::days::{DaySet, Days};
use super::filter::Filter;
use super::rrule::{Recurrence, Until};
use super::rule::When;
use super::times::Times;
use crate::grammar::Message;

/// The first year that is not searched.
pub(super) const END: i32 = 4000;
/// So many matches in a row may be taken away before a rule counts as having none.
const TAKEN_AWAY: u32 = 100_000;

/// The local times of a rule.
#[derive(Debug)]
pub(super) enum Calendar {
    /// The times of day of the days that match.
    Fields {
        days: DaySet,
        times: Times,
    },
    Recurrence(Recurrence),
}

impl Calendar {
    /// Nothing for what is no calendar. `start` is that of an `rrule` without its own.
    pub(super) fn of(when: &When, start: Option<NaiveDateTime>) -> Option<Self> {
        match when {
            When::Every { .. } | When::At(_) => None,
            When::Hourly { minute } => Some(Calendar::Fields {
                days: DaySet::Plain(Days::EVERY),
                times: Times {
                    hours: Times::ALL_HOURS,
                    ..Times::at(u32::from(*minute) * 60)
                },
            }),
            When::Days { days, time } => Some(Calendar::Fields {
                days: DaySet::Plain(*days),
                times: Times::at(time.second),
            }),
            When::Cron(cron) => Some(Calendar::Fields {
                days: DaySet::Cron(cron.days),
                times: cron.times,
            }),
            When::Rrule(rule) => {
                let until = match rule.until {
                    Some(Until::Local(until)) => until,
                    _ => NaiveDateTime::MAX,
                };
                Some(Calendar::Recurrence(Recurrence::new(rule, start, until)))
            }
        }
    }

    /// The first match after `civil`; nothing where the calendar ends.
    pub(super) fn next(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let (days, times) = match self {
            Calendar::Fields { days, times } => (days, times),
            Calendar::Recurrence(recurrence) => return recurrence.next(civil),
        };
        let today = civil.date();
        if days.matches(&Day::of(today)) {
            let second = civil.time().num_seconds_from_midnight() + 1;
            if let Some(found) = times.at_or_after(second) {
                return Some(at(today, found));
            }
        }
        Some(at(next_day(days, today.succ_opt()?)?, times.first()))
    }

    /// Whether `civil` is a match.
    pub(super) fn has(&self, civil: NaiveDateTime) -> bool {
        match self {
            Calendar::Fields { days, times } => {
                times.contains(civil.num_seconds_from_midnight())
                    && days.matches(&Day::of(civil.date()))
            }
            Calendar::Recurrence(recurrence) => recurrence.has(civil),
        }
    }

    /// The first match after `civil` that the filter leaves.
    ///
    /// # Errors
    ///
    /// The filter takes everything away, as far as one cares to look.
    pub(super) fn next_left(
        &self,
        civil: NaiveDateTime,
        filter: &Filter,
    ) -> Result<Option<NaiveDateTime>, Message> {
        let mut after = civil;
        for _ in 0..TAKEN_AWAY {
            let Some(found) = self.next(after) else {
                return Ok(None);
            };
            match filter.closed_until(found) {
                None => return Ok(Some(found)),
                Some(open) => after = before(open),
            }
        }
        Err(nothing_left())
    }
}

/// What is wrong with a rule whose window and exceptions take everything away.
pub(super) fn nothing_left() -> Message {
    Message::new("`between` and `except` leave out ")
        .number(u64::from(TAKEN_AWAY))
        .text(" occurrences in a row: this schedule never runs, take something back")
}

/// The first day that matches, `from` or later.
fn next_day(days: &DaySet, from: NaiveDate) -> Option<NaiveDate> {
    let months = days.months();
    let mut date = from;
    while date.year() < END {
        if months & 1 << date.month0() != 0 {
            let mut day = Day::of(date);
            for date_of_month in day.date..=day.month_length {
                if days.matches(&day) {
                    return date.with_day(date_of_month);
                }
                day.advance();
            }
        }
        date = next_month(date, months)?;
    }
    None
}

/// The first day of the next month in the set after that of `date`.
pub(super) fn next_month(date: NaiveDate, months: u16) -> Option<NaiveDate> {
    let later = months >> date.month0() >> 1;
    if later != 0 {
        let month = date.month() + 1 + later.trailing_zeros();
        return NaiveDate::from_ymd_opt(date.year(), month, 1);
    }
    NaiveDate::from_ymd_opt(date.year() + 1, months.trailing_zeros() + 1, 1)
}

/// That second of the day of that date.
pub(super) fn at(date: NaiveDate, second: u32) -> NaiveDateTime {
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0);
    date.and_time(time.expect("a second of the day"))
}

/// The local time from which a search finds `civil` itself first. Matches are whole seconds.
pub(super) fn before(civil: NaiveDateTime) -> NaiveDateTime {
    civil - TimeDelta::seconds(1)
}
