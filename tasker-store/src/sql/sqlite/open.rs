//! Opening connections, and what the driver's errors mean.
//!
//! One connection writes, a few read. None is ever closed for idleness: an empty file in memory would be lost,
//! and a file costs nothing.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sea_orm::sqlx::{ConnectOptions, Error as DriverError};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector, Statement,
};

use crate::error::{ErrorKind, Result};
use crate::sql::exchange::failed;
use crate::sql::patience::Patience;
use crate::sql::sqlite::Address;

/// How many connections read at a time.
const READERS: u32 = 4;
/// How long the database itself waits for a lock before it says "busy".
const BUSY: Duration = Duration::from_secs(5);
/// The same for writing, where [`Patience`] takes over: the database's own pauses grow to 100 ms, between which a
/// busy drain by another connection takes the lock again and again.
const BUSY_WRITING: Duration = Duration::from_millis(5);

/// The connection that writes. Switching a new file to WAL needs it alone, so this waits for others that do so.
pub(crate) async fn write_connection(address: &Address) -> Result<DatabaseConnection> {
    let mut options = configured(address)
        .busy_timeout(BUSY_WRITING)
        // 16 MB: the pages that a busy queue changes over and over stay in memory.
        .pragma("cache_size", "-16000")
        // 16 MB of log before its pages go to the file, which costs two flushes: by then most of them have changed
        // several times. What is durable when stays as it is.
        .pragma("wal_autocheckpoint", "4000");
    if address.file.is_some() {
        options = options.journal_mode(SqliteJournalMode::Wal);
    }
    let mut patience = Patience::new();
    loop {
        match pool(1).connect_with(options.clone()).await {
            Ok(pool) => return Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)),
            Err(e) => {
                let error = DbErr::Conn(RuntimeErr::SqlxError(e.into()));
                if !(is_busy(&error) && patience.wait().await) {
                    return Err(failed("connect", error));
                }
            }
        }
    }
}

/// The connections that read, opened when they are first needed.
pub(crate) fn read_pool(address: &Address) -> DatabaseConnection {
    let pool = pool(READERS)
        .min_connections(0)
        .connect_lazy_with(configured(address));
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

/// A number that changes when, and only when, another connection than this one has written.
pub(crate) async fn data_version(connection: &DatabaseConnection) -> Result<i64> {
    let statement =
        Statement::from_string(connection.get_database_backend(), "PRAGMA data_version");
    let row = connection
        .query_one_raw(statement)
        .await
        .map_err(|e| failed("wakes", e))?;
    row.map_or(Ok(0), |row| {
        row.try_get_by_index(0).map_err(|e| failed("wakes", e))
    })
}

/// Whether another connection is in the way.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    matches!(code(error), Some(5 | 6))
}

/// What kind of failure the driver reports.
pub(crate) fn kind_of(error: &DbErr) -> ErrorKind {
    match code(error) {
        // busy, locked, interrupted, input/output, full, cannot open
        Some(5 | 6 | 9 | 10 | 13 | 14) => ErrorKind::Unavailable,
        // corrupt, not a database
        Some(11 | 26) => ErrorKind::Corrupt,
        // too big
        Some(18) => ErrorKind::Invalid,
        Some(_) => ErrorKind::Backend,
        None => match driver(error) {
            Some(
                DriverError::Io(_)
                | DriverError::PoolTimedOut
                | DriverError::PoolClosed
                | DriverError::WorkerCrashed,
            ) => ErrorKind::Unavailable,
            Some(DriverError::ColumnDecode { .. } | DriverError::Decode(_)) => ErrorKind::Corrupt,
            Some(DriverError::Configuration(_)) => ErrorKind::Unsupported,
            _ => ErrorKind::Backend,
        },
    }
}

/// What is wrong and what to do, for the failures people can do something about.
pub(crate) fn explain(error: &DbErr) -> &'static str {
    match code(error) {
        Some(8) => {
            "the database may not be written: look at the permissions of its file and folder"
        }
        Some(10) => "the disk failed, or has no room for the journal: what was committed is kept",
        Some(13) => "the disk is full: make room; what was committed is kept",
        Some(14) => "the file cannot be opened: see that it is a file, and may be read and written",
        Some(11) => "the database is damaged: restore it from a backup",
        Some(26) => "the file is no SQLite database: name another one",
        _ => match kind_of(error) {
            ErrorKind::Unavailable => "the database cannot be used just now",
            ErrorKind::Corrupt => "a value in the database is damaged",
            _ => "the database refused a statement",
        },
    }
}

fn configured(address: &Address) -> SqliteConnectOptions {
    address
        .options
        .clone()
        .busy_timeout(BUSY)
        .foreign_keys(false)
        // A batch of rows should not stall on the way from the driver's thread.
        .row_buffer_size(1024)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
}

fn driver(error: &DbErr) -> Option<&DriverError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

/// The primary result code, where the database gave one.
fn code(error: &DbErr) -> Option<u32> {
    let code: u32 = driver(error)?.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
