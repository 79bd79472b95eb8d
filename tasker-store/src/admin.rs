//! Reading and administration: what operators, the command line and pages need.
//!
//! Kept apart from [`crate::Store`] so that a worker's contract stays small. The rules of that contract hold
//! here too. None of these is on a hot path.

use async_trait::async_trait;

use crate::attempt::{Attempt, LogLine};
use crate::error::Result;
use crate::job::{Job, JobId};
use crate::lease::Worker;
use crate::query::JobQuery;
use crate::queue::Queue;
use crate::schedule::Schedule;
use crate::state::JobState;
use crate::task::Task;

/// What an operator's change of one job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The job is now in this state.
    Now(JobState),
    /// The job is running and was asked to end; it learns of it with its worker's next beat.
    Requested,
    /// The move is not legal from the state the job is in; nothing was changed.
    Not(JobState),
    /// There is no such job.
    Unknown,
}

/// One step of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStep {
    /// Its name.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
    /// What it does to the database, statement by statement.
    pub sql: &'static [&'static str],
}

/// Reading and administration.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Jobs that meet all conditions, the newest first.
    async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>>;

    /// The failed attempts of a job, the oldest first.
    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>>;

    /// The log of a job, the oldest line first.
    async fn log(&self, job: JobId) -> Result<Vec<LogLine>>;

    /// Every queue that has ever had a job or was paused, by name. Soft-deleted jobs are not counted.
    async fn queues(&self) -> Result<Vec<Queue>>;

    /// The workers that have joined and not left, the oldest first.
    async fn workers(&self) -> Result<Vec<Worker>>;

    /// Every schedule, by name.
    async fn schedules(&self) -> Result<Vec<Schedule>>;

    /// Every task that was declared, by alias.
    async fn tasks(&self) -> Result<Vec<Task>>;

    /// Aliases of `queued` jobs, with their number, that no declared task of the store has. Those jobs wait
    /// for a worker that knows them.
    async fn unknown(&self) -> Result<Vec<(String, u64)>>;

    /// Ends a job: at once where it is not running, else by asking its worker.
    async fn cancel(&self, job: JobId) -> Result<Changed>;

    /// Holds a job that is not running.
    async fn pause(&self, job: JobId) -> Result<Changed>;

    /// Lets a held job go on.
    async fn resume(&self, job: JobId) -> Result<Changed>;

    /// Runs an ended job once more: `queued`, due now, with its attempts counted from the beginning and its
    /// retention cleared. Its history stays. It goes on without its unique key, which another may have by now.
    async fn rerun(&self, job: JobId) -> Result<Changed>;

    /// Soft-deletes a job that is not running, or takes that back. Deleted jobs are pruned 7 days later.
    /// `Now` tells the state it has. A deleted job lets its unique key go and is restored without it.
    async fn delete(&self, job: JobId, deleted: bool) -> Result<Changed>;

    /// Leaves a queue out of every claim, or takes that back. The queue need not have had a job.
    async fn pause_queue(&self, queue: &str, paused: bool) -> Result<()>;

    /// Refuses new jobs of a task and parks those it has, or takes that back. `false` where the task is unknown.
    async fn enable_task(&self, alias: &str, enabled: bool) -> Result<bool>;

    /// Holds an `active` schedule, or lets it go on; `next_run_at` is cleared then, so that occurrences that
    /// passed meanwhile are left out. `false` where it is
    /// unknown, or in a state that does not allow it.
    async fn pause_schedule(&self, name: &str, paused: bool) -> Result<bool>;

    /// The steps of the schema this binary knows, in order. Empty where the backend has no schema.
    async fn schema(&self) -> Result<Vec<SchemaStep>>;
}
