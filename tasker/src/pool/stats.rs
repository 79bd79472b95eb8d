//! [`Stats`]: a pool as it is at this moment.

use super::shared::Shared;

/// A pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How many workers there are at rest.
    pub min_workers: usize,
    /// How many there are at the most.
    pub max_workers: usize,
    /// Workers, those counted whose resource is being made, probed or destroyed.
    pub workers: usize,
    /// Workers whose resource is being made.
    pub starting: usize,
    /// Workers that have nothing to do.
    pub idle: usize,
    /// Work that runs, or waits for its resource to be replaced; `run_now` included.
    pub running: usize,
    /// Work that waits for a worker.
    pub queued: usize,
    /// That part of it that was submitted with high priority.
    pub queued_high: usize,
    /// Resources made for one call of `run_now`.
    pub temporary: usize,
}

impl Stats {
    /// How many workers there are above the number at rest.
    pub fn extra(&self) -> usize {
        self.workers.saturating_sub(self.min_workers)
    }

    pub(super) fn of<T: Send + 'static>(shared: &Shared<T>) -> Self {
        let state = shared.lock();
        Self {
            min_workers: shared.options.workers,
            max_workers: shared.options.max_workers,
            workers: state.workers,
            starting: state.starting,
            idle: state.idle.len(),
            running: state.running.len(),
            queued: state.queue.len(),
            queued_high: state.queue.high(),
            temporary: state.temporary,
        }
    }
}
