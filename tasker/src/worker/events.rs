//! What happens inside a worker, for tests and observers that wait for it.

use tasker_store::{JobId, JobState, WorkerId};
use tokio::sync::broadcast;

/// One thing that happened in a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerEvent {
    /// It joined, or joined anew, under this id.
    Joined(WorkerId),
    /// An attempt of this job started.
    Started(JobId),
    /// An attempt ended and the job is now in this state.
    Ended(JobId, JobState),
    /// A write of this job's attempt was refused: its lease went to somebody else.
    LostLease(JobId),
    /// Its own lease is over, or nearly: it stops its handlers and claims nothing until it has joined anew.
    Fenced,
    /// It looked for jobs and found fewer than it has slots for.
    Idle,
}

/// Sends events to whoever listens; a listener may fall 4,096 events behind.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<WorkerEvent>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(4096),
        }
    }

    pub(crate) fn send(&self, event: WorkerEvent) {
        // An error means that nobody listens.
        let _ = self.sender.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<WorkerEvent> {
        self.sender.subscribe()
    }
}
