//! The schema: its steps, bringing it up to date, and saying what is wrong with it.
//!
//! Steps are kept by sea-orm's migrator in a table of our own, `tasker_migrations`, so that an application may
//! migrate its tables with sea-orm in the same database. All pending steps are applied in one transaction that
//! takes the write lock first: of several processes that start at once one applies them, and the others find
//! nothing to do. A step, once released, is never changed.

mod m0001_tables;

use sea_orm::sea_query::IntoIden;
use sea_orm::{ConnectionTrait, DbErr, DynIden};
use sea_orm_migration::{MigrationStatus, MigrationTrait, MigratorTrait};

use crate::admin::SchemaStep;
use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::desk::Desk;
use crate::sql::exchange::Exchange;
use crate::sql::fault::failed;

/// The steps, in order.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_tables::Step)]
    }

    fn migration_table_name() -> DynIden {
        "tasker_migrations".into_iden()
    }
}

/// How the schema in the store stands to this binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the one this binary was built for.
    Current,
    /// These steps are missing.
    Older(Vec<String>),
}

/// Reads how the schema stands; one that is newer than this binary is an error.
pub(crate) async fn standing<C: ConnectionTrait>(connection: &C) -> Result<Standing> {
    let steps = match Migrator::get_migration_with_status_read_only(connection).await {
        Ok(steps) => steps,
        // So the migrator says that a step was applied which this binary does not have.
        Err(DbErr::Custom(reason)) => {
            let newer = StoreError::new(
                ErrorKind::Schema,
                "open",
                "the schema in the database is newer than this program: update the program",
            );
            return Err(newer.caused_by(reason));
        }
        Err(error) => return Err(failed("open", error)),
    };
    let missing: Vec<String> = steps
        .iter()
        .filter(|step| step.status() == MigrationStatus::Pending)
        .map(|step| step.name().to_owned())
        .collect();
    Ok(if missing.is_empty() {
        Standing::Current
    } else {
        Standing::Older(missing)
    })
}

/// Applies what is missing, all of it or nothing. Of several processes one does, and the others wait for it.
pub(crate) async fn bring_up(desk: &Desk) -> Result<()> {
    let tx = desk.begin_migration().await?;
    let done = match desk.dialect.migrating {
        None => apply(&tx).await,
        Some((lock, unlock)) => {
            // Its quotes are not part of its name.
            let schema = desk
                .address
                .schema()
                .map(|name| name.trim_matches('"').to_owned());
            tx.rows(lock, [schema.into()]).await?;
            make_schema(desk, &tx).await?;
            let done = apply(&tx).await;
            // Where even this fails the connection is broken, and the lock goes with it.
            let _ = tx.rows(unlock, []).await;
            done
        }
    };
    match done {
        Ok(()) => desk.commit_migration(tx).await,
        Err(error) => {
            tx.roll_back().await;
            Err(error)
        }
    }
}

async fn make_schema(desk: &Desk, tx: &Exchange<'static>) -> Result<()> {
    match desk.address.schema() {
        // Making one takes a privilege, also where it is there.
        Some(schema) if !has_schema(tx, schema).await? => {
            let words = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
            tx.change(words, []).await.map(drop)
        }
        _ => Ok(()),
    }
}

async fn has_schema(tx: &Exchange<'static>, schema: &str) -> Result<bool> {
    let words = format!("SELECT to_regnamespace('{schema}') IS NOT NULL");
    Ok(tx.single(words, []).await?.unwrap_or(false))
}

async fn apply(tx: &Exchange<'static>) -> Result<()> {
    // Another process may have been faster, or be newer.
    if standing(tx.connection()).await? == Standing::Current {
        return Ok(());
    }
    Migrator::up(tx.transaction(), None)
        .await
        .map_err(|e| failed("open", e))
}

/// What to say where nothing may be changed.
pub(crate) fn older(missing: &[String]) -> StoreError {
    StoreError::new(
        ErrorKind::Schema,
        "open",
        format!(
            "the schema in the database lacks `{}`: run the program's `migrate` command",
            missing.join("`, `")
        ),
    )
}

/// The steps this binary knows.
pub(crate) async fn steps<C: ConnectionTrait>(connection: &C) -> Result<Vec<SchemaStep>> {
    let backend = connection.get_database_backend();
    let steps = Migrator::get_migration_with_status_read_only(connection).await;
    Ok(steps
        .map_err(|e| failed("schema", e))?
        .iter()
        .map(|step| SchemaStep {
            name: step.name().to_owned(),
            applied: step.status() == MigrationStatus::Applied,
            // There is one step so far.
            sql: m0001_tables::tables(backend),
        })
        .collect())
}
