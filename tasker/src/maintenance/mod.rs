//! Maintenance: what keeps a store in order while workers use it. One actor per file, all started and stopped
//! the same way.
//!
//! In: the store. Out: due jobs made ready, jobs of dead workers taken back, old jobs deleted, due schedules
//! fired, this binary declared again. Every process that works runs them; each step is safe in any number of
//! processes at once.

pub(crate) mod declarer;
mod promoter;
mod pruner;
mod rescuer;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tasker_store::{Result, Store, Sweep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::client::Tasker;
use crate::schedule::runner;

/// Rows changed by one sweep at the most, so that no statement is long.
const BATCH: u32 = 500;

/// The actors at work. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Actors {
    tracker: TaskTracker,
    stop: DropGuard,
}

impl Actors {
    /// Stops them and waits until each has ended its step.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.tracker.close();
        // A step that hangs on the store must not hold up the process.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.tracker.wait()).await;
    }
}

/// Starts the actors.
pub(crate) fn start(tasker: &Tasker, store: &Arc<dyn Store>, schedules: bool) -> Actors {
    let tracker = TaskTracker::new();
    let stop = CancellationToken::new();
    let spawn = |actor: crate::task::BoxFuture<'static, ()>| {
        let stop = stop.clone();
        tracker.spawn(async move { stop.run_until_cancelled(actor).await });
    };
    spawn(Box::pin(promoter::run(Arc::clone(store))));
    spawn(Box::pin(rescuer::run(Arc::clone(store))));
    spawn(Box::pin(pruner::run(Arc::clone(store))));
    spawn(Box::pin(declarer::run(tasker.clone(), Arc::clone(store))));
    if schedules {
        spawn(Box::pin(runner::run(tasker.clone(), Arc::clone(store))));
    }
    Actors {
        tracker,
        stop: stop.drop_guard(),
    }
}

/// Sweeps for ever: until nothing is left each time, then again after `every`, or sooner where the store says
/// that something will be due.
async fn sweep_for_ever<F, Fut>(name: &'static str, every: Duration, sweep: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Sweep>>,
{
    loop {
        let wait = match sweep().await {
            Ok(swept) => {
                if swept.done > 0 {
                    tracing::debug!(sweep = name, jobs = swept.done, "swept");
                }
                if swept.more {
                    continue;
                }
                swept.next_in.map_or(every, |next| next.min(every))
            }
            Err(error) => {
                tracing::warn!(sweep = name, %error, "a sweep failed; trying again");
                every
            }
        };
        // A moment at least, or a clock that stands still would make this spin.
        tokio::time::sleep(wait.max(Duration::from_millis(5))).await;
    }
}
