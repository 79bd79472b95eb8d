//! A rule in plain words, for people who look at a list of schedules.

use std::fmt::Write;

use super::calendar::parser;
use super::cron::CronText;
use super::names::{LAST, MONTHS, WEEKDAYS};
use super::rule::{Days, Rule, When, set_bits};
use super::time::write_offset;

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
                let clock = super::time::TimeOfDay {
                    offset: None,
                    ..*time
                };
                format!("{} at {clock}", on(*days))
            }
            When::Cron(text) => cron(text),
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

fn on(days: Days) -> String {
    if days.months != Days::ALL_MONTHS {
        let months: Vec<String> = set_bits(u32::from(days.months))
            .map(|bit| capital(MONTHS[bit as usize]))
            .collect();
        return format!(
            "on the {} of {} every year",
            dates(days.dates),
            and(&months)
        );
    }
    if days.dates != Days::ALL_DATES {
        return format!("on the {} of every month", dates(days.dates));
    }
    match days.weekdays {
        Days::ALL_WEEKDAYS => "every day".to_owned(),
        Days::MONDAY_TO_FRIDAY => "every Monday to Friday".to_owned(),
        set => {
            let names: Vec<String> = set_bits(u32::from(set))
                .map(|bit| capital(WEEKDAYS[bit as usize]))
                .collect();
            format!("every {}", and(&names))
        }
    }
}

/// `1st and 15th`, `last day`.
fn dates(set: u32) -> String {
    let mut dates: Vec<String> = set_bits(set & !LAST).map(ordinal).collect();
    if set & LAST != 0 {
        dates.push("last day".to_owned());
    }
    and(&dates)
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

/// The cron crate's words, as part of a sentence.
fn cron(text: &CronText) -> String {
    let Ok(cron) = parser().parse(text.as_str()) else {
        return format!("cron {}", text.as_str());
    };
    let words = cron.describe();
    let words = words.trim_end_matches('.');
    // It writes `At every 5 minutes`, which reads better without its first word.
    let words = words
        .strip_prefix("At ")
        .filter(|words| words.starts_with("every"))
        .unwrap_or(words);
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => format!("cron {}", text.as_str()),
    }
}
