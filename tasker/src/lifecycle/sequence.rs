//! `sequence`: one part after another.

use std::sync::Arc;

use super::compose::{And, Combinator, Composed, Each};
use super::failure::Failure;
use super::part::{BoxPart, Part};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// Runs parts one after another, each when the one before has ended well; the first error ends it. Takes any number of
/// parts, also none.
///
/// A part is started also when the stop was asked for during the one before: it may be what cleans up. It finds its
/// [`Shutdown`](crate::lifecycle::Shutdown) fired then. For a list whose length is not known beforehand there is the
/// function [`sequence`](crate::lifecycle::sequence()).
///
/// ```
/// use tasker::lifecycle::{Shutdown, sequence};
///
/// async fn migrate() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// async fn serve(shutdown: Shutdown) -> Result<(), std::io::Error> {
///     shutdown.cancel(); // the end of the example
///     Ok(shutdown.cancelled().await)
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// sequence![migrate, serve, || async { println!("bye") }].await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
#[macro_export]
macro_rules! sequence {
    ($($part:expr),* $(,)?) => { $crate::lifecycle::Composed::sequence()$(.and($part))* };
}

/// [`sequence!`](crate::sequence!) of parts of one type, such as [`BoxPart`].
pub fn sequence<P: Part<M>, M>(
    parts: impl IntoIterator<Item = P>,
) -> Composed<Sequence, Each<P, M>> {
    Composed::of_each(Sequence, parts)
}

/// One part after another.
#[derive(Clone, Copy, Debug)]
pub struct Sequence;

impl Composed<Sequence> {
    /// An empty sequence.
    pub fn sequence() -> Self {
        Self::new(Sequence)
    }
}

impl<L> Composed<Sequence, L> {
    /// Then `part`.
    pub fn and<P: Part<M>, M>(self, part: P) -> Composed<Sequence, And<L, P, M>> {
        self.with(part)
    }
}

impl Combinator for Sequence {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            for part in parts {
                part.start(shutdown.clone()).await?;
            }
            Ok(())
        })
    }
}
