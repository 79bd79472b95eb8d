//! What a rule's window and exceptions take away from its local times.

use chrono::{Datelike, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::calendar::Calendar;
use super::except::{Exception, Exceptions, Precision};
use super::rule::Rule;
use super::window::Window;

/// A window and exceptions, ready to be asked.
#[derive(Debug)]
pub(super) struct Filter {
    window: Option<Window>,
    /// First and last moment of each, the earliest first.
    spans: Vec<(NaiveDateTime, NaiveDateTime)>,
    yearly: [u32; 12],
    rules: Vec<(Calendar, Precision)>,
}

impl Filter {
    /// Nothing is taken away.
    pub(super) fn none() -> Self {
        Self {
            window: None,
            spans: Vec::new(),
            yearly: [0; 12],
            rules: Vec::new(),
        }
    }

    pub(super) fn of(rule: &Rule) -> Self {
        let except: &Exceptions = &rule.except;
        let mut spans: Vec<_> = (except.spans().iter())
            .map(|span| (span.first(), span.last()))
            .collect();
        spans.sort_unstable();
        Self {
            window: rule.window,
            spans,
            yearly: except.yearly,
            rules: (except.rules())
                .filter_map(|Exception { when, precision }| {
                    Some((Calendar::of(when, None)?, *precision))
                })
                .collect(),
        }
    }

    /// Where `civil` is taken away: a later time, before which everything is.
    pub(super) fn closed_until(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        (self.window.and_then(|window| window.closed_until(civil)))
            .or_else(|| self.span_end(civil))
            .or_else(|| self.year_day_end(civil))
            .or_else(|| self.rule_end(civil))
    }

    fn span_end(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let begun = self.spans.partition_point(|(first, _)| *first <= civil);
        let last = self.spans[..begun].iter().map(|(_, last)| *last).max()?;
        (civil <= last).then(|| last + TimeDelta::seconds(1))
    }

    fn year_day_end(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let is_out = self.yearly[civil.month0() as usize] & 1 << civil.day() != 0;
        is_out.then(|| Precision::Day.end(civil))
    }

    fn rule_end(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        (self.rules.iter())
            .find(|(calendar, precision)| calendar.has(precision.start(civil)))
            .map(|(_, precision)| precision.end(civil))
    }
}

impl Precision {
    /// The start of the day, the minute or the second that `civil` is in.
    fn start(self, civil: NaiveDateTime) -> NaiveDateTime {
        let second = civil.num_seconds_from_midnight();
        let start = match self {
            Precision::Day => 0,
            Precision::Minute => second - second % 60,
            Precision::Second => second,
        };
        let time = NaiveTime::from_num_seconds_from_midnight_opt(start, 0);
        civil.date().and_time(time.expect("a second of the day"))
    }

    /// The start of the next one.
    fn end(self, civil: NaiveDateTime) -> NaiveDateTime {
        let length = match self {
            Precision::Day => TimeDelta::days(1),
            Precision::Minute => TimeDelta::minutes(1),
            Precision::Second => TimeDelta::seconds(1),
        };
        self.start(civil) + length
    }
}
