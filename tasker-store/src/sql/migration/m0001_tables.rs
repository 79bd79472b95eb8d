//! Step 1: the tables and their indexes.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::sql::sqlite;

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_tables"
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for words in sqlite::DIALECT.tables {
            manager.get_connection().execute_unprepared(words).await?;
        }
        Ok(())
    }
}
