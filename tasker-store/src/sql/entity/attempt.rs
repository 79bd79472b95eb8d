//! `tasker_attempts`: one row for each attempt that did not simply succeed.

use sea_orm::entity::prelude::*;

use crate::attempt::Attempt;
use crate::clock::from_micros;
use crate::error::Result;
use crate::lease::WorkerId;
use crate::sql::entity::{count, named};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub token: i64,
    pub attempt: i64,
    pub worker: Option<Uuid>,
    pub started_at: Option<i64>,
    pub ended_at: i64,
    pub kind: String,
    pub message: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_attempt(self, op: &'static str) -> Result<Attempt> {
        Ok(Attempt {
            attempt: count(op, "attempt", self.attempt)?,
            token: self.token,
            worker: self.worker.map(WorkerId),
            started_at: self.started_at.map(from_micros),
            ended_at: from_micros(self.ended_at),
            kind: named(op, &self.kind)?,
            message: self.message,
        })
    }
}
