//! Step 1: the tables and their indexes.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_tables"
    }
}

#[async_trait]
impl MigrationTrait for Step {
    // One is around all steps.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for words in tables(connection.get_database_backend()) {
            connection.execute_unprepared(words).await?;
        }
        Ok(())
    }
}

/// The words of this step on each database.
pub(crate) fn tables(backend: DatabaseBackend) -> &'static [&'static str] {
    match backend {
        #[cfg(feature = "sqlite")]
        DatabaseBackend::Sqlite => crate::sql::sqlite::DIALECT.tables,
        #[cfg(feature = "postgres")]
        DatabaseBackend::Postgres => crate::sql::postgres::DIALECT.tables,
        #[cfg(feature = "mysql")]
        DatabaseBackend::MySql => crate::sql::mysql::DIALECT.tables,
        #[allow(unreachable_patterns, reason = "what is left depends on the features")]
        other => unreachable!("there is no backend for {other:?} in this program"),
    }
}
