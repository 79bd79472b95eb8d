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
use crate::sql::query::Reader;
use crate::state::Move;
use crate::task::Task;

#[async_trait]
impl Admin for SqlStore {
    async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>> {
        let query = &query;
        let ask = |reader: Reader| async move { reader.jobs(query.clone()).await };
        self.reading("jobs", ask).await
    }

    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>> {
        let ask = |reader: Reader| async move { reader.attempts(job).await };
        self.reading("attempts", ask).await
    }

    async fn log(&self, job: JobId) -> Result<Vec<LogLine>> {
        let ask = |reader: Reader| async move { reader.log(job).await };
        self.reading("log", ask).await
    }

    async fn queues(&self) -> Result<Vec<Queue>> {
        let ask = |reader: Reader| async move { reader.queues().await };
        self.reading("queues", ask).await
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        let ask = |reader: Reader| async move { reader.workers().await };
        self.reading("workers", ask).await
    }

    async fn schedules(&self) -> Result<Vec<Schedule>> {
        let ask = |reader: Reader| async move { reader.schedules().await };
        self.reading("schedules", ask).await
    }

    async fn tasks(&self) -> Result<Vec<Task>> {
        let ask = |reader: Reader| async move { reader.tasks().await };
        self.reading("tasks", ask).await
    }

    async fn unknown(&self) -> Result<Vec<(String, u64)>> {
        let ask = |reader: Reader| async move { reader.unknown().await };
        self.reading("unknown", ask).await
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
