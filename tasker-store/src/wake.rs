//! News from the store: hints that looking again is worth it.
//!
//! A wake may be late, doubled or lost; a loss is told as [`Wake::Gap`]. Nobody may rely on one: whoever waits
//! also looks from time to time, rarely where [`Wakes::are_prompt`], often where they are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::job::JobId;

/// One piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Jobs became ready.
    Ready,
    /// A job was put off, and is due in so long: whoever waits for due times need wait no longer than that.
    Due(Duration),
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
    /// Everything but the ends of jobs.
    work: broadcast::Receiver<Wake>,
    /// Those, which are as frequent as jobs are.
    ends: Option<broadcast::Receiver<Wake>>,
    prompt: Arc<AtomicBool>,
}

impl Wakes {
    /// The next wake; a receiver that fell behind gets [`Wake::Gap`]. Never returns when the sender is gone.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Wake {
        let received = match &mut self.ends {
            None => self.work.recv().await,
            Some(ends) => tokio::select! {
                received = self.work.recv() => received,
                received = ends.recv() => received,
            },
        };
        match received {
            Ok(wake) => wake,
            Err(RecvError::Lagged(_)) => Wake::Gap,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Whether the changes of every process are told within moments, so that whoever waits may look rarely. Where this
    /// changes, a [`Wake::Gap`] follows.
    pub fn are_prompt(&self) -> bool {
        self.prompt.load(Ordering::Relaxed)
    }
}

/// The sending side, for backends. Clones are one sender.
#[derive(Clone, Debug)]
pub struct Waker {
    id: Uuid,
    work: broadcast::Sender<Wake>,
    ends: broadcast::Sender<Wake>,
    prompt: Arc<AtomicBool>,
}

impl Waker {
    /// A sender whose receivers may fall some hundreds of wakes behind. Its wakes are not prompt until
    /// [`Waker::set_prompt`] says so.
    pub fn new() -> Self {
        Self {
            id: Uuid::new_v4(),
            work: broadcast::Sender::new(256),
            ends: broadcast::Sender::new(1024),
            prompt: Arc::default(),
        }
    }

    /// What tells this sender from those of other processes.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Tells everyone who listens.
    pub fn wake(&self, wake: Wake) {
        let channel = match wake {
            Wake::Finished(_) => &self.ends,
            _ => &self.work,
        };
        // An error means that nobody listens.
        let _ = channel.send(wake);
    }

    /// Tells those who wait for the ends of jobs, and nobody else, that some may have ended.
    pub fn wake_waiters(&self) {
        let _ = self.ends.send(Wake::Gap);
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.work.receiver_count() > 0
    }

    /// Whether anybody waits for the ends of jobs.
    pub fn is_awaited(&self) -> bool {
        self.ends.receiver_count() > 0
    }

    /// Says whether the changes of every process are told within moments, and tells of a gap where that is new.
    pub fn set_prompt(&self, prompt: bool) {
        if self.prompt.swap(prompt, Ordering::Relaxed) != prompt {
            self.wake(Wake::Gap);
        }
    }

    /// Whether they are.
    pub fn is_prompt(&self) -> bool {
        self.prompt.load(Ordering::Relaxed)
    }

    /// A new receiver.
    pub fn wakes(&self) -> Wakes {
        Wakes {
            ends: Some(self.ends.subscribe()),
            ..self.work_wakes()
        }
    }

    /// A new receiver of everything but the ends of jobs.
    pub fn work_wakes(&self) -> Wakes {
        Wakes {
            work: self.work.subscribe(),
            ends: None,
            prompt: Arc::clone(&self.prompt),
        }
    }
}

impl Default for Waker {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ends_are_told_to_those_who_wait_for_them_only() {
        let waker = Waker::new();
        let mut work = waker.work_wakes();
        assert!(!waker.is_awaited());
        let mut all = waker.wakes();
        assert!(waker.is_awaited());
        let id = JobId::generate();
        waker.wake(Wake::Finished(id));
        assert_eq!(all.next().await, Wake::Finished(id));
        waker.wake_waiters();
        assert_eq!(all.next().await, Wake::Gap);
        waker.wake(Wake::Ready);
        assert_eq!(all.next().await, Wake::Ready);
        assert_eq!(work.next().await, Wake::Ready);
    }

    #[tokio::test]
    async fn a_change_of_promptness_is_a_gap() {
        let waker = Waker::new();
        let mut wakes = waker.work_wakes();
        assert!(!wakes.are_prompt());
        waker.set_prompt(false);
        waker.set_prompt(true);
        assert!(wakes.are_prompt());
        assert_eq!(wakes.next().await, Wake::Gap);
        waker.wake(Wake::Control);
        assert_eq!(wakes.next().await, Wake::Control);
    }
}
