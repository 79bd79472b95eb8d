//! Times of day in plain words.

use std::fmt::Write;

use super::and;
use crate::schedule::days::set_bits;
use crate::schedule::rrule::Frequency;
use crate::schedule::times::Times;

/// Up to so many times of day are written out.
const WRITTEN_OUT: u32 = 6;

/// How times of day read in a sentence.
pub(super) enum Words {
    /// `at 09:00 and 17:00`, which goes after the days.
    At(String),
    /// `every 5 minutes`, which goes before the days.
    Often(String),
}

pub(super) fn words(times: Times) -> Words {
    if times.count() <= WRITTEN_OUT {
        let clocks: Vec<String> = (0..times.count())
            .map(|place| clock(times.nth(place)))
            .collect();
        return Words::At(format!("at {}", and(&clocks)));
    }
    Words::Often(often(times))
}

fn often(times: Times) -> String {
    let hours = hours(times.hours);
    if times.seconds == 1 {
        return match (step(times.minutes), hour_step(times.hours)) {
            (Some(1), _) => format!("every minute{hours}"),
            (Some(step), _) => format!("every {step} minutes{hours}"),
            (None, Some(1)) => format!("every hour{}", past(times.minutes)),
            (None, Some(step)) => format!("every {step} hours{}", past(times.minutes)),
            (None, None) => format!("every hour{}{hours}", past(times.minutes)),
        };
    }
    let seconds = match step(times.seconds) {
        Some(1) => "every second".to_owned(),
        Some(step) => format!("every {step} seconds"),
        None => format!("every minute at {}", numbered("second", times.seconds)),
    };
    match step(times.minutes) {
        Some(1) => seconds + &hours,
        _ => format!("{seconds} in {}{hours}", numbered("minute", times.minutes)),
    }
}

/// What limits a period of less than a day that is counted by itself.
pub(super) fn limits(times: Times, frequency: Frequency) -> String {
    let mut words = match frequency {
        Frequency::Hourly => past(times.minutes),
        _ if times.minutes == Times::ALL_SIXTY => String::new(),
        _ => format!(" in {}", numbered("minute", times.minutes)),
    };
    let seconds_limit = match frequency {
        Frequency::Secondly => times.seconds != Times::ALL_SIXTY,
        _ => times.seconds != 1,
    };
    if seconds_limit {
        words.push_str(&format!(" at {}", numbered("second", times.seconds)));
    }
    words + &hours(times.hours)
}

/// ` at :15 and :45`; nothing for the full hour.
fn past(minutes: u64) -> String {
    if minutes == 1 {
        return String::new();
    }
    let minutes: Vec<String> = set_bits(minutes)
        .map(|minute| format!(":{minute:02}"))
        .collect();
    format!(" at {}", and(&minutes))
}

/// The hours, as they follow a frequency; nothing for all of them.
fn hours(set: u32) -> String {
    let (first, last) = (set.trailing_zeros(), 31 - set.leading_zeros());
    if set == Times::ALL_HOURS {
        return String::new();
    }
    if set.count_ones() == last - first + 1 {
        return format!(" from {first:02}:00 to {last:02}:59");
    }
    match hour_step(set) {
        Some(step) => format!(" in every {} hour", super::ordinal(step)),
        None => format!(" in {}", numbered("hour", u64::from(set))),
    }
}

/// `minute 5`, `minutes 0, 7 and 14`.
fn numbered(unit: &str, set: u64) -> String {
    let numbers: Vec<String> = set_bits(set).map(|bit| bit.to_string()).collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    format!("{unit}{plural} {}", and(&numbers))
}

/// The step that leads from 0 through sixty without a rest, if the set is what it selects.
fn step(set: u64) -> Option<u32> {
    (1..=30).find(|step| 60 % step == 0 && set == every(*step, 60))
}

fn hour_step(set: u32) -> Option<u32> {
    (1..=12).find(|step| 24 % step == 0 && u64::from(set) == every(*step, 24))
}

fn every(step: u32, end: u32) -> u64 {
    (0..end)
        .step_by(step as usize)
        .fold(0, |set, bit| set | 1 << bit)
}

/// `09:30`, with the seconds where there are any.
pub(super) fn clock(second: u32) -> String {
    let mut text = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
    if !second.is_multiple_of(60) {
        write!(text, ":{:02}", second % 60).expect("a string takes all text");
    }
    text
}
