//! The worker: claims jobs, runs them, and tells the store what came of them.
//!
//! ```text
//! heartbeat (own thread) ──news──→ settler ⇄ store (one exchange at a time, or two)
//!                                   │  ↑
//!                             attempts  finishes
//!                                   ↓  │
//!                                  executors (one per slot)
//! ```
//!
//! In: a [`Tasker`], how many jobs at a time, which queues. Out: a [`Summary`] when it has stopped. Beside the
//! settler run the maintenance (promoter, rescuer, pruner) and the schedule runner; all of them are harmless in
//! any number of processes. Read next: `settler` (the loop), `executor` (one attempt), `heartbeat` (the lease).

pub(crate) mod attempt;
mod backlog;
mod doubt;
mod events;
mod exchange;
pub(crate) mod executor;
mod flights;
pub(crate) mod heartbeat;
pub(crate) mod identity;
mod outcome;
pub(crate) mod panics;
mod phase;
mod remaining;
mod roster;
mod settler;
mod slots;
mod state;

use std::sync::Arc;
use std::time::Duration;

use tasker_store::{NewWorker, Store, WorkerId, check_queue_name};
use tokio::sync::broadcast;

pub use events::WorkerEvent;
pub use phase::Stopper;

use self::events::Events;
use self::heartbeat::{Heartbeat, News, Pulse};
use self::settler::{Patience, Settler};
use self::slots::Slots;
use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::{declaration, maintenance};

/// How a [`Worker`] is made. Made by [`Tasker::worker`].
#[derive(Clone, Debug)]
pub struct WorkerBuilder {
    tasker: Tasker,
    name: Option<String>,
    concurrency: u32,
    prefetch: u32,
    queues: Vec<(String, Option<u32>)>,
    lease: Duration,
    grace: Duration,
    until_empty: bool,
    schedules: bool,
}

impl WorkerBuilder {
    pub(crate) fn new(tasker: &Tasker) -> Self {
        Self {
            tasker: tasker.clone(),
            name: None,
            concurrency: 10,
            prefetch: 0,
            queues: Vec::new(),
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(25),
            until_empty: false,
            schedules: true,
        }
    }

    /// A name that stands for this worker whatever process it is, 1 to 128 printable characters. Jobs left by an earlier
    /// process of that name run again at once when this one starts, without waiting for the end of a lease; where that one
    /// still works somewhere else it loses its lease, its jobs and the name. So give each worker a name of its own, such as that of its
    /// pod or unit. Default: host and process id, which stand for nothing; even then the jobs of a process on this machine that
    /// is seen to be gone run again at once.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many jobs run at a time, at least 1. Default: 10.
    #[must_use]
    pub fn concurrency(mut self, jobs: u32) -> Self {
        self.concurrency = jobs;
        self
    }

    /// How many jobs it claims ahead of time and holds until a slot is free, so that short jobs need not wait for the
    /// store. Default: 0. Meant for jobs of milliseconds: what is held here is not there for other workers. A job held in a
    /// process that dies comes back without having spent an attempt, as does one that a stop finds not started. Of a
    /// queue with a bound of its own no more are taken than that bound. At most 10,000.
    #[must_use]
    pub fn prefetch(mut self, jobs: u32) -> Self {
        self.prefetch = jobs;
        self
    }

    /// Serves these queues only, each with at most so many jobs at a time where a number is given. Default: every
    /// queue in the store.
    #[must_use]
    pub fn queues(mut self, queues: Vec<(String, Option<u32>)>) -> Self {
        self.queues = queues;
        self
    }

    /// How long after its last beat the worker counts as dead and its jobs go to others, at least 1 s. Default:
    /// 30 s. It beats six times as often.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long running handlers may take after a stop before their token fires. Default: 25 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Stops when nothing is queued, running or retrying; parked jobs (unknown or disabled task, paused queue) do
    /// not count. Default: off.
    #[must_use]
    pub fn until_empty(mut self, until_empty: bool) -> Self {
        self.until_empty = until_empty;
        self
    }

    /// Whether this process also turns due occurrences of schedules into jobs. Default: on.
    #[must_use]
    pub fn schedules(mut self, schedules: bool) -> Self {
        self.schedules = schedules;
        self
    }

    /// Checks everything that can be wrong before the first claim, and reports all of it together.
    pub fn build(self) -> Result<Worker> {
        let mut faults = Vec::new();
        if self.concurrency == 0 || self.queues.iter().any(|(_, own)| *own == Some(0)) {
            faults.push(
                "a worker runs at least 1 job at a time: give a concurrency above 0".to_owned(),
            );
        }
        if self.prefetch > MOST_HELD {
            faults.push(format!(
                "a worker holds at most {MOST_HELD} jobs ahead of time, and prefetch asks for {}",
                self.prefetch
            ));
        }
        if self.lease < Duration::from_secs(1) {
            faults.push("a lease lasts at least 1s".to_owned());
        }
        faults.extend((self.name.iter()).filter_map(|name| identity::check_name(name).err()));
        faults.extend(
            self.queues
                .iter()
                .filter_map(|(name, _)| check_queue_name(name).err()),
        );
        let registry = self.tasker.registry();
        if registry.is_empty() {
            faults.push(NO_TASKS.to_owned());
        }
        for task in registry.iter() {
            let missing = (task.missing)(self.tasker.states());
            faults.extend(
                missing
                    .into_iter()
                    .map(|fault| format!("task `{}`: {fault}", task.alias)),
            );
        }
        if let Err(error) = declaration::of(&self.tasker) {
            faults.push(error.to_string());
        }
        if !faults.is_empty() {
            return Err(Error::Setup(faults.join("\n")));
        }
        if cfg!(panic = "abort") {
            tracing::warn!("built with panic = \"abort\": a handler that panics ends this process");
        }
        Ok(Worker {
            options: self,
            events: Events::new(),
            stopper: Stopper::new(),
        })
    }
}

/// The most jobs that a worker holds ahead of time: whoever takes them back from a dead one does so in one go.
const MOST_HELD: u32 = 10_000;

/// What to say where a binary has no task at all.
pub(crate) const NO_TASKS: &str = "this binary contains no task: annotate a function with `#[task]`; where the \
     tasks are in another crate, name it, as in `#[tasker::main(tasks = [my_tasks])]`, or it is not linked";

/// Claims and runs jobs until it is stopped.
#[derive(Debug)]
pub struct Worker {
    options: WorkerBuilder,
    events: Events,
    stopper: Stopper,
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Jobs that succeeded.
    pub succeeded: u64,
    /// Jobs that failed for good.
    pub failed: u64,
    /// Jobs that were canceled while they ran.
    pub canceled: u64,
    /// Attempts that failed and will be followed by another.
    pub retried: u64,
    /// Attempts that asked to be run later.
    pub snoozed: u64,
    /// Jobs given back unfinished.
    pub released: u64,
    /// Whether the stop cut attempts short.
    pub forced: bool,
}

impl Worker {
    /// The handle that stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// What happens in it from now on.
    pub fn events(&self) -> broadcast::Receiver<WorkerEvent> {
        self.events.subscribe()
    }

    /// Works until [`Stopper::stop`]; declares this binary's tasks and schedules first. An error where the store
    /// refuses the worker at its start; later trouble is waited out.
    pub async fn run(self) -> Result<Summary> {
        let tasker = self.options.tasker.clone();
        let store = Arc::clone(tasker.store().await?);
        declaration::declare(&tasker, store.as_ref()).await?;
        let pulse = Pulse::of(self.options.lease);
        let mut heart =
            heartbeat::start(Arc::clone(&store), self.announcement(), pulse).map_err(|error| {
                Error::Setup(format!("the heartbeat's thread could not start: {error}"))
            })?;
        // Whatever way this function is left, also by being dropped, the thread and the actors end.
        let _beating = heart.stop.clone().drop_guard();
        let id = match heart.news.recv().await {
            Some(News::Joined(id)) => id,
            Some(News::Refused(error)) => return Err(error.into()),
            other => {
                return Err(Error::Setup(format!(
                    "the heartbeat ended at its start ({other:?})"
                )));
            }
        };
        self.events.send(WorkerEvent::Joined(id));
        let actors = maintenance::start(&tasker, &store, self.options.schedules);
        let stop = heart.stop.clone();
        let done = heart.done.clone();
        let summary = self.settler(&tasker, &store, id, heart, pulse).run().await;
        actors.stop().await;
        stop.cancel();
        done.cancelled().await;
        if let Ok((id, _)) = &summary {
            leave(store.as_ref(), *id).await;
        }
        Ok(summary?.1)
    }

    fn settler(
        self,
        tasker: &Tasker,
        store: &Arc<dyn Store>,
        id: WorkerId,
        heart: Heartbeat,
        pulse: Pulse,
    ) -> Settler {
        let known: Vec<String> = tasker
            .registry()
            .iter()
            .map(|task| task.alias.to_owned())
            .collect();
        Settler {
            tasker: tasker.clone(),
            store: Arc::clone(store),
            id,
            concurrency: self.options.concurrency,
            prefetch: self.options.prefetch,
            slots: Slots::new(
                self.options
                    .concurrency
                    .saturating_add(self.options.prefetch),
                self.options.queues,
            ),
            known: known.into(),
            events: self.events,
            stopper: self.stopper,
            news: heart.news,
            patience: Patience {
                grace: self.options.grace,
                after_cancel: Duration::from_secs(3),
                after_release: Duration::from_millis(800),
            },
            lease: pulse.lease,
            fence: pulse.fence,
            until_empty: self.options.until_empty,
        }
    }

    fn announcement(&self) -> NewWorker {
        let host = host();
        let name = self.options.name.clone();
        NewWorker {
            id: WorkerId::generate(),
            named: name.is_some(),
            name: name.unwrap_or_else(|| identity::default_name(&host)),
            host,
            pid: std::process::id(),
            process: identity::process(),
            lease: self.options.lease,
            concurrency: self.options.concurrency,
            queues: self
                .options
                .queues
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            // The heartbeat knows when it looks at the list.
            replaces: Vec::new(),
        }
    }
}

/// Takes the worker off the list, if the store answers soon; its lease ends by itself otherwise.
async fn leave(store: &dyn Store, id: WorkerId) {
    let left = tokio::time::timeout(Duration::from_secs(1), store.leave(id)).await;
    if !matches!(left, Ok(Ok(()))) {
        tracing::warn!(worker = %id, "could not take leave of the store; the lease will end by itself");
    }
}

/// This machine's name, for people.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}
