//! News from the store: hints that looking again is worth it.
//!
//! A wake may be late, doubled or lost; a loss is told as [`Wake::Gap`]. Nobody may rely on one: whoever waits
//! also looks from time to time.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::job::JobId;

/// One piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Jobs became ready.
    Ready,
    /// This job ended.
    Finished(JobId),
    /// Something an operator or a declaration changed: queues, tasks, schedules, cancels.
    Control,
    /// Something may have been missed: look at everything.
    Gap,
}

/// A receiver of wakes.
#[derive(Debug)]
pub struct Wakes {
    receiver: broadcast::Receiver<Wake>,
}

impl Wakes {
    /// The next wake; a receiver that fell behind gets [`Wake::Gap`]. Never returns when the sender is gone.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Wake {
        match self.receiver.recv().await {
            Ok(wake) => wake,
            Err(RecvError::Lagged(_)) => Wake::Gap,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The sending side, for backends.
#[derive(Clone, Debug)]
pub struct Waker {
    sender: broadcast::Sender<Wake>,
}

impl Waker {
    /// A sender whose receivers may fall 1,024 wakes behind.
    pub fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(1024),
        }
    }

    /// Tells everyone who listens.
    pub fn wake(&self, wake: Wake) {
        // An error means that nobody listens.
        let _ = self.sender.send(wake);
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// A new receiver.
    pub fn wakes(&self) -> Wakes {
        Wakes {
            receiver: self.sender.subscribe(),
        }
    }
}

impl Default for Waker {
    fn default() -> Self {
        Self::new()
    }
}
