//! Reading and administration: the methods of [`Admin`].

use async_trait::async_trait;

use crate::admin::{Admin, Changed, SchemaStep};
use crate::attempt::{Attempt, LogLine};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Job, JobId};
use crate::lease::Worker;
use crate::query::JobQuery;
use crate::queue::{Queue, check_queue_name};
use crate::schedule::Schedule;
use crate::sql::SqlStore;
use crate::sql::change::{ChangeJob, EnableTask, PauseQueue, PauseSchedule, To};
use crate::sql::migration;
use crate::state::Move;
use crate::task::Task;

#[async_trait]
impl Admin for SqlStore {
    async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>> {
        self.read("jobs").await?.jobs(query).await
    }

    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>> {
        self.read("attempts").await?.attempts(job).await
    }

    async fn log(&self, job: JobId) -> Result<Vec<LogLine>> {
        self.read("log").await?.log(job).await
    }

    async fn queues(&self) -> Result<Vec<Queue>> {
        self.read("queues").await?.queues().await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        self.read("workers").await?.workers().await
    }

    async fn schedules(&self) -> Result<Vec<Schedule>> {
        self.read("schedules").await?.schedules().await
    }

    async fn tasks(&self) -> Result<Vec<Task>> {
        self.read("tasks").await?.tasks().await
    }

    async fn unknown(&self) -> Result<Vec<(String, u64)>> {
        self.read("unknown").await?.unknown().await
    }

    async fn cancel(&self, job: JobId) -> Result<Changed> {
        self.write(ChangeJob {
            job,
            to: To::Made(Move::Cancel),
        })
        .await
    }

    async fn pause(&self, job: JobId) -> Result<Changed> {
        self.write(ChangeJob {
            job,
            to: To::Made(Move::Pause),
        })
        .await
    }

    async fn resume(&self, job: JobId) -> Result<Changed> {
        self.write(ChangeJob {
            job,
            to: To::Made(Move::Resume),
        })
        .await
    }

    async fn rerun(&self, job: JobId) -> Result<Changed> {
        self.write(ChangeJob {
            job,
            to: To::Made(Move::Rerun),
        })
        .await
    }

    async fn delete(&self, job: JobId, deleted: bool) -> Result<Changed> {
        self.write(ChangeJob {
            job,
            to: To::Deleted(deleted),
        })
        .await
    }

    async fn pause_queue(&self, queue: &str, paused: bool) -> Result<()> {
        check_queue_name(queue)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "pause_queue", reason))?;
        self.write(PauseQueue {
            name: queue.into(),
            paused,
        })
        .await
    }

    async fn enable_task(&self, alias: &str, enabled: bool) -> Result<bool> {
        self.write(EnableTask {
            alias: alias.into(),
            enabled,
        })
        .await
    }

    async fn pause_schedule(&self, name: &str, paused: bool) -> Result<bool> {
        self.write(PauseSchedule {
            name: name.into(),
            paused,
        })
        .await
    }

    async fn schema(&self) -> Result<Vec<SchemaStep>> {
        migration::steps(&self.read("schema").await?.connection).await
    }
}
