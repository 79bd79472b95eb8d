//! Upkeep: resources made, probed, destroyed, replaced. Every call of the manager is here, each with its time limit.
//!
//! A resource is destroyed before its successor is made, so that there are never more than the maximum. One that
//! cannot be made is tried again, after 100 ms and then twice as long each time up to 10 s. Where there is no other
//! worker either, what waits is told so after the fourth failure, rather than left hanging.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::Error;
use super::metrics::{Event, Timing};
use super::shared::{Shared, Turn};
use super::state::Phase;
use super::work::{Queued, Waiting};
use super::worker::{Slot, Worker};
use crate::task::BoxError;
use crate::task::error::message;

/// How often making a resource fails before work that waits for it is told so.
const FAILURES: u32 = 4;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

impl<T: Send + 'static> Shared<T> {
    /// Makes resources for these slots, each in a task of its own.
    pub(super) fn hire(self: &Arc<Self>, slots: Vec<Slot<T>>) {
        for slot in slots {
            let shared = Arc::clone(self);
            self.spawn(async move {
                if let Some(turn) = shared.fill(slot, None).await {
                    shared.serve(turn).await;
                }
            });
        }
    }

    /// Makes the resource of one of these slots here and now. An error gives the slot up.
    pub(super) async fn start_one(self: &Arc<Self>, mut slot: Slot<T>) -> Result<(), BoxError> {
        let value = self.create().await?;
        self.started(&mut slot);
        self.release(slot.with(value), None);
        Ok(())
    }

    /// Makes one resource.
    pub(super) async fn create(&self) -> Result<T, BoxError> {
        let limit = self.options.upkeep_timeout;
        let made = tokio::time::timeout(limit, self.manager.create()).await;
        let made = made.unwrap_or_else(|_| Err(format!("took longer than {limit:?}").into()));
        match &made {
            Ok(_) => {
                tracing::debug!(target: "tasker::pool", pool = %self.options.name, "made a resource");
                self.observer.record(Event::Created);
            }
            Err(error) => {
                tracing::warn!(
                    target: "tasker::pool",
                    pool = %self.options.name,
                    error = ?message(error.as_ref()),
                    "could not make a resource"
                );
                self.observer.record(Event::CreateFailed);
            }
        }
        made
    }

    /// Whether the resource of a worker is still good.
    pub(super) async fn probe(&self, worker: &mut Worker<T>) -> bool {
        let probe = self.manager.probe(&mut worker.value);
        let probed = tokio::time::timeout(self.options.upkeep_timeout, probe).await;
        probed.unwrap_or(false)
    }

    /// Destroys the resource of a worker; its slot is left.
    pub(super) async fn destroy(&self, worker: Worker<T>) -> Slot<T> {
        let (value, slot) = worker.take();
        let limit = self.options.upkeep_timeout;
        let fault = match tokio::time::timeout(limit, self.manager.destroy(value)).await {
            Ok(Ok(())) => None,
            Ok(Err(panic)) => Some(panic),
            Err(_) => Some(format!("took longer than {limit:?}")),
        };
        match fault {
            None => {
                tracing::debug!(target: "tasker::pool", pool = %self.options.name, "destroyed a resource");
            }
            Some(fault) => {
                tracing::warn!(
                    target: "tasker::pool",
                    pool = %self.options.name,
                    fault,
                    "a resource was not destroyed in order"
                );
            }
        }
        self.observer.record(Event::Destroyed);
        slot
    }

    /// Destroys a worker in a task of its own; the receiver hears when it has.
    pub(super) fn retire(self: &Arc<Self>, worker: Worker<T>) -> oneshot::Receiver<()> {
        let shared = Arc::clone(self);
        let (gone, is_gone) = oneshot::channel();
        self.spawn(async move {
            let slot = shared.destroy(worker).await;
            drop(slot);
            // Mostly nobody waits for it.
            let _ = gone.send(());
        });
        is_gone
    }

    /// Replaces a broken resource; what the worker does next. `retry` is the work it broke under.
    pub(super) async fn replace(
        self: &Arc<Self>,
        worker: Worker<T>,
        retry: Option<Queued<T>>,
    ) -> Option<Turn<T>> {
        tracing::warn!(target: "tasker::pool", pool = %self.options.name, "a resource is broken");
        self.observer.record(Event::Broken);
        let mut slot = self.destroy(worker).await;
        match self.is_wanted(&mut slot, retry.is_some()) {
            true => self.fill(slot, retry).await,
            false => None,
        }
    }

    /// Makes a resource for a slot that counts as starting; what the new worker does next.
    async fn fill(
        self: &Arc<Self>,
        mut slot: Slot<T>,
        mut retry: Option<Queued<T>>,
    ) -> Option<Turn<T>> {
        let mut failures = 0;
        loop {
            let error = match self.create().await {
                Ok(value) => {
                    self.started(&mut slot);
                    let worker = slot.with(value);
                    return match retry {
                        Some(queued) => Some((worker, queued)),
                        None => self.next(worker, None),
                    };
                }
                Err(error) => error,
            };
            failures += 1;
            self.hand_on(&slot, retry.take());
            if failures >= FAILURES {
                self.tell_who_waits(error);
            }
            // A stop waits for one more try, where there is work, and for none after that.
            if self.closing.is_cancelled() || !self.tries_again() {
                return None;
            }
            tokio::select! {
                () = self.closing.cancelled() => {}
                () = tokio::time::sleep(delay(failures)) => {}
            }
            if !self.tries_again() {
                return None;
            }
        }
    }

    /// Whether an empty slot gets a new resource; it counts as starting then.
    fn is_wanted(&self, slot: &mut Slot<T>, has_work: bool) -> bool {
        // Dropped after the lock: what it holds is the application's.
        let _ended;
        let mut state = self.lock();
        _ended = match has_work {
            true => None,
            false => state.running.remove(slot.place),
        };
        let has_work = has_work || !state.queue.is_empty();
        let is_wanted = match state.phase {
            Phase::Open => has_work || state.workers <= self.options.workers,
            Phase::Draining => has_work,
            Phase::Cut => false,
        };
        slot.starting = is_wanted && !slot.temporary;
        state.starting += usize::from(slot.starting);
        slot.starting
    }

    /// The slot has its resource.
    fn started(&self, slot: &mut Slot<T>) {
        let mut state = self.lock();
        slot.starting = false;
        state.starting -= 1;
        state.create_failed = None;
        state.revived = false;
    }

    /// After a failure: work that went with the slot may go with any other.
    fn hand_on(self: &Arc<Self>, slot: &Slot<T>, retry: Option<Queued<T>>) {
        let mut state = self.lock();
        state.create_failed = Some(Instant::now());
        let Some(queued) = retry else { return };
        // Not the last to hold it, so nothing of the application's is dropped under the lock.
        state.running.remove(slot.place);
        match state.idle.pop() {
            Some(worker) => {
                let waiting: Arc<dyn Waiting> = Arc::clone(&queued.work) as _;
                state.running.insert(worker.slot.place, waiting);
                drop(state);
                self.begin((worker, queued));
            }
            None => {
                state.queue.push_first(queued);
                drop(state);
                self.observer.emitter().queued(1.0);
            }
        }
    }

    /// Whether a slot that could not be filled is still needed.
    fn tries_again(&self) -> bool {
        let state = self.lock();
        let has_work = !state.queue.is_empty();
        match state.phase {
            Phase::Open => {
                state.workers <= self.options.workers || (has_work && state.workers == 1)
            }
            Phase::Draining => has_work,
            Phase::Cut => false,
        }
    }

    /// Where there is nobody to do it, what waits is answered.
    fn tell_who_waits(&self, error: BoxError) {
        let mut state = self.lock();
        if state.workers > state.starting {
            return;
        }
        let waiting = state.queue.drain();
        drop(state);
        let error: Arc<dyn std::error::Error + Send + Sync> = error.into();
        for (queued, lane) in waiting {
            self.free_place(lane);
            let timing = Timing {
                wait: queued.since.elapsed(),
                execution: Duration::ZERO,
            };
            if self.settle(queued.work.as_ref(), false, timing, Instant::now()) {
                queued.work.refuse(Error::Create(Arc::clone(&error)));
            }
        }
    }
}

/// How long to wait after so many failures.
fn delay(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_DELAY * 2_u32.pow(doublings)).min(LONGEST_DELAY)
}
