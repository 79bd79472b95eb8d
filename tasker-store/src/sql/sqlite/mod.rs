//! What is particular to SQLite: its words, its tables, how it is opened, and how news from other processes
//! is noticed.
//!
//! Durability: WAL with `synchronous=NORMAL`. What a call returned survives the death of the process; a power
//! loss may take the last commits with it, never the file. `?synchronous=full` in the URL survives that too.

mod address;
mod open;
#[cfg(test)]
mod plans;
mod schema;
mod statements;
mod watch;

use sea_orm::DatabaseBackend;

use crate::sql::dialect::Dialect;

pub(crate) use address::Address;
pub(crate) use open::{data_version, explain, is_busy, kind_of, read_pool, write_connection};
pub(crate) use watch::watch;

/// SQLite, from 3.45 (the bundled one is newer).
pub(crate) static DIALECT: Dialect = Dialect {
    backend: DatabaseBackend::Sqlite,
    name: "sqlite",
    tables: schema::TABLES,
    statements: statements::STATEMENTS,
};
