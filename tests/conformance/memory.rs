//! The memory backend under the suite.

use async_trait::async_trait;
use tasker_store::conformance::{Fresh, Harness};
use tasker_store::{Capabilities, Clock, MemoryStore, Store, TestClock};

pub(crate) struct Memory;

#[async_trait]
impl Harness for Memory {
    fn capabilities(&self) -> Capabilities {
        MemoryStore::new().capabilities()
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        Fresh::new(MemoryStore::with_clock(Clock::Test(clock)))
    }
}
