//! `tasker_jobs`: one row for each job.

use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

use crate::attempt::Progress;
use crate::clock::from_micros;
use crate::error::Result;
use crate::job::{Job, JobId, Keep, Retention};
use crate::lease::WorkerId;
use crate::settle::Claimed;
use crate::sql::claim::{occurrence_from, tags_from};
use crate::sql::entity::{count, missed_from, named, progress};
use crate::state::JobState;

/// A row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_jobs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub id: Uuid,
    pub alias: String,
    pub task: String,
    pub queue: String,
    pub priority: i16,
    pub state: String,
    pub shape: i64,
    pub attempt: i64,
    pub max_attempts: Option<i64>,
    pub at_most_once: bool,
    pub due_at: i64,
    pub enqueued_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub worker: Option<Uuid>,
    pub token: i64,
    pub held: Option<i64>,
    pub cancel_requested: bool,
    pub keep_succeeded: Option<i64>,
    pub keep_unsuccessful: Option<i64>,
    pub prune_at: Option<i64>,
    pub deleted_at: Option<i64>,
    pub schedule: Option<Uuid>,
    pub occurrence_at: Option<i64>,
    /// A JSON array of instants.
    pub missed: Option<String>,
    pub unique_key: Option<Uuid>,
    pub unique_holds: i16,
    pub tags: String,
    pub error: Option<String>,
    pub output: Option<String>,
    pub params: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a change of one job needs to know of it.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Standing {
    pub(crate) number: i64,
    pub(crate) state: String,
    pub(crate) attempt: i64,
    pub(crate) due_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
    pub(crate) keep_succeeded: Option<i64>,
    pub(crate) keep_unsuccessful: Option<i64>,
}

impl Standing {
    pub(crate) fn state(&self, op: &'static str) -> Result<JobState> {
        named(op, &self.state)
    }

    /// How long it is kept when it has ended.
    pub(crate) fn retention(&self) -> Retention {
        let keep = |micros: Option<i64>| {
            micros.map_or(Keep::Forever, |micros| {
                Keep::For(std::time::Duration::from_micros(micros.unsigned_abs()))
            })
        };
        Retention {
            succeeded: keep(self.keep_succeeded),
            unsuccessful: keep(self.keep_unsuccessful),
        }
    }
}

impl Model {
    /// The job as its claim gave it.
    pub(crate) fn into_claimed(self, op: &'static str) -> Result<Claimed> {
        Ok(Claimed {
            id: JobId(self.id),
            number: self.number,
            token: self.token,
            attempt: count(op, "attempt", self.attempt)?,
            max_attempts: self
                .max_attempts
                .map(|max| count(op, "bound on attempts", max))
                .transpose()?,
            tags: tags_from(op, &self.tags)?,
            occurrence: occurrence_from(self.schedule, self.occurrence_at.map(from_micros)),
            enqueued_at: from_micros(self.enqueued_at),
            alias: self.alias,
            queue: self.queue,
            priority: self.priority,
            params: self.params,
            at_most_once: self.at_most_once,
            held: self.held,
        })
    }

    /// The job, with the progress of its latest attempt.
    pub(crate) fn into_job(
        self,
        op: &'static str,
        progress: Option<&progress::Model>,
    ) -> Result<Job> {
        let progress = progress
            .filter(|progress| progress.token == self.token)
            .map(|progress| Progress {
                done: progress.done.cast_unsigned(),
                total: progress.total.cast_unsigned(),
            });
        Ok(Job {
            id: JobId(self.id),
            number: self.number,
            state: named(op, &self.state)?,
            attempt: count(op, "attempt", self.attempt)?,
            max_attempts: self
                .max_attempts
                .map(|max| count(op, "bound on attempts", max))
                .transpose()?,
            tags: tags_from(op, &self.tags)?,
            occurrence: occurrence_from(self.schedule, self.occurrence_at.map(from_micros)),
            missed: missed_from(op, self.missed.as_deref())?,
            alias: self.alias,
            queue: self.queue,
            priority: self.priority,
            params: self.params,
            shape: self.shape,
            at_most_once: self.at_most_once,
            due_at: from_micros(self.due_at),
            enqueued_at: from_micros(self.enqueued_at),
            started_at: self.started_at.map(from_micros),
            finished_at: self.finished_at.map(from_micros),
            worker: self.worker.map(WorkerId),
            token: self.token,
            cancel_requested: self.cancel_requested,
            output: self.output,
            error: self.error,
            progress,
            deleted_at: self.deleted_at.map(from_micros),
        })
    }
}
