//! `with_shutdown`: something that runs until another call stops it.

use std::sync::Arc;
use std::time::Duration;

use super::compose::{And, Combinator, Composed, Nothing};
use super::failure::{Failure, Overran, both, real};
use super::grace::{GRACE, within};
use super::part::{BoxPart, Part};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// Joins what runs, `start`, with the call that ends it, `stop`, for code that has such a pair and no token.
///
/// `stop` runs once: when the program stops, or when `start` has ended well by itself. Where `start` fails first, there
/// is nothing to stop, and its error is the whole's. Both have the grace time after the stop, 25 s unless
/// [`grace`](Composed::grace) says otherwise; then the token of `stop` fires, and 3 s later what still runs is dropped,
/// which is an error, [`Overran`]. Errors of both are reported.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tasker::lifecycle::{Shutdown, with_shutdown};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let door = Arc::new(tokio::sync::Notify::new());
/// let closer = door.clone();
/// let open = with_shutdown(
///     move || async move { door.notified().await },
///     move || async move { closer.notify_one() },
/// );
/// let shutdown = Shutdown::new();
/// shutdown.cancel();
/// use tasker::lifecycle::Part;
/// open.grace(Duration::from_secs(5)).run(shutdown).await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
pub fn with_shutdown<A: Part<M>, B: Part<N>, M, N>(start: A, stop: B) -> WithShutdown<A, B, M, N> {
    Composed::new(StartStop { grace: GRACE })
        .with(start)
        .with(stop)
}

/// What [`with_shutdown`] makes.
pub type WithShutdown<A, B, M, N> = Composed<StartStop, And<And<Nothing, A, M>, B, N>>;

/// Something that runs, and what ends it.
#[derive(Clone, Copy, Debug)]
pub struct StartStop {
    grace: Duration,
}

impl<L> Composed<StartStop, L> {
    /// How long both may take to end before the token of the stop fires. Default: 25 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.combinator.grace = grace;
        self
    }
}

impl Combinator for StartStop {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            let [start, stop] = <[BoxPart; 2]>::try_from(parts).expect("a start and a stop");
            let mut start = start.start(shutdown.clone());
            let mut ended = None;
            tokio::select! {
                outcome = &mut start => ended = Some(outcome),
                () = shutdown.cancelled() => {}
            }
            // Nothing is there to be stopped.
            if ended.as_ref().is_some_and(Result::is_err) && !shutdown.is_cancelled() {
                return ended.unwrap_or(Ok(()));
            }
            let own = shutdown.apart();
            let ending = async {
                match ended {
                    Some(outcome) => outcome,
                    None => start.await,
                }
            };
            let (ended, stopped) = tokio::join!(
                within(self.grace, &own, "what was stopped", ending),
                within(self.grace, &own, "a stop", stop.start(own.clone())),
            );
            both(flat(ended), flat(stopped))
        })
    }
}

fn flat(ended: Result<Result<(), Failure>, Overran>) -> Result<(), Failure> {
    real(ended.unwrap_or_else(|overran| Err(Failure::new(overran))))
}
