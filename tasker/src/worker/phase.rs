//! How far a worker's stop has come, and the handle that asks for it.

use tokio::sync::watch;

/// The phases of a worker's life, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// At work.
    Run,
    /// No claims; what runs may end in peace.
    Drain,
    /// What runs was told to end.
    Cancel,
    /// What runs is given back now.
    Release,
}

/// Asks a worker to stop. Cheap to clone; usable from any thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    phase: watch::Sender<Phase>,
}

impl Stopper {
    pub(crate) fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Run),
        }
    }

    /// Stops gracefully: no further claims; running handlers have the grace time, then their token fires; what
    /// still runs 3 s later is given back to its queue with the attempt not counted. Harmless when repeated.
    pub fn stop(&self) {
        self.advance(Phase::Drain);
    }

    /// Stops at once: what runs is given back now.
    pub fn stop_now(&self) {
        self.advance(Phase::Release);
    }

    pub(crate) fn advance(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let later = to > *phase;
            *phase = (*phase).max(to);
            later
        });
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }
}
