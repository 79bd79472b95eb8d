//! What is particular to PostgreSQL: its words, its tables, how it is reached, and how news from other processes
//! arrives.
//!
//! Durability: what a call returned is on the server's disk, as far as the server's own `fsync` and
//! `synchronous_commit` say.
//!
//! How it became fast, measured on two cores with the server beside the program (20,000 jobs of 100 bytes; d is one
//! claim and one delete of 100 jobs at a time over two connections, 53,000 jobs/s; ratios of the same minute):
//!
//! | variant | × d |
//! |---|---|
//! | claim, then update (the outcome is kept) | 0.83 |
//! | finish and claim in one statement, delete / update | 1.54 / 1.20 |
//! | the same over 1 / 4 connections | 0.78 / 0.98 of two |
//! | the same, finished jobs moved to a table of their own | 1.28 |
//! | state as a number, the lease on the row, fill factor 70 | 0.95 to 1.06 of the above, no more than noise |
//! | without the second unique index | 1.18 of the above |
//!
//! Hence: one table with partial indexes, leases on the worker, one fused statement without a transaction around it, two
//! connections for it.

mod address;
mod fault;
mod listen;
mod notify;
mod pooled;
mod schema;
mod statements;

use sea_orm::DatabaseBackend;

use crate::sql::dialect::{Dialect, Lanes, Numbering};

pub(crate) use address::Address;
pub(crate) use fault::fault;
pub(crate) use listen::listen;
pub(crate) use notify::{announcement, announcement_within};
pub(crate) use pooled::{FORGET_STATEMENTS, Pooled};

/// PostgreSQL, from 12.
pub(crate) static DIALECT: Dialect = Dialect {
    backend: DatabaseBackend::Postgres,
    name: "postgres",
    tables: schema::TABLES,
    lanes: Lanes::Several {
        // More make smaller batches and more flushes.
        enqueue: 1,
        settle: 2,
    },
    clock: Some("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"),
    // Held until the transaction ends. The number is "tasker" in letters.
    migrating: Some(("SELECT pg_advisory_xact_lock(128009142036850)", "SELECT 1")),
    numbering: Numbering::Returned,
    statements: statements::STATEMENTS,
};
