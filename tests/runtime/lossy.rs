//! A store that fails at a chosen change: before it is carried out, or after it, with the answer lost on the way.
//!
//! In: any store. Out: the same store, whose n-th change fails as told, once, as a connection that breaks does. Each change
//! is one commit, so counting through them meets every commit point of a program.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use tasker_store::{
    Admin, Attempt, Beat, Capabilities, Changed, Claimed, Declaration, Diff, Due, DueSchedules,
    Enqueued, ErrorKind, Fate, Fire, Fired, Held, Job, JobId, JobQuery, JobRef, Lease, LogLine,
    Migrate, NewJob, NewSchedule, NewWorker, Note, Outlook, Queue, Result, Schedule,
    ScheduleChange, ScheduleId, ScheduleQuery, ScheduleState, SchemaStep, Settle, Settled, Store,
    StoreError, Sweep, Task, Wakes, Worker, WorkerId,
};

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The change never arrives.
    Question,
    /// It is carried out, and nobody hears of it.
    Answer,
}

/// The store; clones and handles taken from it count together.
#[derive(Clone, Debug)]
pub(crate) struct Lossy {
    store: Arc<dyn Store>,
    lost: Lost,
    /// How many changes go well before the one that does not.
    before: Arc<AtomicUsize>,
    /// What that was.
    what: Arc<OnceLock<&'static str>>,
}

impl Lossy {
    /// `store`, of whose changes the one after so many is lost.
    pub(crate) fn new(store: Arc<dyn Store>, lost: Lost, after: usize) -> Self {
        Self {
            store,
            lost,
            before: Arc::new(AtomicUsize::new(after)),
            what: Arc::default(),
        }
    }

    /// The change that was lost, where it has been reached.
    pub(crate) fn lost(&self) -> Option<&'static str> {
        self.what.get().copied()
    }

    async fn change<T>(
        &self,
        op: &'static str,
        change: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        // From 0 it goes round to the largest number there is, and stays.
        let before = self
            .before
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                (left != usize::MAX).then(|| left.wrapping_sub(1))
            });
        let cut = || {
            let _ = self.what.set(op);
            StoreError::new(ErrorKind::Unavailable, op, "the connection broke, as told")
        };
        match (before, self.lost) {
            (Ok(0), Lost::Question) => Err(cut()),
            (Ok(0), Lost::Answer) => {
                change.await?;
                Err(cut())
            }
            _ => change.await,
        }
    }
}

macro_rules! lossy {
    (
        changes { $($change:ident($($given:ident: $kind:ty),*) -> $told:ty;)* }
        questions { $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }
    ) => {
        #[async_trait]
        impl Store for Lossy {
            async fn detach(&self) -> Result<Arc<dyn Store>> {
                let store = self.store.detach().await?;
                Ok(Arc::new(Self { store, ..self.clone() }))
            }

            fn capabilities(&self) -> Capabilities {
                self.store.capabilities()
            }

            fn wakes(&self) -> Wakes {
                self.store.wakes()
            }

            fn work_wakes(&self) -> Wakes {
                self.store.work_wakes()
            }

            fn as_any(&self) -> &dyn Any {
                self.store.as_any()
            }

            $(async fn $change(&self, $($given: $kind),*) -> $told {
                self.change(stringify!($change), self.store.$change($($given),*)).await
            })*

            $(async fn $name(&self, $($argument: $type),*) -> $answer {
                self.store.$name($($argument),*).await
            })*
        }
    };
}

lossy! {
    changes {
        enqueue(jobs: Vec<NewJob>) -> Result<Vec<Enqueued>>;
        declare(declaration: Declaration) -> Result<Diff>;
        join(worker: NewWorker) -> Result<()>;
        beat(worker: WorkerId) -> Result<Beat>;
        leave(worker: WorkerId) -> Result<()>;
        settle(settle: Settle) -> Result<Settled>;
        release(leases: Vec<Lease>, due: Due) -> Result<Vec<Fate>>;
        note(notes: Vec<Note>) -> Result<Vec<Fate>>;
        promote(limit: u32) -> Result<Sweep>;
        rescue(limit: u32) -> Result<Sweep>;
        prune(limit: u32) -> Result<Sweep>;
        fire_all(steps: Vec<Fire>) -> Result<Vec<Fired>>;
        hold(name: &str, holder: WorkerId, ttl: Duration) -> Result<Held>;
        extend(name: &str, holder: WorkerId, token: i64, ttl: Duration) -> Result<Held>;
        let_go(name: &str, holder: WorkerId, token: i64) -> Result<()>;
    }
    questions {
        open(migrate: Migrate) -> Result<()>;
        close() -> Result<()>;
        unheard(worker: WorkerId, known: Vec<Lease>) -> Result<Vec<Claimed>>;
        outlook() -> Result<Outlook>;
        due(limit: u32) -> Result<DueSchedules>;
        job(job: JobRef) -> Result<Option<Job>>;
    }
}

macro_rules! administration {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Admin for Lossy {
            $(async fn $name(&self, $($argument: $type),*) -> $answer {
                self.store.$name($($argument),*).await
            })*
        }
    };
}

administration! {
    jobs(query: JobQuery) -> Result<Vec<Job>>;
    attempts(job: JobId) -> Result<Vec<Attempt>>;
    log(job: JobId) -> Result<Vec<LogLine>>;
    queues() -> Result<Vec<Queue>>;
    workers() -> Result<Vec<Worker>>;
    schedules() -> Result<Vec<Schedule>>;
    tasks() -> Result<Vec<Task>>;
    unknown() -> Result<Vec<(String, u64)>>;
    cancel(job: JobId) -> Result<Changed>;
    pause(job: JobId) -> Result<Changed>;
    resume(job: JobId) -> Result<Changed>;
    rerun(job: JobId) -> Result<Changed>;
    delete(job: JobId, deleted: bool) -> Result<Changed>;
    pause_queue(queue: &str, paused: bool) -> Result<()>;
    enable_task(alias: &str, enabled: bool) -> Result<bool>;
    pause_schedule(name: &str, paused: bool) -> Result<bool>;
    select_schedules(query: ScheduleQuery) -> Result<Vec<Schedule>>;
    schedule(name: &str) -> Result<Option<Schedule>>;
    create_schedule(new: NewSchedule, draft: bool) -> Result<ScheduleChange>;
    update_schedule(schedule: ScheduleId, version: i64, to: NewSchedule, state: Option<ScheduleState>) -> Result<ScheduleChange>;
    delete_schedule(name: &str, deleted: bool) -> Result<ScheduleChange>;
    erase_schedule(name: &str) -> Result<bool>;
    enqueue_for(schedule: ScheduleId, jobs: Vec<NewJob>) -> Result<Option<Vec<Enqueued>>>;
    schema() -> Result<Vec<SchemaStep>>;
}
