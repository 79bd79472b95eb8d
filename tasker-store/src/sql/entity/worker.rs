//! `tasker_workers`: the workers that have joined and not left.

use sea_orm::entity::prelude::*;

use crate::clock::from_micros;
use crate::error::Result;
use crate::lease::{Worker, WorkerId};
use crate::sql::entity::{count, decoded};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_workers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub named: bool,
    pub host: String,
    pub pid: i64,
    pub process: String,
    pub lease: i64,
    pub concurrency: i64,
    pub queues: String,
    pub started_at: i64,
    pub lease_until: i64,
    /// The highest number of a job it held and has started.
    pub started: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_worker(self, op: &'static str, running: u64) -> Result<Worker> {
        Ok(Worker {
            id: WorkerId(self.id),
            name: self.name,
            named: self.named,
            host: self.host,
            pid: count(op, "process id", self.pid)?,
            process: self.process,
            concurrency: count(op, "concurrency", self.concurrency)?,
            queues: decoded(op, "queues of a worker", &self.queues)?,
            started_at: from_micros(self.started_at),
            lease_until: from_micros(self.lease_until),
            running,
        })
    }
}
