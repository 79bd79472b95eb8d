//! Reading and administration: the methods of [`Admin`].

use async_trait::async_trait;

use crate::admin::{Admin, Changed, SchemaStep};
use crate::attempt::{Attempt, LogLine};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, Job, JobId, NewJob};
use crate::lease::Worker;
use crate::limits::check_schedule;
use crate::query::{JobQuery, ScheduleQuery};
use crate::queue::{Queue, check_queue_name};
use crate::schedule::{NewSchedule, Schedule, ScheduleChange, ScheduleId, ScheduleState};
use crate::sql::SqlStore;
use crate::sql::change::{ChangeJob, EnableTask, PauseQueue, To};
use crate::sql::migration;
use crate::sql::query::Reader;
use crate::sql::schedule_changes::{
    CreateSchedule, DeleteSchedule, EnqueueFor, EraseSchedule, PauseSchedule, UpdateSchedule,
};
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

    async fn select_schedules(&self, query: ScheduleQuery) -> Result<Vec<Schedule>> {
        let query = &query;
        let ask = |reader: Reader| async move { reader.schedules(query).await };
        self.reading("select_schedules", ask).await
    }

    async fn schedule(&self, name: &str) -> Result<Option<Schedule>> {
        let ask = |reader: Reader| async move { reader.schedule(name).await };
        self.reading("schedule", ask).await
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

    async fn create_schedule(&self, new: NewSchedule, draft: bool) -> Result<ScheduleChange> {
        check_schedule(&new)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "create_schedule", reason))?;
        self.write(CreateSchedule { new, draft }).await
    }

    async fn update_schedule(
        &self,
        schedule: ScheduleId,
        version: i64,
        to: NewSchedule,
        state: Option<ScheduleState>,
    ) -> Result<ScheduleChange> {
        check_schedule(&to)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "update_schedule", reason))?;
        let update = UpdateSchedule {
            schedule,
            version,
            to,
            state,
        };
        self.write(update).await
    }

    async fn delete_schedule(&self, name: &str, deleted: bool) -> Result<ScheduleChange> {
        let name = name.into();
        self.write(DeleteSchedule { name, deleted }).await
    }

    async fn erase_schedule(&self, name: &str) -> Result<bool> {
        self.write(EraseSchedule(name.into())).await
    }

    async fn enqueue_for(
        &self,
        schedule: ScheduleId,
        jobs: Vec<NewJob>,
    ) -> Result<Option<Vec<Enqueued>>> {
        self.write(EnqueueFor::new(schedule, jobs)).await
    }

    async fn schema(&self) -> Result<Vec<SchemaStep>> {
        migration::steps(&self.read("schema").await?.connection).await
    }
}
