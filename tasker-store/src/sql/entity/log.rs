//! `tasker_logs`: the lines of the jobs' own logs.

use sea_orm::entity::prelude::*;

use crate::attempt::LogLine;
use crate::clock::from_micros;
use crate::error::Result;
use crate::sql::entity::{count, named};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_logs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub job: i64,
    pub attempt: i64,
    pub at: i64,
    pub level: String,
    pub message: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_line(self, op: &'static str) -> Result<LogLine> {
        Ok(LogLine {
            attempt: count(op, "attempt", self.attempt)?,
            at: from_micros(self.at),
            level: named(op, &self.level)?,
            message: self.message,
        })
    }
}
