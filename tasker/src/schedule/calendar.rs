//! The calendar without any zone: which local dates and times a rule names.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::cron::CronText;
use super::names::LAST;
use super::rule::{Days, set_bits};
use super::time::TimeOfDay;
use crate::grammar::Message;

/// Leap years are at most eight years apart (1896 to 1904, 2096 to 2104), and no rule waits longer.
const MONTHS_SEARCHED: u32 = 12 * 9;

/// A rule's local times. `every` has none.
#[derive(Debug)]
pub(super) enum Calendar {
    Hourly { minute: u8 },
    Days { days: Days, time: TimeOfDay },
    Cron(Box<Cron>),
}

impl Calendar {
    /// The first match after `civil`; nothing where the calendar ends.
    pub(super) fn next(&self, civil: NaiveDateTime) -> Result<Option<NaiveDateTime>, Message> {
        match self {
            Calendar::Hourly { minute } => Ok(next_hour(civil, *minute)),
            Calendar::Days { days, time } => Ok(next_day(civil, *days, *time)),
            Calendar::Cron(cron) => match cron.find_next_occurrence(&civil, false) {
                Ok(found) => Ok(Some(found)),
                // Our own check knows that there is a next one, so this is no end.
                Err(_) => Err(Message::new("the next match of the cron text ")
                    .quote(cron.pattern.as_str())
                    .text(" was not found: rewrite it with fewer conditions on the day")),
            },
        }
    }
}

/// The fields, ready to match.
pub(super) fn cron(text: &CronText) -> Result<Calendar, Message> {
    match parser().parse(text.as_str()) {
        Ok(cron) => Ok(Calendar::Cron(Box::new(cron))),
        Err(_) => Err(Message::new("the cron text ")
            .quote(text.as_str())
            .text(" cannot be matched: rewrite it")),
    }
}

/// `croner` as this grammar uses it.
pub(super) fn parser() -> CronParser {
    CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build()
}

fn next_hour(civil: NaiveDateTime, minute: u8) -> Option<NaiveDateTime> {
    let here = civil
        .date()
        .and_hms_opt(civil.hour(), u32::from(minute), 0)?;
    if here > civil {
        return Some(here);
    }
    here.checked_add_signed(TimeDelta::hours(1))
}

fn next_day(civil: NaiveDateTime, days: Days, time: TimeOfDay) -> Option<NaiveDateTime> {
    let time = NaiveTime::from_num_seconds_from_midnight_opt(time.second, 0)?;
    let from = if time > civil.time() {
        civil.date()
    } else {
        civil.date().succ_opt()?
    };
    let (mut year, mut month) = (from.year(), from.month());
    let mut passed = !0u32 << from.day();
    for _ in 0..MONTHS_SEARCHED {
        if days.months & (1 << (month - 1)) != 0 {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            let dates = dates_in(days.dates, u32::from(first.num_days_in_month())) & passed;
            let found = set_bits(dates)
                .filter_map(|date| first.with_day(date))
                .find(|date| days.weekdays & (1 << date.weekday().num_days_from_monday()) != 0);
            if let Some(date) = found {
                return Some(date.and_time(time));
            }
        }
        (year, month) = if month == 12 {
            (year + 1, 1)
        } else {
            (year, month + 1)
        };
        passed = !0;
    }
    None
}

/// The days of the set that a month of this length has, the last one by its number.
fn dates_in(set: u32, length: u32) -> u32 {
    let last = if set & LAST != 0 { 1 << length } else { 0 };
    let existing = (2u64 << length) - 1;
    (set & !LAST | last) & existing as u32
}
