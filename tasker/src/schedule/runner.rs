//! Placeholder.
use std::sync::Arc;

use tasker_store::Store;

use crate::client::Tasker;

pub(crate) async fn run(_tasker: Tasker, _store: Arc<dyn Store>) {
    std::future::pending::<()>().await;
}
