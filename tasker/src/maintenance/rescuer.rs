//! The rescuer: takes back the jobs of workers that died.
//!
//! It needs to know nothing of their tasks: what it needs is in the row.

use std::sync::Arc;
use std::time::Duration;

use tasker_store::Store;

use super::{BATCH, sweep_for_ever};

/// The longest a lease that is over waits for being noticed.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(store: Arc<dyn Store>) {
    sweep_for_ever("rescue", EVERY, || store.rescue(BATCH)).await;
}
