//! The promoter: makes waiting jobs (`scheduled`, `retrying`) whose time has come ready.

use std::sync::Arc;

use tasker_store::Store;

use super::{Alarm, BATCH, MOMENT, sweep_at};

pub(super) async fn run(store: Arc<dyn Store>, alarm: Alarm) {
    sweep_at("promote", alarm, MOMENT, || store.promote(BATCH)).await;
}
