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

use crate::sql::dialect::{Dialect, Lanes, Numbering};

pub(crate) use address::Address;
pub(crate) use open::fault;
pub(crate) use watch::watch;

/// SQLite, from 3.45 (the bundled one is newer).
pub(crate) static DIALECT: Dialect = Dialect {
    backend: DatabaseBackend::Sqlite,
    name: "sqlite",
    tables: schema::TABLES,
    lanes: Lanes::One,
    clock: None,
    migrating: None,
    numbering: Numbering::Last,
    statements: statements::STATEMENTS,
};
