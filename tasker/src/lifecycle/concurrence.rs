//! `concurrence`: parts side by side, which fail as one.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::compose::{And, Combinator, Composed, Each};
use super::failure::{Failure, both, real};
use super::part::{BoxPart, Part, panicked};
use super::shutdown::{Shutdown, carried};
use crate::task::BoxFuture;

/// Runs parts side by side, each as a task of the runtime, and waits for all of them. Takes any number of parts, also
/// none.
///
/// They fail as one: the first error, or panic, stops the others, and every error is reported. A part that returns
/// [`Cancelled`](crate::lifecycle::Cancelled) stops the others too, without being an error; one that ends well leaves
/// them alone. For a list whose length is not known beforehand there is the function
/// [`concurrence`](crate::lifecycle::concurrence()).
///
/// ```
/// use tasker::lifecycle::{Shutdown, concurrence};
///
/// async fn listen(shutdown: Shutdown) {
///     shutdown.cancelled().await;
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let failure = concurrence![listen, listen, || async { Err::<(), _>("no disk") }].await;
/// assert_eq!(failure.unwrap_err().to_string(), "no disk");
/// # });
/// ```
#[macro_export]
macro_rules! concurrence {
    ($($part:expr),* $(,)?) => { $crate::lifecycle::Composed::concurrence()$(.and($part))* };
}

/// [`concurrence!`](crate::concurrence!) of parts of one type, such as [`BoxPart`].
pub fn concurrence<P: Part<M>, M>(
    parts: impl IntoIterator<Item = P>,
) -> Composed<Concurrence, Each<P, M>> {
    Composed::of_each(Concurrence, parts)
}

/// Parts side by side.
#[derive(Clone, Copy, Debug)]
pub struct Concurrence;

impl Composed<Concurrence> {
    /// An empty concurrence.
    pub fn concurrence() -> Self {
        Self::new(Concurrence)
    }
}

impl<L> Composed<Concurrence, L> {
    /// And `part` beside.
    pub fn and<P: Part<M>, M>(self, part: P) -> Composed<Concurrence, And<L, P, M>> {
        self.with(part)
    }
}

impl Combinator for Concurrence {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        let shutdown = shutdown.child();
        Box::pin(async move {
            // Dropped, it ends them all.
            let mut running = JoinSet::new();
            for part in parts {
                running.spawn(carried(part.start(shutdown.clone())));
            }
            let mut outcome = Ok(());
            while let Some(joined) = running.join_next().await {
                let ended = joined.unwrap_or_else(|error| panicked(error.to_string()));
                if ended.is_err() {
                    shutdown.cancel();
                }
                outcome = both(outcome, real(ended));
            }
            outcome
        })
    }
}
