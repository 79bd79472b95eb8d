//! [`Group`] and [`background`]: parts that run while the code that started them goes on.
//!
//! In: parts, one by one. Out: the failure of all of them, to as many as ask. Over tokio-util's `TaskTracker`.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use super::failure::{Failure, both, real};
use super::part::Part;
use super::shutdown::{Shutdown, carried};

/// Parts that run in the background and stop together. Cheap to clone; every clone is the same group.
///
/// They stop with the part, or the handler, in which the group was made. As in a concurrence, the first failure stops
/// the others, unless the group is [`isolated`](Group::isolated). Dropped, a group lets its members go on.
///
/// ```
/// use tasker::lifecycle::{Group, Shutdown};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let group = Group::new();
/// for _ in 0..3 {
///     group.go(|shutdown: Shutdown| async move { shutdown.cancelled().await });
/// }
/// assert_eq!(group.len(), 3);
/// group.cancel();
/// group.wait().await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Group {
    members: TaskTracker,
    shutdown: Shutdown,
    outcome: Arc<Mutex<Result<(), Failure>>>,
    is_isolated: bool,
}

impl Group {
    /// An empty group.
    pub fn new() -> Self {
        Self {
            members: TaskTracker::new(),
            shutdown: Shutdown::current(),
            outcome: Arc::new(Mutex::new(Ok(()))),
            is_isolated: false,
        }
    }

    /// An empty group whose members do not stop each other by failing.
    pub fn isolated() -> Self {
        Self {
            is_isolated: true,
            ..Self::new()
        }
    }

    /// Starts `part` as a task of the runtime.
    pub fn go<P: Part<M>, M>(&self, part: P) {
        let group = self.clone();
        let run = part.run(self.shutdown.clone());
        self.members.spawn(carried(async move {
            let ended = run.await;
            if ended.is_err() && !group.is_isolated {
                group.shutdown.cancel();
            }
            let mut outcome = group.outcome();
            let before = std::mem::replace(&mut *outcome, Ok(()));
            *outcome = both(before, real(ended));
        }));
    }

    /// Waits until every member has ended. An error, the same for everyone who waits, where some have failed so far.
    pub async fn wait(&self) -> Result<(), Failure> {
        // A closed tracker takes new members all the same; closed, its emptiness is an end.
        self.members.close();
        self.members.wait().await;
        self.outcome().clone()
    }

    /// Tells the members to stop, those of the future too.
    pub fn cancel(&self) {
        self.shutdown.cancel();
    }

    /// How many members are running.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no member is running.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn outcome(&self) -> std::sync::MutexGuard<'_, Result<(), Failure>> {
        // A panic between two writes leaves nothing half done.
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

/// Starts `part` as a task of the runtime, and gives the handle on it.
///
/// ```
/// use tasker::lifecycle::{Shutdown, background};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let listening = background(|shutdown: Shutdown| async move { shutdown.cancelled().await });
/// assert!(listening.is_running());
/// listening.stop().await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
pub fn background<P: Part<M>, M>(part: P) -> Background {
    let group = Group::new();
    group.go(part);
    Background { group }
}

/// The handle on a part in the background. Cheap to clone. Dropped, it lets the part go on.
#[derive(Clone, Debug)]
pub struct Background {
    group: Group,
}

impl Background {
    /// Tells the part to stop, and waits until it has. Gives its failure; that it was told to stop is none.
    pub async fn stop(&self) -> Result<(), Failure> {
        self.group.cancel();
        self.join().await
    }

    /// Waits until the part has ended. Everyone who waits is given the same.
    pub async fn join(&self) -> Result<(), Failure> {
        self.group.wait().await
    }

    /// Whether the part is running.
    pub fn is_running(&self) -> bool {
        !self.group.is_empty()
    }
}
