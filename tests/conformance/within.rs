//! A SQL store whose enqueues and finishes go through transactions of the application's: all that the suite says of them
//! holds on this way too.
//!
//! On PostgreSQL the application's connection knows nothing of the schema that the store is in.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{Database, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use servers::{Engine, shared};
use tasker_store::conformance::{Case, Fresh, Harness};
use tasker_store::{
    Admin, Attempt, Beat, Capabilities, Changed, Claimed, Declaration, Diff, Due, DueSchedules,
    Enqueued, Fate, Fire, Fired, Held, Job, JobId, JobQuery, JobRef, Lease, LogLine, Migrate,
    NewJob, NewSchedule, NewWorker, Note, Outlook, Queue, Result, Schedule, ScheduleChange,
    ScheduleId, ScheduleQuery, ScheduleState, SchemaStep, Settle, Settled, SqlStore, Store, Sweep,
    Task, TestClock, Wakes, Worker, WorkerId,
};

/// The chapters that are about what goes this way; the others only use it.
const CHAPTERS: [&str; 7] = [
    "enqueue/", "settle/", "stale/", "retry/", "cancel/", "notes/", "model/",
];

/// Whether this case is worth another look.
pub(crate) fn takes(backend: &str, case: &Case) -> bool {
    let mut chapters = CHAPTERS.iter();
    !backend.ends_with("-within") || chapters.any(|chapter| case.name.starts_with(chapter))
}

/// Makes stores that do so, of those of another backend. The application's connection is one to the server, that knows
/// nothing of the store's schema; without one [`SqlStore::begin`] is used.
pub(crate) struct Within<H>(pub(crate) H, pub(crate) Option<Engine>);

#[async_trait]
impl<H: Harness> Harness for Within<H> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        let Fresh { store, keep } = self.0.fresh(clock).await;
        let store: SqlStore = sql(store.as_ref()).clone();
        let application = match self.1 {
            Some(engine) => {
                let connected = Database::connect(shared(engine).await.url()).await;
                Some(connected.expect("the application connects"))
            }
            None => None,
        };
        let store = Arc::new(Through { store, application });
        Fresh { store, keep }
    }
}

fn sql(store: &dyn Store) -> &SqlStore {
    let sql = store.as_any().downcast_ref();
    sql.expect("only SQL stores have transactions")
}

#[derive(Debug)]
struct Through {
    store: SqlStore,
    application: Option<DatabaseConnection>,
}

impl Through {
    async fn begin(&self) -> DatabaseTransaction {
        let begun = match &self.application {
            Some(connection) => connection.begin().await,
            None => return self.store.begin().await.expect("a transaction begins"),
        };
        begun.expect("a transaction begins")
    }
}

/// Ends a transaction in accordance with what came of it.
async fn ended<T>(tx: DatabaseTransaction, result: Result<T>) -> Result<T> {
    let end = match &result {
        Ok(_) => tx.commit().await,
        Err(_) => tx.rollback().await,
    };
    end.expect("a transaction ends");
    result
}

macro_rules! through {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Through {
            async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
                let tx = self.begin().await;
                let answers = self.store.enqueue_in(&tx, jobs).await;
                ended(tx, answers).await
            }

            async fn settle(&self, settle: Settle) -> Result<Settled> {
                let tx = self.begin().await;
                let mut fates = Vec::new();
                let mut failure = None;
                for finish in settle.finishes {
                    match self.store.finish_in(&tx, finish).await {
                        Ok(fate) => fates.push(fate),
                        Err(error) => {
                            failure = Some(error);
                            break;
                        }
                    }
                }
                ended(tx, failure.map_or(Ok(()), Err)).await?;
                let claim = Settle { finishes: Vec::new(), ..settle };
                let settled = self.store.settle(claim).await?;
                Ok(Settled { fates, ..settled })
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

            $(async fn $name(&self, $($argument: $type),*) -> $answer {
                self.store.$name($($argument),*).await
            })*
        }
    };
}

through! {
    open(migrate: Migrate) -> Result<()>;
    detach() -> Result<Arc<dyn Store>>;
    close() -> Result<()>;
    declare(declaration: Declaration) -> Result<Diff>;
    join(worker: NewWorker) -> Result<()>;
    beat(worker: WorkerId) -> Result<Beat>;
    leave(worker: WorkerId) -> Result<()>;
    unheard(worker: WorkerId, known: Vec<Lease>) -> Result<Vec<Claimed>>;
    outlook() -> Result<Outlook>;
    release(leases: Vec<Lease>, due: Due) -> Result<Vec<Fate>>;
    note(notes: Vec<Note>) -> Result<Vec<Fate>>;
    promote(limit: u32) -> Result<Sweep>;
    rescue(limit: u32) -> Result<Sweep>;
    prune(limit: u32) -> Result<Sweep>;
    due(limit: u32) -> Result<DueSchedules>;
    fire_all(steps: Vec<Fire>) -> Result<Vec<Fired>>;
    hold(name: &str, holder: WorkerId, ttl: Duration) -> Result<Held>;
    extend(name: &str, holder: WorkerId, token: i64, ttl: Duration) -> Result<Held>;
    let_go(name: &str, holder: WorkerId, token: i64) -> Result<()>;
    job(job: JobRef) -> Result<Option<Job>>;
}

macro_rules! administration {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Admin for Through {
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
    select_schedules(query: ScheduleQuery) -> Result<Vec<Schedule>>;
    schedule(name: &str) -> Result<Option<Schedule>>;
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
    create_schedule(new: NewSchedule, draft: bool) -> Result<ScheduleChange>;
    update_schedule(schedule: ScheduleId, version: i64, to: NewSchedule, state: Option<ScheduleState>) -> Result<ScheduleChange>;
    delete_schedule(name: &str, deleted: bool) -> Result<ScheduleChange>;
    erase_schedule(name: &str) -> Result<bool>;
    enqueue_for(schedule: ScheduleId, jobs: Vec<NewJob>) -> Result<Option<Vec<Enqueued>>>;
    schema() -> Result<Vec<SchemaStep>>;
}
