//! A rule: when something recurs, as plain data.
//!
//! Made by `parse/`, read by `next.rs`, written by `text.rs` and `describe/`. A rule is `Copy` and owns no heap, so
//! that a constant can hold one. Two invariants: it comes true, and it names a zone or an offset, never both.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cron::Cron;
use super::days::Days;
use super::except::Exceptions;
use super::moments::Moments;
use super::policy::{Fold, Gap};
use super::rrule::Rrule;
use super::time::TimeOfDay;
use super::window::Window;
use super::zones;
use crate::grammar::Message;

/// When something recurs. The grammar is that of the [module](crate::schedule).
///
/// ```
/// use tasker::schedule::Rule;
///
/// const NIGHTLY: Rule = match Rule::parse("daily 02:30 except 12-25") {
///     Ok(rule) => rule,
///     Err(message) => panic!("{}", message.as_str()),
/// };
/// assert_eq!(NIGHTLY.to_string(), "daily 02:30 except 12-25");
/// assert_eq!(NIGHTLY.describe(), "every day at 02:30, except on 25 December");
/// assert!(Rule::parse("61 * * * *").is_err());
/// ```
///
/// [`Display`](std::fmt::Display) gives the canonical text, which parses back to the same rule (what
/// [`anchored`](Rule::anchored) and [`seeded`](Rule::seeded) set is not part of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) when: When,
    /// The zone that a `TZ=` in front names, by its place in the list.
    pub(super) zone: Option<u16>,
    pub(super) window: Option<Window>,
    pub(super) except: Exceptions,
    /// The longest delay, in milliseconds.
    pub(super) jitter: Option<u32>,
    pub(super) gap: Option<Gap>,
    pub(super) fold: Option<Fold>,
    pub(super) start: Option<DateTime<Utc>>,
    pub(super) seed: u64,
}

/// The kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// A grid of UTC instants, this many milliseconds apart: at least 1000.
    Every { period: u64 },
    /// At this minute of every hour.
    Hourly { minute: u8 },
    /// At a time of the days that match.
    Days { days: Days, time: TimeOfDay },
    /// At what five or six cron fields match.
    Cron(Cron),
    /// What a recurrence rule of the calendar standard names.
    Rrule(Rrule),
    /// These moments and no others.
    At(Moments),
}

impl When {
    /// The offset from UTC that it is written in, in minutes.
    const fn offset(&self) -> Option<i16> {
        match self {
            When::Days { time, .. } => time.offset,
            When::Rrule(rule) if rule.is_utc() => Some(0),
            _ => None,
        }
    }

    /// Whether it follows elapsed time and names no hour: a clock change then repeats and leaves out what it must.
    const fn flows(&self) -> bool {
        match self {
            When::Hourly { .. } => true,
            When::Cron(cron) => cron.any_hour,
            When::Rrule(rule) => rule.is_within_day() && rule.hours == 0,
            When::Every { .. } | When::Days { .. } | When::At(_) => false,
        }
    }
}

impl Rule {
    pub(super) const fn new(when: When, zone: Option<u16>) -> Self {
        Self {
            when,
            zone,
            window: None,
            except: Exceptions::NONE,
            jitter: None,
            gap: None,
            fold: None,
            start: None,
            seed: 0,
        }
    }

    /// The name of the zone that the rule fixes by a `TZ=` in front, as the IANA database writes it.
    pub const fn zone(&self) -> Option<&'static str> {
        match self.zone {
            Some(index) => Some(zones::name_at(index)),
            None => None,
        }
    }

    /// The offset from UTC that the rule's time of day names, in minutes, east positive.
    pub const fn offset_minutes(&self) -> Option<i16> {
        self.when.offset()
    }

    /// What becomes of a local time that a clock change leaves out; nothing for rules that follow UTC or an offset,
    /// which no clock change touches.
    pub const fn gap(&self) -> Option<Gap> {
        match self.gap {
            None if !self.has_clock() => None,
            None if self.when.flows() => Some(Gap::Skip),
            None => Some(Gap::Next),
            gap => gap,
        }
    }

    /// What becomes of a local time that a clock change repeats; nothing for rules that follow UTC or an offset.
    pub const fn fold(&self) -> Option<Fold> {
        match self.fold {
            None if !self.has_clock() => None,
            None if self.when.flows() => Some(Fold::Both),
            None => Some(Fold::First),
            fold => fold,
        }
    }

    /// The text of the rule `text` with these policies in place of its own.
    ///
    /// # Errors
    ///
    /// As [`Rule::parse`]; a rule that no clock change touches takes no policy.
    pub(crate) fn with_policies(
        text: &str,
        gap: Option<Gap>,
        fold: Option<Fold>,
    ) -> Result<String, Message> {
        let mut rule = Self::parse(text)?;
        if gap.is_none() && fold.is_none() {
            return Ok(text.to_owned());
        }
        rule.gap = gap.or(rule.gap);
        rule.fold = fold.or(rule.fold);
        let text = rule.to_string();
        Self::parse(&text)?;
        Ok(text)
    }

    /// Whether the rule names local times, which a clock change can leave out or repeat.
    pub(super) const fn has_clock(&self) -> bool {
        !matches!(self.when, When::Every { .. }) && self.when.offset().is_none()
    }

    /// The same rule, counted from `start`: the grid of `every` is laid through it instead of the Unix epoch, and the
    /// occurrences and periods of an `rrule` without `DTSTART` are counted from it. Other rules follow the calendar
    /// and have no start.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tasker::schedule::{Rule, next};
    ///
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let rule = Rule::parse("every 2d").unwrap().anchored(at("2024-10-28T10:00:00Z"));
    /// let after = at("2024-10-29T00:00:00Z");
    /// assert_eq!(next(&rule, chrono_tz::UTC, after).unwrap(), Some(at("2024-10-30T10:00:00Z")));
    /// ```
    #[must_use]
    pub fn anchored(mut self, start: DateTime<Utc>) -> Self {
        self.start = Some(start);
        self
    }

    /// Whether the rule has to be [`anchored`](Self::anchored) before it can be computed: an `rrule` with `COUNT` and
    /// without `DTSTART`, whose occurrences are counted from the schedule's start.
    pub const fn needs_start(&self) -> bool {
        match self.when {
            When::Rrule(rule) => {
                rule.count.is_some() && rule.start.is_none() && self.start.is_none()
            }
            _ => false,
        }
    }

    /// The same rule with delays of its own: rules with `jitter` are delayed alike where their seeds are alike. Give
    /// the schedule's name.
    #[must_use]
    pub fn seeded(mut self, name: &str) -> Self {
        self.seed = super::jitter::seed(name);
        self
    }

    /// The length of the grid's step where the rule is `every`, nothing for the others.
    pub const fn period(&self) -> Option<Duration> {
        match self.when {
            When::Every { period } => Some(Duration::from_millis(period)),
            _ => None,
        }
    }

    /// The longest delay of an occurrence, where the rule has `jitter`.
    pub const fn jitter(&self) -> Option<Duration> {
        match self.jitter {
            Some(jitter) => Some(Duration::from_millis(jitter as u64)),
            None => None,
        }
    }
}

impl FromStr for Rule {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
