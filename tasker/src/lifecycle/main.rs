//! `main`: a whole program, as what `main` awaits.

use super::failure::Failure;
use super::part::Part;
use super::signals::with_signals;

/// Runs a program until it ends, or a signal ends it: [`with_signals`] around `part`, awaited.
///
/// All errors are in the [`Failure`]; it never ends the process, so that `main` can clean up.
///
/// ```no_run
/// use std::time::Duration;
/// use tasker::Tasker;
/// use tasker::lifecycle::{concurrence, every, main, repeat};
///
/// async fn clean_up() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// # async fn program() -> Result<(), Box<dyn std::error::Error>> {
/// let tasker = Tasker::connect("sqlite://tasker.db?mode=rwc").await?;
/// tasker.install()?;
/// main(concurrence![
///     tasker.worker(),
///     repeat(every(Duration::from_secs(60)), clean_up),
/// ])
/// .await?;
/// # Ok(()) }
/// ```
pub async fn main<P: Part<M>, M: 'static>(part: P) -> Result<(), Failure> {
    with_signals(part).await
}
