//! A rule in plain words, for people who look at a list of schedules.

mod days;
mod except;
mod rrule;
mod times;

use std::fmt::Write;

use super::cron::Cron;
use super::moment;
use super::moments::{Moments, Named};
use super::policy::{Fold, Gap};
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
    /// The zone is named where the rule itself fixes it, and so are policies for clock changes. The words are for
    /// people and may change; the text that parses back is that of [`Display`](std::fmt::Display).
    pub fn describe(&self) -> String {
        let mut words = when(&self.when);
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
        if let Some(window) = self.window {
            words.push_str(&format!(" between {window}"));
        }
        words.push_str(&except::words(&self.except));
        if let Some(jitter) = self.jitter {
            words.push_str(&format!(", delayed by up to {}", length(u64::from(jitter))));
        }
        words.push_str(match self.gap {
            None => "",
            Some(Gap::Skip) => ", not at times that a clock change leaves out",
            Some(Gap::Next) => ", late at times that a clock change leaves out",
        });
        words.push_str(match self.fold {
            None => "",
            Some(Fold::First) => ", the first time that a clock change repeats",
            Some(Fold::Second) => ", the second time that a clock change repeats",
            Some(Fold::Both) => ", both times that a clock change repeats",
        });
        words
    }
}

fn when(when: &When) -> String {
    match when {
        When::Every { period } => every(*period),
        When::Hourly { minute: 0 } => "every hour".to_owned(),
        When::Hourly { minute: 1 } => "every hour, 1 minute past".to_owned(),
        When::Hourly { minute } => format!("every hour, {minute} minutes past"),
        When::Days { days, time } => {
            format!("{} at {}", days::words(*days), times::clock(time.second))
        }
        When::Cron(fields) => cron(fields),
        When::Rrule(rule) => rrule::words(rule),
        When::At(moments) => at(moments),
    }
}

fn at(moments: &Moments) -> String {
    let moments: Vec<String> = (moments.iter())
        .map(|named| match named {
            Named::Local(civil) => moment::written(civil).to_string(),
            Named::Utc(at) => format!("{} UTC", moment::written(at.naive_utc())),
        })
        .collect();
    format!("at {}", and(&moments))
}

/// `every minute`, `every 5 minutes`, `every 1 hour 30 minutes`.
fn every(period: u64) -> String {
    if let Some((_, unit)) = UNITS.iter().find(|(length, _)| *length == period) {
        return format!("every {unit}");
    }
    format!("every {}", length(period))
}

/// `1 hour 30 minutes`.
fn length(millis: u64) -> String {
    let mut words = Vec::new();
    let mut rest = millis;
    for (length, unit) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            words.push(format!("{count} {unit}{plural}"));
        }
    }
    words.join(" ")
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
