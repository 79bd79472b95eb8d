//! What a driver's error means, whichever database it comes from.

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::error::{ErrorKind, StoreError};

/// What kind of failure it is, and what to say of it.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    /// What is wrong and what to do.
    pub(crate) detail: &'static str,
    /// Whether another connection is in the way, for the time it takes.
    pub(crate) busy: bool,
}

impl Fault {
    /// A failure of this `kind` with these words.
    pub(crate) fn new(kind: ErrorKind, detail: &'static str) -> Self {
        Self {
            kind,
            detail,
            busy: false,
        }
    }
}

/// Whether another connection is in the way.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    fault(error).busy
}

/// What the driver reports, in our terms.
pub(crate) fn failed(op: &'static str, error: DbErr) -> StoreError {
    let Fault { kind, detail, .. } = fault(&error);
    StoreError::new(kind, op, detail).caused_by(error)
}

/// What the driver reports, read.
pub(crate) fn fault(error: &DbErr) -> Fault {
    match error {
        DbErr::Type(_) | DbErr::Json(_) => {
            return Fault::new(ErrorKind::Corrupt, "a stored value cannot be read");
        }
        DbErr::ConnectionAcquire(_) => {
            return Fault::new(
                ErrorKind::Unavailable,
                "no connection to the database is free, or it cannot be reached",
            );
        }
        _ => {}
    }
    match driver(error) {
        Some(DriverError::Database(reported)) => of_database(reported.as_ref()),
        Some(DriverError::Io(_) | DriverError::PoolClosed | DriverError::WorkerCrashed) => {
            Fault::new(
                ErrorKind::Unavailable,
                "the connection to the database broke",
            )
        }
        Some(DriverError::Protocol(_) | DriverError::Tls(_)) => Fault::new(
            ErrorKind::Unavailable,
            "the database could not be talked to",
        ),
        Some(DriverError::PoolTimedOut) => Fault::new(
            ErrorKind::Unavailable,
            "no connection to the database is free, or it cannot be reached",
        ),
        Some(DriverError::ColumnDecode { .. } | DriverError::Decode(_)) => {
            Fault::new(ErrorKind::Corrupt, "a value in the database is damaged")
        }
        Some(DriverError::Configuration(_)) => Fault::new(
            ErrorKind::Unsupported,
            "the connection is configured in a way that the driver does not know",
        ),
        None if matches!(error, DbErr::Conn(_)) => {
            Fault::new(ErrorKind::Unavailable, "the database cannot be reached")
        }
        _ => Fault::new(ErrorKind::Backend, "the database refused a statement"),
    }
}

fn of_database(error: &dyn DatabaseError) -> Fault {
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::sqlite::SqliteError>() {
        return crate::sql::sqlite::fault(error);
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::postgres::PgDatabaseError>() {
        return crate::sql::postgres::fault(error);
    }
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::mysql::MySqlDatabaseError>() {
        return crate::sql::mysql::fault(error);
    }
    let _ = error;
    Fault::new(ErrorKind::Backend, "the database refused a statement")
}

fn driver(error: &DbErr) -> Option<&DriverError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}
