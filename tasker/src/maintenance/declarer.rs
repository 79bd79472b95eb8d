//! The declarer: says again from time to time what this binary contains, so that a schedule no process declares
//! any more can be told from one that is in use.

use std::sync::Arc;

use tasker_store::Store;

use crate::client::Tasker;
use crate::declaration::{DECLARE_EVERY, declare};

pub(crate) async fn run(tasker: Tasker, store: Arc<dyn Store>) {
    loop {
        tokio::time::sleep(DECLARE_EVERY).await;
        if let Err(error) = declare(&tasker, store.as_ref()).await {
            tracing::warn!(%error, "could not declare tasks and schedules; trying again");
        }
    }
}
