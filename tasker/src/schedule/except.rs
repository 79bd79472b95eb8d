//! What a rule leaves out: dates, spans of time, days of every year, and other rules.
//!
//! An exception covers what it names, at the precision it is written in: a date its whole day, a time of day its
//! minute, six cron fields their seconds. It is compared with the local time that the rule names, before a clock
//! change moves it; of a grid of instants (`every`), with the local time that the clock shows.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Timelike};

use super::days::list;
use super::moment::{self, Moment};
use super::names::{LENGTHS, MONTHS};
use super::rule::When;
use crate::grammar::{Message, attempt, cursor};

/// How many dates and spans a rule may list.
pub(super) const SPANS: usize = 128;
/// How many other rules it may leave out.
pub(super) const RULES: usize = 4;
/// The years that a span may lie in.
const YEARS: [i32; 2] = [1970, 2105];

/// Everything that a rule leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceptions {
    spans: [Span; SPANS],
    span_count: usize,
    /// Days of every year: for each month a bit per day, bit 0 unused.
    pub(super) yearly: [u32; 12],
    pub(super) rules: [Option<Exception>; RULES],
}

/// From one local second to another, both inclusive, counted from 1970 as the clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: u32,
    last: u32,
}

/// Another rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) when: When,
    pub(super) precision: Precision,
}

/// How much time around a match is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Day,
    Minute,
    Second,
}

impl Exceptions {
    pub(super) const NONE: Self = Self {
        spans: [Span { first: 0, last: 0 }; SPANS],
        span_count: 0,
        yearly: [0; 12],
        rules: [None; RULES],
    };

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans[..self.span_count]
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Exception> {
        self.rules.iter().flatten()
    }

    pub(super) const fn has_rules(&self) -> bool {
        self.rules[0].is_some()
    }

    pub(super) const fn add_rule(&mut self, exception: Exception) -> Result<(), Message> {
        let mut place = 0;
        while place < RULES {
            if self.rules[place].is_none() {
                self.rules[place] = Some(exception);
                return Ok(());
            }
            place += 1;
        }
        let message = Message::new("a schedule leaves out at most ").number(RULES as u64);
        Err(message.text(" other rules: join some of them, as in `except weekly sat,sun`"))
    }

    /// Adds `2025-12-24..2026-01-02,2026-04-03,12-25`.
    pub(super) const fn add_dates(&mut self, list: &str) -> Result<(), Message> {
        let mut rest = Some(list);
        while let Some(list) = rest {
            let (item, more) = match cursor::split(list, b',') {
                Some((item, more)) => (item, Some(more)),
                None => (list, None),
            };
            rest = more;
            if item.is_empty() {
                let message =
                    Message::new("the list of dates has an empty item: write it without ");
                return Err(message.text("spaces, like `2025-12-25,2026-01-01`"));
            }
            let (first, last) = match range(item) {
                Some(both) => both,
                None => (item, item),
            };
            if first.len() == 5 && last.len() == 5 {
                attempt!(self.add_yearly(item, first, last));
            } else {
                attempt!(self.add_span(item, first, last));
            }
        }
        Ok(())
    }

    const fn add_span(&mut self, item: &str, first: &str, last: &str) -> Result<(), Message> {
        let (first, last) = (attempt!(local(first)), attempt!(local(last)));
        let span = Span {
            first: first.civil().and_utc().timestamp() as u32,
            // A time without seconds covers its minute.
            last: match last.second() % 60 {
                0 if last.time.is_some() => last.last_second().and_utc().timestamp() as u32 + 59,
                _ => last.last_second().and_utc().timestamp() as u32,
            },
        };
        if span.first > span.last {
            let message = Message::new("").quote(item);
            return Err(message.text(" runs backwards: write the earlier moment first"));
        }
        if self.span_count == SPANS {
            let message = Message::new("a schedule lists at most ").number(SPANS as u64);
            return Err(message.text(" dates: write what comes every year as `12-25`, and days in a row as `2025-12-24..2026-01-02`"));
        }
        self.spans[self.span_count] = span;
        self.span_count += 1;
        Ok(())
    }

    const fn add_yearly(&mut self, item: &str, first: &str, last: &str) -> Result<(), Message> {
        let (mut month, mut day) = attempt!(yearly_day(item, first));
        let last = attempt!(yearly_day(item, last));
        loop {
            self.yearly[month] |= 1 << day;
            if month == last.0 && day == last.1 {
                return Ok(());
            }
            day += 1;
            if day > LENGTHS[month] {
                day = 1;
                month = (month + 1) % 12;
            }
        }
    }
}

impl Span {
    pub(super) fn first(&self) -> NaiveDateTime {
        civil(self.first)
    }

    pub(super) fn last(&self) -> NaiveDateTime {
        civil(self.last)
    }
}

fn civil(second: u32) -> NaiveDateTime {
    let at = DateTime::from_timestamp(i64::from(second), 0);
    at.expect("32 bits of seconds are in range").naive_utc()
}

/// The two sides of `..`.
const fn range(item: &str) -> Option<(&str, &str)> {
    match cursor::split(item, b'.') {
        Some((first, rest)) => match cursor::after_prefix(rest, ".") {
            Some(last) => Some((first, last)),
            None => None,
        },
        None => None,
    }
}

/// A moment in local time, of a year that a span can hold.
const fn local(text: &str) -> Result<Moment, Message> {
    let moment = attempt!(Moment::parse(text));
    if moment.has_offset() {
        let message = Message::new("")
            .quote(text)
            .text(" has an offset from UTC: ");
        return Err(message.text("what is left out is local time, write it without"));
    }
    check_year(moment, text)
}

pub(super) const fn check_year(moment: Moment, text: &str) -> Result<Moment, Message> {
    if moment.year() < YEARS[0] || moment.year() > YEARS[1] {
        let message = Message::new("")
            .quote(text)
            .text(" is out of range: write a year from ");
        let message = message.number(YEARS[0] as u64).text(" to ");
        return Err(message.number(YEARS[1] as u64));
    }
    Ok(moment)
}

/// `12-25` as the month's place and the day.
const fn yearly_day(item: &str, text: &str) -> Result<(usize, u32), Message> {
    let (month, day) = match cursor::split(text, b'-') {
        Some((month, day)) if month.len() == 2 && day.len() == 2 => {
            (cursor::number(month), cursor::number(day))
        }
        _ => (None, None),
    };
    match (month, day) {
        (Some(month @ 1..=12), Some(day)) => {
            let length = LENGTHS[month as usize - 1];
            if day >= 1 && day <= length as u64 {
                return Ok((month as usize - 1, day as u32));
            }
            let message = Message::new("").quote(item).text(" never comes: ");
            let message = message
                .text(MONTHS[month as usize - 1])
                .text(" has at most ");
            Err(message.number(length as u64).text(" days"))
        }
        _ => {
            let message = Message::new("")
                .quote(item)
                .text(" is not a date: write `2025-12-25`, ");
            Err(message.text("`12-25` for every year, or `2025-12-24..2026-01-02`"))
        }
    }
}

/// The clauses, each with a space in front.
impl fmt::Display for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for exception in self.rules() {
            write!(f, " except {exception}")?;
        }
        let spans = self.spans().iter().map(ToString::to_string);
        let dates: Vec<String> = self.yearly_runs().chain(spans).collect();
        if dates.is_empty() {
            return Ok(());
        }
        f.write_str(" except ")?;
        list(f, dates)
    }
}

impl Exceptions {
    /// The days of every year, `12-24..12-26` where several of one month follow one another.
    pub(super) fn yearly_runs(&self) -> impl Iterator<Item = String> {
        (1..=12).zip(self.yearly).flat_map(|(month, days)| {
            let mut runs = Vec::new();
            let mut day = 0;
            while day < 32 && days >> day != 0 {
                day += (days >> day).trailing_zeros();
                let last = day + (!(days >> day)).trailing_zeros() - 1;
                runs.push(match last - day {
                    0 => format!("{month:02}-{day:02}"),
                    _ => format!("{month:02}-{day:02}..{month:02}-{last:02}"),
                });
                day = last + 1;
            }
            runs
        })
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.when, self.precision) {
            (When::Days { days, .. }, Precision::Day) => days.fmt(f),
            (when, _) => when.fmt(f),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first(), self.last());
        let midnight = first.num_seconds_from_midnight() == 0;
        if midnight && last.num_seconds_from_midnight() == 86_399 {
            write!(f, "{}", first.date())?;
            if first.date() != last.date() {
                write!(f, "..{}", last.date())?;
            }
            return Ok(());
        }
        moment::written(first).fmt(f)?;
        // A minute, which is written without its last second.
        let end = match last.second() {
            59 => last - chrono::TimeDelta::seconds(59),
            _ => last,
        };
        if end != first {
            write!(f, "..{}", moment::written(end))?;
        }
        Ok(())
    }
}
