//! The patience of a stop, the same as a worker's: a grace time, then the token, then the end.

use std::future::Future;
use std::time::{Duration, Instant};

use super::failure::Overran;
use super::shutdown::Shutdown;

/// How long what was asked to stop may take, unless it says otherwise.
pub(super) const GRACE: Duration = Duration::from_secs(25);

/// How long what was told to end may still take.
pub(super) const AFTER_TOKEN: Duration = Duration::from_secs(3);

/// The same after a second signal. Below the second that [`with_signals`](super::with_signals) waits then.
const AFTER_FORCE: Duration = Duration::from_millis(800);

/// Waits for `work`, which was asked to stop just now. It has `grace`; then `own`, its token, fires; [`AFTER_TOKEN`]
/// later it is dropped.
pub(super) async fn within<T>(
    grace: Duration,
    own: &Shutdown,
    what: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, Overran> {
    let begun = Instant::now();
    let patience = async {
        // Over before it is forced, or forced: the token fires in both cases.
        let _ = tokio::time::timeout(grace, own.forced()).await;
        own.cancel();
        let forced = async {
            own.forced().await;
            tokio::time::sleep(AFTER_FORCE).await;
        };
        let _ = tokio::time::timeout(AFTER_TOKEN, forced).await;
    };
    tokio::select! {
        biased;
        ended = work => Ok(ended),
        () = patience => {
            let had = Duration::from_millis(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
            Err(Overran { what, grace: grace.min(had) })
        }
    }
}
