//! `tasker_schedules`: one row for each recurring rule.

use sea_orm::entity::prelude::*;

use crate::clock::{from_micros, to_micros};
use crate::error::Result;
use crate::schedule::{Schedule, ScheduleId, Waiting};
use crate::sql::enqueue::{json, missed_column};
use crate::sql::entity::{count, decoded, missed_from, named};
use crate::task::canonical_alias;

/// A row. `task` is the alias in the form that is compared; `catch_up` and `overlap` are JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub source: String,
    pub alias: String,
    pub task: String,
    pub rule: String,
    pub tz: String,
    pub params: String,
    pub queue: Option<String>,
    pub start_at: Option<i64>,
    pub end_at: Option<i64>,
    pub max_executions: Option<i64>,
    pub catch_up: String,
    pub overlap: String,
    pub state: String,
    pub error: Option<String>,
    pub created_at: i64,
    pub next_run_at: Option<i64>,
    pub last_run_at: Option<i64>,
    pub waiting_at: Option<i64>,
    /// A JSON array of instants.
    pub waiting_missed: Option<String>,
    pub executions: i64,
    pub extra_jobs: i64,
    pub last_outcome: Option<String>,
    pub last_error: Option<String>,
    pub last_ended_at: Option<i64>,
    pub seen_at: i64,
    pub deleted_at: Option<i64>,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Schedule> for Model {
    fn from(schedule: &Schedule) -> Self {
        let schedule = schedule.clone();
        Self {
            id: schedule.id.0,
            task: canonical_alias(&schedule.alias),
            catch_up: json(&schedule.catch_up),
            overlap: json(&schedule.overlap),
            name: schedule.name,
            description: schedule.description,
            source: schedule.source.as_str().into(),
            alias: schedule.alias,
            rule: schedule.rule,
            tz: schedule.tz,
            params: schedule.params,
            queue: schedule.queue,
            start_at: schedule.start_at.map(to_micros),
            end_at: schedule.end_at.map(to_micros),
            max_executions: schedule.max_executions.map(i64::from),
            state: schedule.state.as_str().into(),
            error: schedule.error,
            created_at: to_micros(schedule.created_at),
            next_run_at: schedule.next_run_at.map(to_micros),
            last_run_at: schedule.last_run_at.map(to_micros),
            waiting_at: schedule
                .waiting
                .as_ref()
                .map(|waiting| to_micros(waiting.at)),
            waiting_missed: (schedule.waiting).and_then(|waiting| missed_column(&waiting.missed)),
            executions: schedule.executions,
            extra_jobs: schedule.extra_jobs,
            last_outcome: (schedule.last_outcome).map(|state| state.as_str().into()),
            last_error: schedule.last_error,
            last_ended_at: schedule.last_ended_at.map(to_micros),
            seen_at: to_micros(schedule.seen_at),
            deleted_at: schedule.deleted_at.map(to_micros),
            version: schedule.version,
        }
    }
}

impl Model {
    pub(crate) fn into_schedule(self, op: &'static str) -> Result<Schedule> {
        let missed = missed_from(op, self.waiting_missed.as_deref())?;
        Ok(Schedule {
            waiting: self.waiting_at.map(|at| Waiting {
                at: from_micros(at),
                missed,
            }),
            id: ScheduleId(self.id),
            source: named(op, &self.source)?,
            catch_up: decoded(op, "catch-up of a schedule", &self.catch_up)?,
            overlap: decoded(op, "overlap of a schedule", &self.overlap)?,
            state: named(op, &self.state)?,
            last_outcome: (self.last_outcome.as_deref())
                .map(|state| named(op, state))
                .transpose()?,
            max_executions: (self.max_executions)
                .map(|max| count(op, "bound on executions", max))
                .transpose()?,
            name: self.name,
            description: self.description,
            alias: self.alias,
            rule: self.rule,
            tz: self.tz,
            params: self.params,
            queue: self.queue,
            start_at: self.start_at.map(from_micros),
            end_at: self.end_at.map(from_micros),
            error: self.error,
            created_at: from_micros(self.created_at),
            next_run_at: self.next_run_at.map(from_micros),
            last_run_at: self.last_run_at.map(from_micros),
            executions: self.executions,
            extra_jobs: self.extra_jobs,
            last_error: self.last_error,
            last_ended_at: self.last_ended_at.map(from_micros),
            seen_at: from_micros(self.seen_at),
            deleted_at: self.deleted_at.map(from_micros),
            version: self.version,
        })
    }
}
