//! `tasker_schedules`: one row for each recurring rule.

use sea_orm::entity::prelude::*;

use crate::clock::from_micros;
use crate::error::Result;
use crate::schedule::{Schedule, ScheduleId};
use crate::sql::entity::{decoded, named};

/// A row. `task` is the alias in the form that is compared; `catch_up` and `overlap` are JSON.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub alias: String,
    pub task: String,
    pub rule: String,
    pub tz: String,
    pub params: String,
    pub catch_up: String,
    pub overlap: String,
    pub state: String,
    pub error: Option<String>,
    pub created_at: i64,
    pub next_run_at: Option<i64>,
    pub last_run_at: Option<i64>,
    pub executions: i64,
    pub seen_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_schedule(self, op: &'static str) -> Result<Schedule> {
        Ok(Schedule {
            id: ScheduleId(self.id),
            catch_up: decoded(op, "catch-up of a schedule", &self.catch_up)?,
            overlap: decoded(op, "overlap of a schedule", &self.overlap)?,
            state: named(op, &self.state)?,
            name: self.name,
            alias: self.alias,
            rule: self.rule,
            tz: self.tz,
            params: self.params,
            error: self.error,
            created_at: from_micros(self.created_at),
            next_run_at: self.next_run_at.map(from_micros),
            last_run_at: self.last_run_at.map(from_micros),
            executions: self.executions,
            seen_at: from_micros(self.seen_at),
            version: self.version,
        })
    }
}
