//! Days in plain words.

use super::{and, capital, ordinal};
use crate::schedule::cron::{CronDays, Dates, Weekdays};
use crate::schedule::days::{Days, set_bits};
use crate::schedule::names::{LAST, MONTHS, WEEKDAYS};

/// `every Monday`, `on the 1st and 15th of every month`.
pub(super) fn words(days: Days) -> String {
    if days.months != Days::ALL_MONTHS {
        return format!(
            "on the {} of {} every year",
            dates(days.dates),
            months(days.months)
        );
    }
    if days.dates != Days::ALL_DATES {
        return format!("on the {} of every month", dates(days.dates));
    }
    every_weekday(days.weekdays)
}

/// The same for cron's three fields.
pub(super) fn cron(days: &CronDays) -> String {
    let every_month = days.months == Days::ALL_MONTHS;
    let of = match every_month {
        true => "of every month".to_owned(),
        false => format!("of {}", months(days.months)),
    };
    let (dates, weekdays) = (&days.dates, &days.weekdays);
    match (dates.any, weekdays.any) {
        (true, true) if every_month => "every day".to_owned(),
        (true, true) => format!("every day {of}"),
        (false, true) => format!("on the {} {of}", of_month(dates)),
        (true, false) if every_month || weekdays.has_places() => weekdays_of(weekdays, &of),
        (true, false) => format!("{} {of}", weekdays_of(weekdays, &of)),
        (false, false) if days.both => format!(
            "on the {} {of} where it falls {}",
            of_month(dates),
            weekdays_of(weekdays, &of).replacen("every ", "on a ", 1)
        ),
        (false, false) => format!(
            "on the {} {of}, and {}",
            of_month(dates),
            match every_month || weekdays.has_places() {
                true => weekdays_of(weekdays, &of),
                false => format!("{} {of}", weekdays_of(weekdays, &of)),
            }
        ),
    }
}

/// `1st and 15th`, `last day`.
fn dates(set: u32) -> String {
    let mut dates: Vec<String> = set_bits(u64::from(set & !LAST)).map(ordinal).collect();
    if set & LAST != 0 {
        dates.push("last day".to_owned());
    }
    and(&dates)
}

fn of_month(dates: &Dates) -> String {
    let mut words: Vec<String> = set_bits(u64::from(dates.values)).map(ordinal).collect();
    let near = set_bits(u64::from(dates.near));
    words.extend(near.map(|day| format!("weekday nearest to the {}", ordinal(day))));
    if dates.month_end {
        words.push("last day".to_owned());
    }
    if dates.last_workday {
        words.push("last weekday".to_owned());
    }
    and(&words)
}

fn weekdays_of(weekdays: &Weekdays, of: &str) -> String {
    let mut places = Vec::new();
    for (place, set) in weekdays.nth.iter().enumerate() {
        let place = ordinal(place as u32 + 1);
        places.extend(named(*set).map(|name| format!("{place} {name}")));
    }
    places.extend(named(weekdays.last).map(|name| format!("last {name}")));
    let places = format!("on the {} {of}", and(&places));
    match (weekdays.values, weekdays.has_places()) {
        (0, _) => places,
        (set, false) => every_weekday(set),
        (set, true) => format!("{}, and {places}", every_weekday(set)),
    }
}

pub(super) fn every_weekday(set: u8) -> String {
    match set {
        Days::ALL_WEEKDAYS => "every day".to_owned(),
        Days::MONDAY_TO_FRIDAY => "every Monday to Friday".to_owned(),
        set => format!("every {}", and(&named(set).collect::<Vec<_>>())),
    }
}

pub(super) fn months(set: u16) -> String {
    let names = set_bits(u64::from(set)).map(|bit| capital(MONTHS[bit as usize]));
    and(&names.collect::<Vec<_>>())
}

pub(super) fn named(set: u8) -> impl Iterator<Item = String> {
    set_bits(u64::from(set)).map(|bit| capital(WEEKDAYS[bit as usize]))
}
