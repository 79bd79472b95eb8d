//! `repeat`: again and again, until the stop.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use super::compose::{Combinator, Composed};
use super::failure::Failure;
use super::pace::{Kind, Pace};
use super::part::{BoxPart, Repeatable, SharedPart};
use super::shutdown::Shutdown;
use crate::schedule::Rule;
use crate::task::BoxFuture;

/// Runs `part` again and again: with [`every`](super::every) at once, and then a fixed time after each end; with a
/// [`Rule`] at its instants, those that pass during a run being made good by one run after it. Runs never overlap.
///
/// The first error ends it, and is its own; so does the stop, with success. Put [`on_error`](super::on_error) around
/// what may fail and shall go on.
///
/// The calendar is that of this machine's clock; a rule that names no zone is one of UTC. What shall run once in
/// however many processes, and remember its last run, is [`serialized`](super::serialized), or a job with a schedule.
///
/// ```
/// use std::time::Duration;
/// use tasker::lifecycle::{Shutdown, concurrence, every, repeat};
/// use tasker::rule;
///
/// async fn clean_up() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// async fn report(shutdown: Shutdown) -> Result<(), std::io::Error> {
///     shutdown.check().map_err(std::io::Error::other)
/// }
///
/// let cleaning = concurrence![
///     repeat(every(Duration::from_secs(60)), clean_up),
///     repeat(rule!("TZ=Europe/London weekdays 09:30"), report),
/// ];
/// # drop(cleaning);
/// ```
pub fn repeat<P: Repeatable<M>, M>(pace: impl Into<Pace>, part: P) -> Composed<Repeat> {
    Composed::new(Repeat {
        pace: pace.into(),
        part: part.into_shared(),
    })
}

/// A [`Rule`](crate::schedule::Rule) from its text, checked when this is compiled.
///
/// ```
/// use tasker::rule;
///
/// assert_eq!(rule!("daily 12:00").describe(), "every day at 12:00");
/// ```
///
/// ```compile_fail
/// tasker::rule!("daily 25:00");
/// ```
#[macro_export]
macro_rules! rule {
    ($text:expr) => {{
        const RULE: $crate::schedule::Rule = match $crate::schedule::Rule::parse($text) {
            ::core::result::Result::Ok(rule) => rule,
            ::core::result::Result::Err(message) => ::core::panic!("{}", message.as_str()),
        };
        RULE
    }};
}

/// Again and again.
#[derive(Clone, Debug)]
pub struct Repeat {
    pace: Pace,
    part: SharedPart,
}

impl Combinator for Repeat {
    fn run(
        self: Arc<Self>,
        _: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            let outcome = match &self.pace.kind {
                Kind::Every(period) => self.every(*period, &shutdown).await,
                Kind::Rule(rule) => self.by_rule(rule, &shutdown).await,
            };
            match outcome {
                Err(failure) if shutdown.is_cancelled() && failure.is_cancelled() => Ok(()),
                outcome => outcome,
            }
        })
    }
}

impl Repeat {
    async fn every(&self, period: Duration, shutdown: &Shutdown) -> Result<(), Failure> {
        shutdown.check().map_err(Failure::new)?;
        loop {
            self.part.start(shutdown.clone()).await?;
            shutdown.wait(period).await.map_err(Failure::new)?;
        }
    }

    async fn by_rule(&self, rule: &Rule, shutdown: &Shutdown) -> Result<(), Failure> {
        let mut last = shutdown.clock().now();
        let pace = Pace::from(match rule.needs_start() {
            // A rule that counts does so from the start of this.
            true => rule.anchored(last),
            false => *rule,
        });
        while let Some(at) = pace.next_in(Tz::UTC, last).map_err(Failure::new)? {
            shutdown.wait_until(at).await.map_err(Failure::new)?;
            // Whatever has passed by now is made good by this run.
            last = shutdown.clock().now();
            self.part.start(shutdown.clone()).await?;
        }
        Ok(())
    }
}
