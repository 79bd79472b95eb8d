//! PostgreSQL and MariaDB or MySQL: each case gets a schema or a database of its own in a server that all share.
//!
//! Read next: `tests/servers`.

use async_trait::async_trait;
use servers::{Engine, shared};
use tasker_store::conformance::{Fresh, Harness};
use tasker_store::{Capabilities, Capability, Clock, SqlStore, TestClock};

/// A store in a server of this kind.
pub(crate) struct Server(pub(crate) Engine);

#[async_trait]
impl Harness for Server {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: self.0.name(),
            has: &[
                Capability::Durable,
                Capability::Shared,
                Capability::Transactions,
                Capability::Queries,
            ],
        }
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        let space = shared(self.0).await.installation().await;
        let store = SqlStore::connect_with(&space.url(), Clock::Test(clock)).await;
        let store = store.unwrap_or_else(|error| panic!("cannot connect: {error}"));
        Fresh::kept_by(store, space)
    }
}
