//! The pruner: deletes finished jobs past their retention.

use std::sync::Arc;
use std::time::Duration;

use tasker_store::Store;

use super::{Alarm, BATCH, sweep_at};

/// How long jobs past their retention gather, so that each is no sweep of its own.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(store: Arc<dyn Store>, alarm: Alarm) {
    sweep_at("prune", alarm, PAUSE, || store.prune(BATCH)).await;
}
