//! The pruner: deletes finished jobs past their retention.

use std::sync::Arc;
use std::time::Duration;

use tasker_store::Store;

use super::{BATCH, sweep_for_ever};

/// The longest a job past its retention waits for being noticed.
const EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(store: Arc<dyn Store>) {
    sweep_for_ever("prune", EVERY, || store.prune(BATCH)).await;
}
