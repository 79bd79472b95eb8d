//! PostgreSQL: each case gets a schema of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use tasker_store::conformance::{Fresh, Harness};
use tasker_store::{Capabilities, Capability, Clock, SqlStore, TestClock};

pub(crate) struct Postgres;

static NEXT: AtomicU32 = AtomicU32::new(0);

#[async_trait]
impl Harness for Postgres {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "postgres",
            has: &[Capability::Durable, Capability::Shared, Capability::Queries],
        }
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        let url = format!(
            "postgres://postgres@127.0.0.1:5432/tasker_listen?schema=c{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let connected = SqlStore::connect_with(&url, Clock::Test(clock)).await;
        Fresh::new(
            connected.unwrap_or_else(|error| panic!("cannot connect to a fresh store: {error:?}")),
        )
    }
}
