//! Reading and administration: what operators, the command line and pages need.
//!
//! Kept apart from [`crate::Store`] so that a worker's contract stays small. The rules of that contract hold
//! here too. None of these is on a hot path.

use async_trait::async_trait;

use crate::attempt::{Attempt, LogLine};
use crate::error::Result;
use crate::job::{Enqueued, Job, JobId, NewJob};
use crate::lease::Worker;
use crate::query::{JobQuery, ScheduleQuery};
use crate::queue::Queue;
use crate::schedule::{NewSchedule, Schedule, ScheduleChange, ScheduleId, ScheduleState};
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
    /// Jobs that meet all conditions, the newest first. To go on, ask for those before the last one.
    ///
    /// What it costs: of states, only jobs in them are looked at, and for `failed`, `canceled` and `paused` only those that are
    /// given; without a state, or for `succeeded`, jobs are looked at from the newest on until enough are found, so that a rare alias,
    /// queue or tag among millions of finished jobs takes its time. More indexes would slow down every job.
    async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>>;

    /// The failed attempts of a job, the oldest first.
    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>>;

    /// The log of a job, the oldest line first.
    async fn log(&self, job: JobId) -> Result<Vec<LogLine>>;

    /// Every queue that has ever had a job or was paused, by name. Soft-deleted jobs are not counted.
    ///
    /// Unfinished jobs are counted exactly. So that history does not make the answer slow, finished ones are counted up to
    /// [`crate::limits::COUNTED`]: so many of the latest that failed and that were canceled, and those that succeeded among
    /// so many of the latest jobs. Where there may be others [`Queue::more`] is set, and the counts are lower bounds.
    async fn queues(&self) -> Result<Vec<Queue>>;

    /// The workers that have joined and not left, the oldest first.
    async fn workers(&self) -> Result<Vec<Worker>>;

    /// Every schedule that is not deleted, by name.
    async fn schedules(&self) -> Result<Vec<Schedule>> {
        self.select_schedules(ScheduleQuery::default()).await
    }

    /// Schedules that meet all conditions, by name. Each tells how its job that ended last came out, as long as that is
    /// in the store, and later still. One that a newer release wrote and this one cannot read is passed over, and logged.
    async fn select_schedules(&self, query: ScheduleQuery) -> Result<Vec<Schedule>>;

    /// The schedule of this name, also a deleted one.
    async fn schedule(&self, name: &str) -> Result<Option<Schedule>>;

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

    /// Holds an `active` schedule, or lets it go on; `next_run_at` and what waited are cleared then, so that
    /// occurrences that passed meanwhile are left out. `false` where it is
    /// unknown, deleted, or in a state that does not allow it.
    async fn pause_schedule(&self, name: &str, paused: bool) -> Result<bool>;

    /// Makes a schedule that lives until somebody deletes it, `active` or as a `draft`. `Not` where its name is taken,
    /// be it by a deleted one, which keeps it. One over the [`crate::limits`] makes the call
    /// [`crate::ErrorKind::Invalid`].
    async fn create_schedule(&self, new: NewSchedule, draft: bool) -> Result<ScheduleChange>;

    /// Gives a schedule another definition, its name apart, if it is at `version` and not deleted. Another rule, zone,
    /// start or end clears `next_run_at`. With a `state`, `active` or `draft`, it is in that one afterwards, and its
    /// next occurrence is to be computed. Without one it stays where it is; but one that is `broken` becomes `active`
    /// where anything changed, and so does one that is `completed` where its rule, zone, start, end or bound changed.
    /// Grows the version, unless nothing changed.
    async fn update_schedule(
        &self,
        schedule: ScheduleId,
        version: i64,
        to: NewSchedule,
        state: Option<ScheduleState>,
    ) -> Result<ScheduleChange>;

    /// Soft-deletes a schedule, or takes that back; `Not` where it stands so already. A deleted one is never due, and
    /// neither declarations nor anything else bring it back but this. Its jobs stay. `next_run_at` is cleared, so that
    /// what passed meanwhile is left out.
    async fn delete_schedule(&self, name: &str, deleted: bool) -> Result<ScheduleChange>;

    /// Deletes a schedule for good; its jobs stay. `false` where it is unknown.
    async fn erase_schedule(&self, name: &str) -> Result<bool>;

    /// Enqueues jobs of a schedule beside its own steps, and counts the new ones in `extra_jobs`, in one transaction.
    /// A job whose id is in the store already is [`Enqueued::Existing`]; of calls that race one makes it. `None` where
    /// there is no such schedule, or it is deleted. Answers are as of [`crate::Store::enqueue`] in all else.
    async fn enqueue_for(
        &self,
        schedule: ScheduleId,
        jobs: Vec<NewJob>,
    ) -> Result<Option<Vec<Enqueued>>>;

    /// The steps of the schema this binary knows, in order. Empty where the backend has no schema.
    async fn schema(&self) -> Result<Vec<SchemaStep>>;
}
