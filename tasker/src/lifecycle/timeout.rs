//! `timeout`: a part that has so long and no longer.

use std::sync::Arc;
use std::time::Duration;

use super::compose::{And, Combinator, Composed, Nothing, only};
use super::failure::{Failure, TimedOut, both, real};
use super::grace::AFTER_TOKEN;
use super::part::{BoxPart, Part};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// Gives `part` so long: when the time is over, its [`Shutdown`] fires, and 3 s later it is dropped. The outcome is
/// [`TimedOut`] in both cases, with the part's own error where it has one. The time is real time, whatever clock
/// [`with_clock`](super::with_clock) sets.
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
            let ended = tokio::time::timeout(AFTER_TOKEN, running).await;
            let timed_out = Err(Failure::new(TimedOut { limit: self.limit }));
            both(timed_out, real(ended.unwrap_or(Ok(()))))
        })
    }
}
