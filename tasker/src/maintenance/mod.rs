//! Maintenance: what keeps a store in order while workers use it. One actor per file, all started and stopped
//! the same way.
//!
//! In: the store. Out: due jobs made ready, jobs of dead workers taken back, old jobs deleted, due schedules
//! fired, this binary declared again. Every process that works runs them; each step is safe in any number of
//! processes at once. The lookout knows when there is something to do, and sets the others' alarms.

mod alarm;
mod declarer;
mod lookout;
mod promoter;
mod pruner;
mod rescuer;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tasker_store::{Result, Store, Sweep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub(crate) use self::alarm::Alarm;
use self::lookout::Alarms;
use crate::client::Tasker;
use crate::schedule::runner;

/// Rows changed by one sweep at the most, so that no statement is long.
const BATCH: u32 = 500;
/// How long after a failure a step is tried again.
pub(crate) const TRY_AGAIN: Duration = Duration::from_secs(1);
/// The shortest pause between two steps, or a clock that stands still would make an actor spin.
pub(crate) const MOMENT: Duration = Duration::from_millis(5);

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
    let alarms = Alarms::default();
    let shared = || Arc::clone(store);
    spawn(Box::pin(promoter::run(shared(), alarms.promote.clone())));
    spawn(Box::pin(rescuer::run(shared(), alarms.rescue.clone())));
    spawn(Box::pin(pruner::run(shared(), alarms.prune.clone())));
    spawn(Box::pin(declarer::run(tasker.clone(), shared())));
    if schedules {
        let alarm = alarms.fire.clone();
        spawn(Box::pin(runner::run(tasker.clone(), shared(), alarm)));
    }
    spawn(Box::pin(lookout::run(shared(), alarms)));
    Actors {
        tracker,
        stop: stop.drop_guard(),
    }
}

/// Fires due schedules and declares this binary again and again, and does nothing else.
pub(crate) async fn run_schedules(tasker: Tasker, store: Arc<dyn Store>) {
    let alarms = Alarms::default();
    let fire = alarms.fire.clone();
    tokio::join!(
        declarer::run(tasker.clone(), Arc::clone(&store)),
        runner::run(tasker, Arc::clone(&store), fire),
        lookout::run(store, alarms),
    );
}

/// Sweeps whenever the alarm goes off, each time until nothing is left, and not again within `pause`.
async fn sweep_at<F, Fut>(name: &'static str, alarm: Alarm, pause: Duration, sweep: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Sweep>>,
{
    loop {
        alarm.wait().await;
        loop {
            match sweep().await {
                Ok(swept) => {
                    if swept.done > 0 {
                        tracing::debug!(sweep = name, jobs = swept.done, "swept");
                    }
                    if swept.more {
                        continue;
                    }
                    if let Some(next) = swept.next_in {
                        alarm.within(next);
                    }
                }
                Err(error) => {
                    tracing::warn!(sweep = name, %error, "a sweep failed; trying again");
                    alarm.within(TRY_AGAIN);
                }
            }
            break;
        }
        tokio::time::sleep(pause).await;
    }
}
