//! [`Pace`]: when something is due again; and waiting for it by a clock.
//!
//! In: the last run. Out: the next one. Pure, but for the waiting.

use std::time::Duration;

use chrono_tz::Tz;
use tasker_store::{Clock, Instant, after};
use tokio::sync::watch;

use super::failure::Cancelled;
use super::shutdown::Shutdown;
use crate::grammar::duration;
use crate::schedule::{Rule, Timetable};

/// The longest a step of the machine's clock waits for being noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When a part runs again: a fixed time after the end of its last run, by [`every`], or at the instants of a [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is made once for each part of a program, and copied as a constant"
)]
pub(super) enum Kind {
    Every(Duration),
    Rule(Rule),
}

/// At once, and then each time this long after the end of the run before; zero is without a pause.
///
/// Not to be mixed up with the rule `every 5m`, whose instants lie on a grid, whatever runs.
pub const fn every(period: Duration) -> Pace {
    Pace {
        kind: Kind::Every(period),
    }
}

impl From<Rule> for Pace {
    fn from(rule: Rule) -> Self {
        Self {
            kind: Kind::Rule(rule),
        }
    }
}

impl Pace {
    /// When it is due next, after a run that ended at `last`. `None`: never again. A rule that names no zone is one of
    /// UTC.
    ///
    /// # Errors
    ///
    /// As [`schedule::next`](crate::schedule::next).
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::{DateTime, Utc};
    /// use tasker::lifecycle::every;
    ///
    /// let last: DateTime<Utc> = "2025-06-01T12:00:00Z".parse().unwrap();
    /// let next = every(Duration::from_secs(3600)).next(last).unwrap();
    /// assert_eq!(next, Some("2025-06-01T13:00:00Z".parse().unwrap()));
    /// ```
    pub fn next(&self, last: Instant) -> Result<Option<Instant>, crate::Message> {
        self.next_in(Tz::UTC, last)
    }

    pub(super) fn next_in(&self, tz: Tz, last: Instant) -> Result<Option<Instant>, crate::Message> {
        match &self.kind {
            Kind::Every(period) => Ok(Some(after(last, *period))),
            Kind::Rule(rule) => Timetable::new(rule, tz)?.next(last),
        }
    }

    /// The same for what has this name and began then: jitter is drawn by the name, and what counts, counts from there.
    pub(super) fn of(self, name: &str, began: Instant) -> Self {
        let Kind::Rule(rule) = self.kind else {
            return self;
        };
        let rule = rule.seeded(name);
        Self::from(match rule.needs_start() {
            true => rule.anchored(began),
            false => rule,
        })
    }

    /// As text, for the store.
    pub(super) fn written(&self) -> String {
        match &self.kind {
            Kind::Every(period) => format!("every {}", duration::written(*period)),
            Kind::Rule(rule) => rule.to_string(),
        }
    }
}

impl Shutdown {
    /// Waits until the clock shows `at`. An error where the stop comes before.
    pub(super) async fn wait_until(&self, at: Instant) -> Result<(), Cancelled> {
        let mut moves = self.moves();
        loop {
            self.check()?;
            let left = (at - self.clock().now()).to_std().unwrap_or_default();
            if left.is_zero() {
                return Ok(());
            }
            self.moved(&mut moves, left.min(LOOK_EVERY)).await?;
        }
    }

    /// Waits this long: on the monotonic clock, unless a test's clock is set.
    pub(super) async fn wait(&self, period: Duration) -> Result<(), Cancelled> {
        if period.is_zero() {
            // Others must have their turn, or nobody could say stop.
            return self.run_until_cancelled(tokio::task::yield_now()).await;
        }
        match self.clock() {
            Clock::Store => self.run_until_cancelled(tokio::time::sleep(period)).await,
            Clock::Test(clock) => self.wait_until(after(clock.now(), period)).await,
        }
    }

    /// What tells that a test's clock was moved.
    pub(super) fn moves(&self) -> Option<watch::Receiver<()>> {
        match self.clock() {
            Clock::Store => None,
            Clock::Test(clock) => Some(clock.moves()),
        }
    }

    /// Waits this long in real time, or until the test's clock was moved.
    pub(super) async fn moved(
        &self,
        moves: &mut Option<watch::Receiver<()>>,
        time: Duration,
    ) -> Result<(), Cancelled> {
        let moved = async {
            match moves {
                // An error means that the clock is gone, which it is not: it is ours.
                Some(moves) => drop(moves.changed().await),
                None => std::future::pending().await,
            }
        };
        let waited = tokio::time::timeout(time, moved);
        self.run_until_cancelled(waited).await.map(drop)
    }
}
