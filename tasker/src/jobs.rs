//! Jobs, queues and tasks as an application or an operator handles them: thin, typed fronts of the store. Schedules have
//! a room of their own, `schedules`.

use tasker_store::{
    Attempt, Changed, Instant, Job, JobId, JobQuery, JobRef, LogLine, Queue, Task as StoredTask,
    Unique,
};

use crate::client::Tasker;
use crate::error::Result;

/// Reading and changing jobs. Made by [`Tasker::jobs`].
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'a> {
    tasker: &'a Tasker,
}

impl<'a> Jobs<'a> {
    pub(crate) fn new(tasker: &'a Tasker) -> Self {
        Self { tasker }
    }

    /// Jobs that meet all conditions, the newest first.
    pub async fn list(self, query: JobQuery) -> Result<Vec<Job>> {
        Ok(self.tasker.store().await?.jobs(query).await?)
    }

    /// One job, by id or number.
    pub async fn get(self, job: impl Into<JobRef>) -> Result<Option<Job>> {
        Ok(self.tasker.store().await?.job(job.into()).await?)
    }

    /// The unfinished job of the task `alias` that has this key, as [`crate::Enqueue::unique`] gave it, or the ended one
    /// that still counts. Not for keys that count within a period.
    pub async fn holder(self, alias: &str, key: impl Into<String>) -> Result<Option<Job>> {
        let query = JobQuery {
            // Without a period the moment does not count.
            holds: Some(Unique::new(key).digest(alias, Instant::UNIX_EPOCH)),
            ..JobQuery::default()
        };
        Ok(self.list(query).await?.pop())
    }

    /// The failed attempts of a job, the oldest first.
    pub async fn attempts(self, job: JobId) -> Result<Vec<Attempt>> {
        Ok(self.tasker.store().await?.attempts(job).await?)
    }

    /// The job's own log, the oldest line first.
    pub async fn log(self, job: JobId) -> Result<Vec<LogLine>> {
        Ok(self.tasker.store().await?.log(job).await?)
    }

    /// Ends a job: at once where it is not running, else by asking its worker, which fires the handler's token with
    /// its next beat (every 5 s by default) and drops an `async fn` that goes on for 30 s after that.
    pub async fn cancel(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.cancel(job).await?)
    }

    /// Holds a job that is not running.
    pub async fn pause(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.pause(job).await?)
    }

    /// Lets a held job go on.
    pub async fn resume(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.resume(job).await?)
    }

    /// Runs an ended job once more, with its attempts counted from the beginning.
    pub async fn rerun(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.rerun(job).await?)
    }

    /// Soft-deletes a job that is not running.
    pub async fn delete(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.delete(job, true).await?)
    }

    /// Takes a soft deletion back.
    pub async fn restore(self, job: JobId) -> Result<Changed> {
        Ok(self.tasker.store().await?.delete(job, false).await?)
    }
}

/// Reading, pausing and resuming queues. Made by [`Tasker::queues`].
#[derive(Clone, Copy, Debug)]
pub struct Queues<'a> {
    tasker: &'a Tasker,
}

impl<'a> Queues<'a> {
    pub(crate) fn new(tasker: &'a Tasker) -> Self {
        Self { tasker }
    }

    /// Every queue, by name, with the number of its jobs in each state.
    pub async fn list(self) -> Result<Vec<Queue>> {
        Ok(self.tasker.store().await?.queues().await?)
    }

    /// Leaves a queue out of every claim from now on; running jobs go on.
    pub async fn pause(self, queue: &str) -> Result<()> {
        Ok(self.tasker.store().await?.pause_queue(queue, true).await?)
    }

    /// Takes a pause back.
    pub async fn resume(self, queue: &str) -> Result<()> {
        Ok(self.tasker.store().await?.pause_queue(queue, false).await?)
    }
}

/// Reading, disabling and enabling tasks. Made by [`Tasker::tasks`].
#[derive(Clone, Copy, Debug)]
pub struct Tasks<'a> {
    tasker: &'a Tasker,
}

impl<'a> Tasks<'a> {
    pub(crate) fn new(tasker: &'a Tasker) -> Self {
        Self { tasker }
    }

    /// The tasks that any process has declared in the store, by alias.
    pub async fn list(self) -> Result<Vec<StoredTask>> {
        Ok(self.tasker.store().await?.tasks().await?)
    }

    /// Refuses new jobs of a task and parks those it has. `false` where the store does not know the task.
    pub async fn disable(self, alias: &str) -> Result<bool> {
        Ok(self.tasker.store().await?.enable_task(alias, false).await?)
    }

    /// Takes that back.
    pub async fn enable(self, alias: &str) -> Result<bool> {
        Ok(self.tasker.store().await?.enable_task(alias, true).await?)
    }
}
