//! SQLite: each case gets a file of its own in a temporary folder, and the same cases run in memory.

use async_trait::async_trait;
use tasker_store::conformance::{Fresh, Harness};
use tasker_store::{Capabilities, Capability, Clock, SqlStore, TestClock};

/// A store in a file.
pub(crate) struct File;

#[async_trait]
impl Harness for File {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "sqlite",
            has: &[
                Capability::Durable,
                Capability::Shared,
                Capability::Transactions,
                Capability::Queries,
            ],
        }
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("tasker.db").display()
        );
        Fresh::kept_by(connect(&url, clock).await, folder)
    }
}

/// A store in memory.
pub(crate) struct Memory;

#[async_trait]
impl Harness for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "sqlite",
            has: &[Capability::Transactions, Capability::Queries],
        }
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        Fresh::new(connect("sqlite::memory:", clock).await)
    }
}

async fn connect(url: &str, clock: TestClock) -> SqlStore {
    let connected = SqlStore::connect_with(url, Clock::Test(clock)).await;
    connected.unwrap_or_else(|error| panic!("cannot connect to a fresh store: {error}"))
}
