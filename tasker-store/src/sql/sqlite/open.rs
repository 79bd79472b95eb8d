//! Opening connections, and what the driver's errors mean.
//!
//! One connection writes, a few read. None is ever closed for idleness: an empty file in memory would be lost,
//! and a file costs nothing.

use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteError, SqliteJournalMode, SqlitePoolOptions,
};
use sea_orm::sqlx::{ConnectOptions, Connection, Error as DriverError};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector};

use crate::error::ErrorKind;
use crate::sql::address::{APPLICATION, READERS};
use crate::sql::fault::{Fault, is_busy};
use crate::sql::patience::Patience;
use crate::sql::sqlite::Address;
use crate::sql::sqlite::address::Place;

/// How long the database itself waits for a lock before it says "busy".
const BUSY: Duration = Duration::from_secs(5);
/// The same for writing, where [`Patience`] takes over: the database's own pauses grow to 100 ms, between which a
/// busy drain by another connection takes the lock again and again.
const BUSY_WRITING: Duration = Duration::from_millis(5);

impl Address {
    /// The connection that writes. Switching a new file to WAL needs it alone, so this waits for others that do so.
    pub(crate) async fn write_pool(&self) -> Result<DatabaseConnection, DbErr> {
        if let Place::Shared(connection) = &self.place {
            return Ok(connection.clone());
        }
        let mut options = configured(self)
            .busy_timeout(BUSY_WRITING)
            // 16 MB: the pages that a busy queue changes over and over stay in memory.
            .pragma("cache_size", "-16000")
            // 16 MB of log before its pages go to the file, which costs two flushes: by then most of them have changed
            // several times. What is durable when stays as it is.
            .pragma("wal_autocheckpoint", "4000");
        if self.file.is_some() {
            options = options.journal_mode(SqliteJournalMode::Wal);
        }
        let mut patience = Patience::new();
        loop {
            match self.pool(1).connect_with(options.clone()).await {
                Ok(pool) => return Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)),
                Err(e) => {
                    let error = DbErr::Conn(RuntimeErr::SqlxError(e.into()));
                    if !(is_busy(&error) && patience.wait().await) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The connections that read, opened when they are first needed.
    pub(crate) fn read_pool(&self) -> DatabaseConnection {
        let pool = self
            .pool(READERS)
            .min_connections(0)
            .connect_lazy_with(configured(self));
        SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
    }

    /// The connections of the application's own transactions, set up as the driver does: what our tables can do without, as
    /// foreign keys, its own may rely on.
    pub(crate) fn application_pool(&self) -> DatabaseConnection {
        let options = self.options.clone().busy_timeout(BUSY_WRITING);
        let pool = self
            .pool(APPLICATION)
            .min_connections(0)
            .connect_lazy_with(options);
        SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
    }

    fn pool(&self, size: u32) -> SqlitePoolOptions {
        let options = SqlitePoolOptions::new()
            .max_connections(size)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(30));
        match self.file {
            Some(_) => options.before_acquire(|connection, _| Box::pin(has_ended(connection))),
            None => options,
        }
    }
}

/// Whether the connection's last transaction has. One that could neither be made final nor undone, as on a full disk, leaves the
/// driver thinking that it goes on: the next would be a part of it, and never be final. Such a connection is not used again.
async fn has_ended(connection: &mut SqliteConnection) -> Result<bool, DriverError> {
    if connection.is_in_transaction() {
        // One that was dropped may be about to be undone.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// What kind of failure the database reports, what is wrong and what to do.
pub(crate) fn fault(error: &SqliteError) -> Fault {
    // The primary result code.
    let code = error
        .code()
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff);
    let (kind, detail) = match code {
        Some(1) if error.message().starts_with("no such table: tasker_") => (
            ErrorKind::Schema,
            "a table is missing: run the program's `migrate` command",
        ),
        Some(5 | 6) => (
            ErrorKind::Unavailable,
            "another connection holds the database's lock: end the transaction that keeps it",
        ),
        Some(8) => (
            ErrorKind::Backend,
            "the database may not be written: look at the permissions of its file and folder",
        ),
        Some(9) => (ErrorKind::Unavailable, "the statement was interrupted"),
        Some(10) => (
            ErrorKind::Unavailable,
            "the disk failed, or has no room for the journal: what was committed is kept",
        ),
        Some(11) => (
            ErrorKind::Corrupt,
            "the database is damaged: restore it from a backup",
        ),
        Some(13) => (
            ErrorKind::Unavailable,
            "the disk is full: make room; what was committed is kept",
        ),
        Some(14) => (
            ErrorKind::Unavailable,
            "the file cannot be opened: see that it is a file, and may be read and written",
        ),
        Some(18) => (
            ErrorKind::Invalid,
            "the database refused a value: it is too big",
        ),
        Some(26) => (
            ErrorKind::Corrupt,
            "the file is no SQLite database: name another one",
        ),
        _ => (ErrorKind::Backend, "the database refused a statement"),
    };
    Fault {
        busy: matches!(code, Some(5 | 6)),
        ..Fault::new(kind, detail)
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
