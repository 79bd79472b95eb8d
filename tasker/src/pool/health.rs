//! The probe of idle resources: one that broke while nobody used it is replaced before somebody needs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::serve::Verdict;
use super::shared::Shared;

/// Probes, every so often, each resource that has been idle for that long.
pub(super) async fn run<T: Send + 'static>(shared: Arc<Shared<T>>, every: Duration) {
    loop {
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let now = Instant::now();
        let is_due = |since: Option<Instant>| since.is_some_and(|since| now - since >= every);
        let due: Vec<_> = {
            let mut state = shared.lock();
            state
                .idle
                .extract_if(.., |worker| is_due(worker.idle_since))
                .collect()
        };
        for worker in due {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                if let Some(turn) = shared.look_after(worker, Verdict::Suspect).await {
                    shared.serve(turn).await;
                }
            });
        }
    }
}
