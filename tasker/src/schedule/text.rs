//! A rule as canonical text, which parses back to the same rule.

use std::fmt;
use std::time::Duration;

use super::rule::{Rule, When};
use crate::grammar::duration;

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(zone) = self.zone() {
            write!(f, "TZ={zone} ")?;
        }
        self.when.fmt(f)?;
        if let Some(window) = self.window {
            write!(f, " between {window}")?;
        }
        self.except.fmt(f)?;
        if let Some(jitter) = self.jitter() {
            write!(f, " jitter {}", duration::written(jitter))?;
        }
        if let Some(gap) = self.gap {
            write!(f, " gap {gap}")?;
        }
        if let Some(fold) = self.fold {
            write!(f, " fold {fold}")?;
        }
        Ok(())
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Every { period } => {
                let period = duration::written(Duration::from_millis(*period));
                write!(f, "every {period}")
            }
            When::Hourly { minute: 0 } => f.write_str("hourly"),
            When::Hourly { minute } => write!(f, "hourly :{minute:02}"),
            When::Days { days, time } => write!(f, "{days} {time}"),
            When::Cron(cron) => cron.fmt(f),
            When::Rrule(rule) => write!(f, "rrule {rule}"),
            When::At(moments) => write!(f, "at {moments}"),
        }
    }
}
