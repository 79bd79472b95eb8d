//! A worker at work in this process.

use tasker::{Summary, Tasker, WorkerBuilder, WorkerEvent};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::process::soon;

pub(crate) struct Working {
    pub(crate) stopper: tasker::Stopper,
    events: broadcast::Receiver<WorkerEvent>,
    handle: JoinHandle<tasker::Result<Summary>>,
    /// Those that were passed over.
    seen: Vec<WorkerEvent>,
}

impl Working {
    pub(crate) fn start(tasker: &Tasker) -> Self {
        Self::with(tasker, |worker| worker)
    }

    pub(crate) fn with(tasker: &Tasker, set: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let worker = set(tasker.worker()).build().expect("it is set up well");
        Self {
            stopper: worker.stopper(),
            events: worker.events(),
            handle: tokio::spawn(worker.run()),
            seen: Vec::new(),
        }
    }

    /// Waits for an event that `wanted` likes.
    pub(crate) async fn event(&mut self, wanted: impl Fn(WorkerEvent) -> bool) -> WorkerEvent {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the worker is alive");
                self.seen.push(event);
                if wanted(event) {
                    return event;
                }
            }
        };
        soon(found).await
    }

    /// Stops it gracefully: what it did, and all that happened in it.
    pub(crate) async fn stop(mut self) -> (Summary, Vec<WorkerEvent>) {
        self.stopper.stop();
        let joined = soon(self.handle).await;
        let summary = joined.expect("it does not panic");
        while let Ok(event) = self.events.try_recv() {
            self.seen.push(event);
        }
        (summary.expect("the store does not fail"), self.seen)
    }
}

/// Works until nothing is left: what was done, and all that happened.
pub(crate) async fn drain(tasker: &Tasker) -> (Summary, Vec<WorkerEvent>) {
    let mut working = Working::with(tasker, |worker| worker.until_empty(true));
    let joined = soon(&mut working.handle).await;
    let summary = joined
        .expect("it does not panic")
        .expect("the store does not fail");
    while let Ok(event) = working.events.try_recv() {
        working.seen.push(event);
    }
    (summary, working.seen)
}
