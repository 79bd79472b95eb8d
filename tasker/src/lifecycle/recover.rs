//! `on_error` and `ignore_error`: what becomes of a part's failure.

use std::error::Error;
use std::future::IntoFuture;
use std::sync::Arc;

use super::compose::{And, Combinator, Composed, Nothing, only};
use super::failure::{Failure, find};
use super::part::{BoxPart, Ended, Part, awaited};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// Calls `handler` with the failure of `part`; what the handler returns is the outcome then. A part that only says
/// that it was told to stop, [`Cancelled`](super::Cancelled), is no case for the handler. What is lent to the part is
/// lent to the handler: [`Shutdown::current`].
///
/// ```
/// use tasker::lifecycle::on_error;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// on_error(
///     || async { Err::<(), _>("no disk") },
///     |failure| async move {
///         eprintln!("going on without it: {failure}");
///         Ok::<(), std::io::Error>(())
///     },
/// )
/// .await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
pub fn on_error<P, M, H, I>(part: P, handler: H) -> OnError<P, M, H>
where
    P: Part<M>,
    H: Fn(Failure) -> I + Send + Sync + 'static,
    I: IntoFuture<IntoFuture: Send, Output: Ended> + 'static,
{
    Composed::new(Handling(handler)).with(part)
}

/// What [`on_error`] makes.
pub type OnError<P, M, H> = Composed<Handling<H>, And<Nothing, P, M>>;

/// Handles failures by a function.
#[derive(Clone, Debug)]
pub struct Handling<H>(H);

impl<H, I> Combinator for Handling<H>
where
    H: Fn(Failure) -> I + Send + Sync + 'static,
    I: IntoFuture<IntoFuture: Send, Output: Ended> + 'static,
{
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            match only(parts).start(shutdown.clone()).await {
                Err(failure) if !failure.is_cancelled() => {
                    awaited(shutdown, || (self.0)(failure)).await
                }
                other => other,
            }
        })
    }
}

/// Passes over errors of `part`: all of them, or, once [`of`](Composed::of) or [`when`](Composed::when) was called,
/// those it names and no others. What is passed over is logged.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// use tasker::lifecycle::ignore_error;
///
/// async fn read() -> Result<(), Error> {
///     Err(ErrorKind::NotFound.into())
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let read = ignore_error(read).when(|error: &Error| error.kind() == ErrorKind::NotFound);
/// assert!(read.await.is_ok());
/// # });
/// ```
pub fn ignore_error<P: Part<M>, M>(part: P) -> IgnoreError<P, M> {
    Composed::new(Ignoring::default()).with(part)
}

/// What [`ignore_error`] makes.
pub type IgnoreError<P, M> = Composed<Ignoring, And<Nothing, P, M>>;

type IsListed = dyn Fn(&(dyn Error + 'static)) -> bool + Send + Sync;

/// Passes over failures.
#[derive(Clone, Default)]
pub struct Ignoring {
    /// Empty means all.
    listed: Vec<Arc<IsListed>>,
}

impl<L> Composed<Ignoring, L> {
    /// Errors of type `E`, also as the cause of others.
    pub fn of<E: Error + 'static>(self) -> Self {
        self.when(|_: &E| true)
    }

    /// Errors of type `E` that `meant` agrees to, also as the cause of others.
    pub fn when<E: Error + 'static>(
        mut self,
        meant: impl Fn(&E) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.combinator.listed.push(Arc::new(move |error| {
            find(error, &|link| {
                link.downcast_ref().filter(|error| meant(error))
            })
            .is_some()
        }));
        self
    }
}

impl Combinator for Ignoring {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            only(parts).start(shutdown).await.or_else(|failure| {
                failure.without(|error| {
                    let is_listed =
                        self.listed.is_empty() || self.listed.iter().any(|listed| listed(error));
                    if is_listed {
                        tracing::debug!(target: "tasker", %error, "passed over");
                    }
                    is_listed
                })
            })
        })
    }
}

impl std::fmt::Debug for Ignoring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ignoring")
            .field("listed", &self.listed.len())
            .finish()
    }
}
