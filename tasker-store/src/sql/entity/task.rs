//! `tasker_tasks`: tasks that were declared, or that a job speaks of.

use sea_orm::entity::prelude::*;

use crate::clock::from_micros;
use crate::task::Task;

/// A row. `task` is the alias in the form that is compared.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub task: String,
    pub alias: String,
    pub title: String,
    pub description: String,
    pub queue: String,
    pub params: String,
    pub shape: i64,
    pub origin: String,
    pub enabled: bool,
    pub seen_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Task {
    fn from(row: Model) -> Self {
        Self {
            alias: row.alias,
            title: row.title,
            description: row.description,
            queue: row.queue,
            params: row.params,
            shape: row.shape,
            origin: row.origin,
            enabled: row.enabled,
            seen_at: row.seen_at.map(from_micros),
        }
    }
}
