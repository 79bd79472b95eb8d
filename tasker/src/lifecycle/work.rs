//! The worker and the schedule runner as parts of a program.
//!
//! In: the stop of the program. Out: a worker's own stop, so that its grace time counts and its jobs are given back.

use std::convert::Infallible;
use std::sync::Arc;

use super::failure::Failure;
use super::part::{BoxPart, Part, Repeatable, SharedPart};
use super::shutdown::Shutdown;
use crate::client::Tasker;
use crate::declaration;
use crate::error::Result;
use crate::maintenance;
use crate::worker::{Stopper, Worker, WorkerBuilder};

/// Works until the stop; its grace time is its own, see [`WorkerBuilder::grace`]. A second signal gives its jobs back
/// at once.
impl Part for Worker {
    fn into_box(self) -> BoxPart {
        BoxPart::new(|shutdown| Box::pin(async move { work(self, shutdown).await }))
    }
}

/// Builds a worker, and works until the stop.
impl Part for WorkerBuilder {
    fn into_box(self) -> BoxPart {
        self.into_shared().into_box()
    }
}

impl Repeatable for WorkerBuilder {
    fn into_shared(self) -> SharedPart {
        SharedPart::new(move |shutdown| {
            let worker = self.clone().build();
            Box::pin(async move { work(worker.map_err(Failure::new)?, shutdown).await })
        })
    }
}

async fn work(worker: Worker, shutdown: Shutdown) -> Result<(), Failure> {
    let stopper = worker.stopper();
    tokio::select! {
        biased;
        ended = worker.run() => ended.map(drop).map_err(Failure::new),
        never = stop(&stopper, &shutdown) => match never {},
    }
}

async fn stop(stopper: &Stopper, shutdown: &Shutdown) -> Infallible {
    shutdown.cancelled().await;
    stopper.stop();
    shutdown.forced().await;
    stopper.stop_now();
    std::future::pending().await
}

/// Turns due occurrences of this binary's schedules into jobs, and runs none: a part of a program that leaves the work
/// to others. Made by [`Tasker::schedule_runner`]; a worker has one of its own.
#[derive(Clone, Debug)]
#[must_use = "nothing runs until this is part of something that is awaited"]
pub struct ScheduleRunner {
    tasker: Tasker,
}

impl ScheduleRunner {
    pub(crate) fn new(tasker: &Tasker) -> Self {
        Self {
            tasker: tasker.clone(),
        }
    }

    async fn run(self, shutdown: Shutdown) -> Result<()> {
        let store = Arc::clone(self.tasker.store().await?);
        declaration::declare(&self.tasker, store.as_ref()).await?;
        let running = maintenance::run_schedules(self.tasker.clone(), store);
        // An error is what was asked for.
        let _ = shutdown.run_until_cancelled(running).await;
        Ok(())
    }
}

impl Part for ScheduleRunner {
    fn into_box(self) -> BoxPart {
        self.into_shared().into_box()
    }
}

impl Repeatable for ScheduleRunner {
    fn into_shared(self) -> SharedPart {
        SharedPart::new(move |shutdown| {
            let runner = self.clone();
            Box::pin(async move { runner.run(shutdown).await.map_err(Failure::new) })
        })
    }
}
