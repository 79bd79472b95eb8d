//! The rescuer: takes back the jobs of workers that died.
//!
//! It needs to know nothing of their tasks: what it needs is in the row.

use std::sync::Arc;

use tasker_store::{Store, Sweep};

use super::{Alarm, BATCH, MOMENT, sweep_at};

pub(super) async fn run(store: Arc<dyn Store>, alarm: Alarm) {
    let rescue = async || {
        let swept = store.rescue(BATCH).await?;
        // A lease is made longer before it ends; the lookout asks whether one was not.
        Ok(Sweep {
            next_in: None,
            ..swept
        })
    };
    sweep_at("rescue", alarm, MOMENT, rescue).await;
}
