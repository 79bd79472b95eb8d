//! `tasker_progress`: how far the latest attempt of a job says it is.

use sea_orm::entity::prelude::*;

/// A row. The counts are unsigned numbers of the same bits.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasker_progress")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job: i64,
    pub token: i64,
    pub done: i64,
    pub total: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
