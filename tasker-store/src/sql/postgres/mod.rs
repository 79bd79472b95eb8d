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
//!
//! What the product made of it, at 100 jobs at a time with the outcome kept, each line with those above it (jobs/s; the bare
//! claim and update 45,000 to 55,000, d 65,000 to 80,000):
//!
//! | change | jobs/s |
//! |---|---|
//! | one fused statement over a pool of connections | 17,800 |
//! | planned once (`plan_cache_mode`; 2 to 3 ms of each exchange had been planning), the index of running jobs out of its way | 21,500 |
//! | both exchanges under way claim; finishes shared evenly; no pool, which looks at each connection that comes back | 24,000 to 33,000 |
//!
//! New jobs go in by a plain INSERT; `ON CONFLICT DO NOTHING` looks into each unique index first and is kept for a batch in which one
//! is there already, and for transactions (microseconds a job, 1,000 at a time by two-column `unnest`):
//!
//! | INSERT | µs |
//! |---|---|
//! | bare | 7.8 |
//! | with RETURNING, in order, disabled tasks left out | 8.4 |
//! | the same, and ON CONFLICT DO NOTHING | 11.6 |
//!
//! A transaction that is left open keeps the server from cleaning up: after 400,000 jobs under one, a claim of 100 that begins
//! at the beginning takes 80 ms. With floors (see `floors`) 99 of 100 claims took 13 ms or less after 900,000.
//!
//! Side by side in `psql`, without this program, the statement alone reaches 0.78 of the bare one: it gives back sixteen columns
//! for six, and looks at the retention of each job. What is left is this process: 11 µs of the processor for a job, on two cores
//! that the server needs too.

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
    // Held until the transaction ends, and named after the schema: installations side by side do not wait for each other.
    migrating: Some((
        "SELECT pg_advisory_xact_lock(
            ('x' || left(md5('tasker.' || coalesce($1::text, current_schema()::text, '')), 16))::bit(64)::bigint)",
        "SELECT 1",
    )),
    numbering: Numbering::Returned,
    statements: statements::STATEMENTS,
};
