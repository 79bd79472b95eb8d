//! A rule in plain words, for people who look at a list of schedules.

mod days;
mod times;

use std::fmt::Write;

use super::cron::Cron;
use super::rule::{Rule, When};
use super::time::write_offset;
use times::Words;

const UNITS: [(u64, &str); 5] = [
    (86_400_000, "day"),
    (3_600_000, "hour"),
    (60_000, "minute"),
    (1000, "second"),
    (1, "millisecond"),
];

impl Rule {
    /// The rule in plain words: `every 5 minutes`, `every day at 12:00`, `on the last day of every month at 18:00`.
    ///
    /// The zone is named where the rule itself fixes it. The words are for people and may change; the text that
    /// parses back is that of [`Display`](std::fmt::Display).
    pub fn describe(&self) -> String {
        let mut words = match &self.when {
            When::Every { period, .. } => every(*period),
            When::Hourly { minute: 0 } => "every hour".to_owned(),
            When::Hourly { minute: 1 } => "every hour, 1 minute past".to_owned(),
            When::Hourly { minute } => format!("every hour, {minute} minutes past"),
            When::Days { days, time } => {
                format!("{} at {}", days::words(*days), times::clock(time.second))
            }
            When::Cron(fields) => cron(fields),
        };
        if let Some(zone) = self.zone() {
            words.push_str(" in ");
            words.push_str(zone);
        }
        match self.offset_minutes() {
            None => {}
            Some(0) => words.push_str(" UTC"),
            Some(offset) => {
                words.push_str(" UTC");
                write!(words, "{}", std::fmt::from_fn(|f| write_offset(offset, f)))
                    .expect("a string takes all text");
            }
        }
        words
    }
}

/// `every minute`, `every 5 minutes`, `every 1 hour 30 minutes`.
fn every(period: u64) -> String {
    if let Some((_, unit)) = UNITS.iter().find(|(length, _)| *length == period) {
        return format!("every {unit}");
    }
    let mut words = "every".to_owned();
    let mut rest = period;
    for (length, unit) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            write!(words, " {count} {unit}{plural}").expect("a string takes all text");
        }
    }
    words
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `a`, `a and b`, `a, b and c`.
fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

fn cron(cron: &Cron) -> String {
    let days = days::cron(&cron.days);
    match times::words(cron.times) {
        Words::At(at) => format!("{days} {at}"),
        Words::Often(often) if days == "every day" => often,
        Words::Often(often) => format!("{often} {days}"),
    }
}
