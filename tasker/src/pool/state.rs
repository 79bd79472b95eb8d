//! [`State`]: what is under a pool's lock.

use std::time::Duration;

use tokio::time::Instant;

use super::queue::Queue;
use super::running::Running;
use super::work::Queued;
use super::worker::Worker;

/// How far a pool is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Takes no more work, and does what it has.
    Draining,
    /// Starts nothing any more.
    Cut,
}

pub(super) struct State<T: Send + 'static> {
    pub(super) phase: Phase,
    /// Whether `kill` was called.
    pub(super) killed: bool,
    /// How much work a stop has cut short.
    pub(super) cut: u64,
    /// Whether the pool was used.
    pub(super) started: bool,
    pub(super) workers: usize,
    pub(super) starting: usize,
    pub(super) temporary: usize,
    /// The one that is idle for the longest comes first.
    pub(super) idle: Vec<Worker<T>>,
    pub(super) queue: Queue<Queued<T>>,
    pub(super) running: Running,
    /// What the scaling looks at, counted from the beginning.
    pub(super) tally: Tally,
    /// When a resource could last not be made.
    pub(super) create_failed: Option<Instant>,
    /// Whether a worker was made for work that had lost its last one, and is not there yet.
    pub(super) revived: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) arrived: u64,
    /// Attempts that ended.
    pub(super) finished: u64,
    /// How long they took together.
    pub(super) busy: Duration,
}

impl<T: Send + 'static> State<T> {
    pub(super) fn new(starvation_bound: Option<u32>) -> Self {
        Self {
            phase: Phase::Open,
            killed: false,
            cut: 0,
            started: false,
            workers: 0,
            starting: 0,
            temporary: 0,
            idle: Vec::new(),
            queue: Queue::new(starvation_bound),
            running: Running::default(),
            tally: Tally::default(),
            create_failed: None,
            revived: false,
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, ran: Option<Duration>) {
        if let Some(ran) = ran {
            self.finished += 1;
            self.busy += ran;
        }
    }
}
