//! What is particular to MySQL and MariaDB: their words, their tables and how they are reached.
//!
//! For MariaDB from 10.6 and MySQL from 8.0; tested on MariaDB 10.11. Neither gives changed rows back in a way that both know,
//! so a change is a locking look and an update. They have no partial indexes: generated columns, NULL for all rows
//! that an index is not about, stand in for them. They have no notifications: other processes' jobs are found by looking.
//!
//! Durability: what a call returned is on the server's disk, as far as `innodb_flush_log_at_trx_commit` says. Every
//! transaction is READ COMMITTED, so that no gap is locked; a deadlock is met by beginning again.
//!
//! An exchange of finishes and a claim is five round trips: the change, a look at what it came to and at what may be claimed,
//! the first jobs (from a floor on, see `floors`: entries of taken jobs stay in the index for a second or so, and passing
//! over them took half of the time), their taking, the commit. A transaction begins without a word (`autocommit = 0`).

mod address;
mod fault;
mod schema;
mod statements;

use sea_orm::DatabaseBackend;

use crate::sql::dialect::{Dialect, Lanes, Numbering};

pub(crate) use address::Address;
pub(crate) use fault::fault;

/// MySQL and MariaDB.
pub(crate) static DIALECT: Dialect = Dialect {
    backend: DatabaseBackend::MySql,
    name: "mysql",
    tables: schema::TABLES,
    lanes: Lanes::Several {
        enqueue: 1,
        settle: 2,
    },
    clock: Some("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"),
    // A lock of the session, named after the database; a change of the schema ends every transaction here.
    migrating: Some((
        "SELECT GET_LOCK(LEFT(CONCAT('tasker.', coalesce(?1, DATABASE())), 64), 600)",
        "SELECT RELEASE_LOCK(LEFT(CONCAT('tasker.', DATABASE()), 64))",
    )),
    numbering: Numbering::OfOne,
    statements: statements::STATEMENTS,
};
