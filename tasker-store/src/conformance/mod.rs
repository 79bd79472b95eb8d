//! The one list of cases that every backend must pass.
//!
//! In: a [`Harness`], which makes fresh stores of one backend. Out: [`cases`], each a name and a function that
//! panics with what it expected. A case knows the contract and nothing of any backend; every sentence of the
//! docs of [`Store`] and [`Admin`](crate::Admin) is meant to have one. Nothing here sleeps: time is the
//! [`TestClock`] that the harness gets, and only the case moves it.
//!
//! For a backend of your own: implement [`Harness`], run each case that [`Case::lacks`] nothing as one test on
//! tokio's multi-thread runtime, and show the others as skipped.
//!
//! ```
//! use std::sync::Arc;
//! use tasker_store::conformance::{Fresh, Harness, cases};
//! use tasker_store::{Capabilities, Clock, MemoryStore, Store, TestClock};
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl Harness for Memory {
//!     fn capabilities(&self) -> Capabilities {
//!         MemoryStore::new().capabilities()
//!     }
//!     async fn fresh(&self, clock: TestClock) -> Fresh {
//!         Fresh::new(MemoryStore::with_clock(Clock::Test(clock)))
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let case = cases().into_iter().find(|case| case.name.starts_with("enqueue/")).expect("there are some");
//! assert_eq!(case.lacks(&Memory.capabilities()), []);
//! (case.run)(Arc::new(Memory)).await;
//! # }
//! ```
//!
//! Read next: `bench` (what a case works with), then any chapter.

/// Lists the functions of a chapter as cases named after it.
macro_rules! chapter {
    ($chapter:literal, $needs:expr, [$($run:ident),+ $(,)?]) => {
        vec![$($crate::conformance::Case {
            name: concat!($chapter, "/", stringify!($run)),
            needs: $needs,
            run: |harness| Box::pin(async move {
                $run($crate::conformance::bench::Bench::new(harness).await).await;
            }),
        }),+]
    };
}

mod bench;
mod cancel;
mod claim;
mod concurrency;
mod enqueue;
mod held;
mod holds;
mod inspect;
mod keys;
mod model;
mod notes;
mod operate;
mod outlook;
mod overlap;
mod planned;
mod plans;
mod promote;
mod prune;
mod replace;
mod rescue;
mod retry;
mod schedules;
mod settle;
mod stale;
mod steps;
mod unique;
mod wakes;
#[cfg(feature = "sql")]
mod within;
mod workers;

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use crate::capability::{Capabilities, Capability};
use crate::clock::TestClock;
use crate::store::Store;

/// What a case runs as.
pub type CaseFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name: the chapter, then what must hold.
    pub name: &'static str,
    /// What a backend must be able to do for the case to make sense.
    pub needs: &'static [Capability],
    /// Runs it on a fresh store; panics where the backend does not keep the contract. Needs a tokio runtime
    /// with several threads.
    pub run: fn(Arc<dyn Harness>) -> CaseFuture,
}

impl Case {
    /// What the case needs and the backend lacks; where there is something, the case is to be skipped.
    pub fn lacks(&self, backend: &Capabilities) -> Vec<Capability> {
        let lacking = self.needs.iter().filter(|need| !backend.has(**need));
        lacking.copied().collect()
    }
}

/// Makes stores of one backend.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// What the backend can do.
    fn capabilities(&self) -> Capabilities;

    /// An empty store on `clock` that shares nothing with any other. The case opens it. To be panicked out of
    /// where none can be made.
    async fn fresh(&self, clock: TestClock) -> Fresh;
}

/// A fresh store, with what must live as long as it is used.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// A temporary directory, a guard that drops a schema, or nothing.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Fresh {
    /// A store that needs nothing else to be kept.
    pub fn new(store: impl Store) -> Self {
        Self::kept_by(store, ())
    }

    /// A store, and what is dropped after the case.
    pub fn kept_by(store: impl Store, keep: impl Any + Send + Sync) -> Self {
        Self {
            store: Arc::new(store),
            keep: Box::new(keep),
        }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh")
            .field("backend", &self.store.capabilities().backend)
            .finish_non_exhaustive()
    }
}

/// Every case, by chapter.
pub fn cases() -> Vec<Case> {
    [
        enqueue::cases(),
        unique::cases(),
        replace::cases(),
        keys::cases(),
        claim::cases(),
        workers::cases(),
        settle::cases(),
        stale::cases(),
        retry::cases(),
        cancel::cases(),
        operate::cases(),
        outlook::cases(),
        promote::cases(),
        rescue::cases(),
        prune::cases(),
        schedules::cases(),
        steps::cases(),
        held::cases(),
        overlap::cases(),
        plans::cases(),
        planned::cases(),
        holds::cases(),
        notes::cases(),
        inspect::cases(),
        wakes::cases(),
        concurrency::cases(),
        model::cases(),
        #[cfg(feature = "sql")]
        within::cases(),
    ]
    .concat()
}
