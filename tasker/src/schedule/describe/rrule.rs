//! A recurrence rule in plain words.

use std::fmt::Write;

use super::days::{every_weekday, months, named};
use super::times::{self, Words};
use super::{and, ordinal};
use crate::schedule::days::Days;
use crate::schedule::moment;
use crate::schedule::rrule::{ByDays, Frequency, Numbers, Rrule, Until};

pub(super) fn words(rule: &Rrule) -> String {
    let days = ByDays::new(rule);
    let mut words = every(rule);
    words.push_str(&limits(rule, &days));
    if !rule.is_within_day() {
        match times::words(rule.times()) {
            Words::At(at) => write!(words, " {at}"),
            Words::Often(often) => write!(words, ", {often}"),
        }
        .expect("a string takes all text");
    }
    if !rule.positions.is_empty() {
        let places: Vec<String> = rule.positions.iter().map(place).collect();
        write!(words, ", of these only the {}", and(&places)).expect("a string takes all text");
    }
    words.push_str(&bounds(rule));
    words
}

/// `every 2 months`; with the time of day where the period is shorter than that.
fn every(rule: &Rrule) -> String {
    let unit = match rule.frequency {
        Frequency::Secondly => "second",
        Frequency::Minutely => "minute",
        Frequency::Hourly => "hour",
        Frequency::Daily => "day",
        Frequency::Weekly => "week",
        Frequency::Monthly => "month",
        Frequency::Yearly => "year",
    };
    if !rule.is_within_day() {
        return match rule.interval {
            1 => format!("every {unit}"),
            interval => format!("every {interval} {unit}s"),
        };
    }
    match (times::words(rule.times()), rule.interval) {
        (Words::Often(often), 1) => often,
        (Words::At(at), 1) => format!("every day {at}"),
        (_, interval) => format!(
            "every {interval} {unit}s{}",
            times::limits(rule.times(), rule.frequency)
        ),
    }
}

/// The days, as they follow the frequency.
fn limits(rule: &Rrule, days: &ByDays) -> String {
    let mut words = String::new();
    if days.months != Days::ALL_MONTHS {
        words.push_str(" in ");
        words.push_str(&months(days.months));
    }
    if !days.weeks.is_empty() {
        let weeks: Vec<String> = days.weeks.iter().map(counted).collect();
        words.push_str(&format!(" in week {}", and(&weeks)));
    }
    let mut parts = Vec::new();
    if !days.year_days.is_empty() {
        let days: Vec<String> = days.year_days.iter().map(counted).collect();
        parts.push(format!("day {} of the year", and(&days)));
    }
    if !days.month_days.is_empty() {
        parts.push(format!("the {}", numbered(&days.month_days, "day")));
    }
    if days.weekdays != 0 || rule.has_places() {
        parts.push(weekdays(days));
    }
    for (place, part) in parts.iter().enumerate() {
        words.push_str(if place == 0 { " on " } else { " if it is " });
        words.push_str(part);
    }
    words
}

/// `Monday to Friday`, `the 2nd Tuesday and the last Friday`.
fn weekdays(days: &ByDays) -> String {
    let mut words = Vec::new();
    if days.weekdays != 0 {
        words.push(every_weekday(days.weekdays).replacen("every ", "", 1));
    }
    for (weekday, places) in days.places.iter().enumerate() {
        if let Some(name) = named(1 << weekday).next()
            && !places.is_empty()
        {
            let of = if days.in_year { " of the year" } else { "" };
            words.push(format!("the {}{of}", numbered(places, &name)));
        }
    }
    and(&words)
}

/// Counts, ends and starts.
fn bounds(rule: &Rrule) -> String {
    let mut words = String::new();
    match rule.count {
        None => {}
        Some(1) => words.push_str(", once"),
        Some(count) => words.push_str(&format!(", {count} times")),
    }
    if let Some(start) = rule.start {
        words.push_str(&format!(", from {}", moment::written(start.civil())));
    }
    match rule.until {
        None => {}
        Some(Until::Local(until)) => {
            words.push_str(&format!(", until {}", moment::written(until)));
        }
        Some(Until::Instant(until)) => {
            words.push_str(&format!(
                ", until {} UTC",
                moment::written(until.naive_utc())
            ));
        }
    }
    words
}

/// `1st and last Monday`.
fn numbered<const WORDS: usize>(numbers: &Numbers<WORDS>, name: &str) -> String {
    let plain = name == "day" && numbers.iter().all(|number| number > 0);
    let numbers: Vec<String> = numbers.iter().map(place).collect();
    match plain {
        true => and(&numbers),
        false => format!("{} {name}", and(&numbers)),
    }
}

/// `2nd`, `last`, `2nd to last`.
fn place(number: i32) -> String {
    match number {
        -1 => "last".to_owned(),
        ..-1 => format!("{} to last", ordinal(number.unsigned_abs())),
        _ => ordinal(number.unsigned_abs()),
    }
}

/// `20`, `3 from the end`.
fn counted(number: i32) -> String {
    match number {
        ..0 => format!("{} from the end", number.unsigned_abs()),
        _ => number.to_string(),
    }
}
