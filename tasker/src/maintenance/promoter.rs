//! The promoter: makes waiting jobs (`scheduled`, `retrying`) whose time has come ready.

use std::sync::Arc;
use std::time::Duration;

use tasker_store::Store;

use super::{BATCH, sweep_for_ever};

/// The longest a due job waits for being noticed.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(store: Arc<dyn Store>) {
    sweep_for_ever("promote", EVERY, || store.promote(BATCH)).await;
}
