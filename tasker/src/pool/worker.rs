//! [`Worker`]: a resource and its place among the workers of a pool.
//!
//! A worker is one of: idle on the pool's shelf, busy with a piece of work, or in upkeep (made, probed, destroyed).
//! Its [`Slot`] counts it, whatever becomes of it: the count goes down when the slot is dropped, be it by a panic or
//! the end of the runtime. No slot is dropped under the pool's lock.

use std::sync::{Arc, Weak};

use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::control::Control;
use super::resource::{Back, Loan, Resource};
use super::shared::Shared;

/// The place of one worker.
pub(super) struct Slot<T: Send + 'static> {
    /// In the list of what runs.
    pub(super) place: usize,
    /// Not one of the pool's workers: made for one call of `run_now`, and destroyed after it.
    pub(super) temporary: bool,
    /// Its resource is being made.
    pub(super) starting: bool,
    pub(super) shared: Weak<Shared<T>>,
    /// What a stop waits for.
    pub(super) _alive: TaskTrackerToken,
}

impl<T: Send + 'static> Slot<T> {
    pub(super) fn with(self, value: T) -> Worker<T> {
        Worker {
            slot: self,
            value: Box::new(value),
            loan: Arc::default(),
            idle_since: None,
        }
    }
}

impl<T: Send + 'static> Drop for Slot<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.forget(self);
        }
    }
}

/// A resource and its place.
pub(super) struct Worker<T: Send + 'static> {
    pub(super) slot: Slot<T>,
    pub(super) value: Box<T>,
    loan: Arc<Loan<T>>,
    /// Since when it lies on the shelf, where that matters.
    pub(super) idle_since: Option<Instant>,
}

impl<T: Send + 'static> Worker<T> {
    /// Puts the resource into somebody's hands.
    pub(super) fn lend(self, control: &Arc<Control>) -> (Resource<T>, Lent<T>) {
        let Self {
            slot, value, loan, ..
        } = self;
        let resource = Resource::lent(value, Arc::clone(&loan), Arc::clone(control));
        (resource, Lent { slot, loan })
    }

    /// The resource, and its empty place.
    pub(super) fn take(self) -> (T, Slot<T>) {
        (*self.value, self.slot)
    }
}

/// A worker without its resource.
pub(super) struct Lent<T: Send + 'static> {
    slot: Slot<T>,
    loan: Arc<Loan<T>>,
}

impl<T: Send + 'static> Lent<T> {
    pub(super) fn is_temporary(&self) -> bool {
        self.slot.temporary
    }

    /// The worker and whether its resource was said to be broken; itself where the resource is still out.
    pub(super) fn collect(self) -> Result<(Worker<T>, bool), Self> {
        match self.loan.collect() {
            Some(back) => Ok(self.with(back)),
            None => Err(self),
        }
    }

    /// Calls `home` with the same when the resource comes back, at once where it has.
    pub(super) fn when_back(self, home: impl FnOnce(Worker<T>, bool) + Send + 'static) {
        let loan = Arc::clone(&self.loan);
        loan.when_back(move |back| {
            let (worker, marked) = self.with(back);
            home(worker, marked);
        });
    }

    fn with(self, back: Back<T>) -> (Worker<T>, bool) {
        let Self { slot, loan } = self;
        let worker = Worker {
            slot,
            value: back.value,
            loan,
            idle_since: None,
        };
        (worker, back.marked)
    }
}
