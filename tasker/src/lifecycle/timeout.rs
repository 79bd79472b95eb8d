//! `timeout`: a part that has so long and no longer.

use std::sync::Arc;
use std::time::Duration;

use super::compose::{And, Combinator, Composed, Nothing, only};
use super::failure::{Failure, TimedOut, both, real};
use super::grace::AFTER_TOKEN;
use super::part::{BoxPart, Part, panicked};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;
use crate::worker::panics;

/// Gives `part` so long: when the time is over, its [`Shutdown`] fires, and 3 s later it is dropped. The outcome is
/// [`TimedOut`] in both cases, with the part's own error where it has one, except for a part that blocks its thread and ends
/// well in one go: nobody could look at the clock. The time is real time, whatever clock
/// [`with_clock`](super::with_clock) sets.
///
/// ```
/// use std::time::Duration;
/// use tasker::lifecycle::{Shutdown, TimedOut, timeout};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let slow = |shutdown: Shutdown| async move { shutdown.cancelled().await };
/// let failure = timeout(Duration::from_millis(1), slow).await.unwrap_err();
/// assert!(failure.is::<TimedOut>());
/// # });
/// ```
pub fn timeout<P: Part<M>, M>(limit: Duration, part: P) -> Timeout<P, M> {
    Composed::new(Limited { limit }).with(part)
}

/// What [`timeout`] makes.
pub type Timeout<P, M> = Composed<Limited, And<Nothing, P, M>>;

/// So long and no longer.
#[derive(Clone, Copy, Debug)]
pub struct Limited {
    limit: Duration,
}

impl Combinator for Limited {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            let own = shutdown.child();
            let mut running = only(parts).start(own.clone());
            if let Ok(ended) = tokio::time::timeout(self.limit, &mut running).await {
                return ended;
            }
            own.cancel();
            let ended = tokio::time::timeout(AFTER_TOKEN, &mut running).await;
            // What is dropped half way may panic.
            let dropped = panics::caught_here(move || drop(running)).or_else(panicked);
            let timed_out = Err(Failure::new(TimedOut { limit: self.limit }));
            both(both(timed_out, real(ended.unwrap_or(Ok(())))), dropped)
        })
    }
}
