//! The reference backend: the contract in its plainest form, to be read as its specification in code.
//!
//! In: calls of [`Store`] and [`Admin`](crate::Admin). Out: answers, and wakes once the change is made. One mutex
//! guards plain maps, so each call is one transaction by construction; nothing outlives the process. Each
//! method here takes the lock, reads the clock once and hands over to [`State`].
//!
//! What the contract leaves open is decided so: a job over the limits is refused at enqueue, while a follow-up
//! or a schedule's job over them makes the whole call [`crate::ErrorKind::Invalid`]; a follow-up of a disabled
//! task is taken and parked, since nobody is there to be told of a refusal.
//!
//! Read next: `state` (maps, indexes, the one function that moves a job), `jobs`, `unique`, `settle`, `workers`.

mod admin;
mod holds;
mod jobs;
mod outlook;
mod schedule_changes;
mod schedules;
mod settle;
mod state;
mod unique;
mod workers;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::capability::{Capabilities, Capability};
use crate::clock::{Clock, Due, Instant};
use crate::error::Result;
use crate::job::{Enqueued, Job, JobRef, NewJob};
use crate::lease::{Beat, Held, Lease, NewWorker, WorkerId};
use crate::outlook::Outlook;
use crate::schedule::{DueSchedules, Fire, Fired};
use crate::settle::{Claimed, Fate, Note, Settle, Settled, Sweep};
use crate::store::{Migrate, Store};
use crate::task::{Declaration, Diff};
use crate::wake::{Waker, Wakes};
use state::State;

/// The reference backend. It keeps everything in this process's memory, and clones share it.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    waker: Waker,
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store on this machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Clock::Store)
    }

    /// An empty store on `clock`.
    pub fn with_clock(clock: Clock) -> Self {
        let waker = Waker::new();
        // Nobody else is there; but nobody hears that a test moved the clock.
        waker.set_prompt(matches!(clock, Clock::Store));
        Self {
            shared: Arc::new(Shared {
                clock,
                waker,
                state: Mutex::default(),
            }),
        }
    }

    /// Carries out one call as a whole, and tells the listeners once the lock is free.
    fn transact<R>(&self, call: impl FnOnce(&mut State, Instant) -> R) -> R {
        // A panic inside a call is a bug of this backend; the tests that share the store should see its state.
        let mut state = (self.shared.state.lock()).unwrap_or_else(PoisonError::into_inner);
        let now = self.shared.clock.now();
        let answer = call(&mut state, now);
        let news = state.take_news(now);
        drop(state);
        for wake in news {
            self.shared.waker.wake(wake);
        }
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("clock", &self.shared.clock)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "memory",
            has: &[Capability::Queries],
        }
    }

    async fn open(&self, _migrate: Migrate) -> Result<()> {
        Ok(())
    }

    async fn detach(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(self.clone()))
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        Ok(self.transact(|state, now| {
            (jobs.into_iter())
                .map(|job| state.enqueue(job, now))
                .collect()
        }))
    }

    async fn declare(&self, declaration: Declaration) -> Result<Diff> {
        Ok(self.transact(|state, now| state.declare(declaration, now)))
    }

    async fn join(&self, worker: NewWorker) -> Result<()> {
        self.transact(|state, now| state.join(worker, now));
        Ok(())
    }

    async fn beat(&self, worker: WorkerId) -> Result<Beat> {
        Ok(self.transact(|state, now| state.beat(worker, now)))
    }

    async fn leave(&self, worker: WorkerId) -> Result<()> {
        self.transact(|state, now| state.leave(worker, now));
        Ok(())
    }

    async fn settle(&self, settle: Settle) -> Result<Settled> {
        self.transact(|state, now| state.settle(settle, now))
    }

    async fn unheard(&self, worker: WorkerId, known: Vec<Lease>) -> Result<Vec<Claimed>> {
        Ok(self.transact(|state, _| state.unheard(worker, &known)))
    }

    async fn release(&self, leases: Vec<Lease>, due: Due) -> Result<Vec<Fate>> {
        Ok(self.transact(|state, now| {
            (leases.into_iter())
                .map(|lease| state.release(lease, due, now))
                .collect()
        }))
    }

    async fn note(&self, notes: Vec<Note>) -> Result<Vec<Fate>> {
        Ok(self.transact(|state, now| {
            (notes.into_iter())
                .map(|note| state.note(note, now))
                .collect()
        }))
    }

    async fn promote(&self, limit: u32) -> Result<Sweep> {
        Ok(self.transact(|state, now| state.promote(limit, now)))
    }

    async fn rescue(&self, limit: u32) -> Result<Sweep> {
        Ok(self.transact(|state, now| state.rescue(limit, now)))
    }

    async fn prune(&self, limit: u32) -> Result<Sweep> {
        Ok(self.transact(|state, now| state.prune(limit, now)))
    }

    async fn outlook(&self) -> Result<Outlook> {
        Ok(self.transact(|state, now| state.outlook(now)))
    }

    async fn due(&self, limit: u32) -> Result<DueSchedules> {
        Ok(self.transact(|state, now| state.due(limit, now)))
    }

    async fn fire_all(&self, steps: Vec<Fire>) -> Result<Vec<Fired>> {
        self.transact(|state, now| state.fire(steps, now))
    }

    async fn hold(&self, name: &str, holder: WorkerId, ttl: Duration) -> Result<Held> {
        Ok(self.transact(|state, now| state.holds.hold(name, holder, ttl, now)))
    }

    async fn extend(
        &self,
        name: &str,
        holder: WorkerId,
        token: i64,
        ttl: Duration,
    ) -> Result<Held> {
        Ok(self.transact(|state, now| state.holds.extend(name, holder, token, ttl, now)))
    }

    async fn let_go(&self, name: &str, holder: WorkerId, token: i64) -> Result<()> {
        self.transact(|state, _| state.holds.let_go(name, holder, token));
        Ok(())
    }

    async fn job(&self, job: JobRef) -> Result<Option<Job>> {
        Ok(self.transact(|state, _| state.find(job).cloned()))
    }

    fn wakes(&self) -> Wakes {
        self.shared.waker.wakes()
    }

    fn work_wakes(&self) -> Wakes {
        self.shared.waker.work_wakes()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
