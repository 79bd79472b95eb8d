//! What differs between the databases, as data: one [`Dialect`] per database.
//!
//! A batch of any size costs one statement. The two busiest take their rows in the form their database reads
//! fastest ([`Bulk`]); the others are fixed texts that take them as one JSON parameter.
//! The files beside this one know in which order a text takes its parameters and which columns it gives back; only
//! the dialect knows the words.

use std::time::Duration;

use sea_orm::{DatabaseBackend, SqliteTransactionMode, TransactionOptions};

use crate::sql::bulk::Bulk;

/// A sign of life.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beating {
    /// Worker, now → id, token of the jobs, or one row of nothing; no row where there is no such worker.
    One(&'static str),
    Two {
        /// Worker, now.
        extend: &'static str,
        /// Worker → id, token of the jobs.
        cancels: &'static str,
    },
}

/// One database.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// What sea-orm calls it.
    pub(crate) backend: DatabaseBackend,
    /// What people call it.
    pub(crate) name: &'static str,
    /// The schema's first step.
    pub(crate) tables: &'static [&'static str],
    /// How writing is shared out.
    pub(crate) lanes: Lanes,
    /// The time of the server in microseconds; `None` where the database is part of this process.
    pub(crate) clock: Option<&'static str>,
    /// Schema or none: takes a lock that others who migrate the same tables wait for; and gives it back, where a transaction
    /// does not do so.
    pub(crate) migrating: Option<(&'static str, &'static str)>,
    /// What an insertion says of the numbers it gave out.
    pub(crate) numbering: Numbering,
    /// The words of everything that is not asked through an entity.
    pub(crate) statements: Statements,
}

impl Dialect {
    /// How a transaction that writes begins.
    pub(crate) fn transaction(&self) -> TransactionOptions {
        TransactionOptions {
            sqlite_transaction_mode: (self.backend == DatabaseBackend::Sqlite)
                .then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        }
    }
}

/// How many tasks write, each a batch at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// One, since the database has one lock for all writing.
    One,
    /// Several: so many for enqueues, so many for settles, and one for all else.
    Several { enqueue: usize, settle: usize },
}

/// What an insertion of several rows says of the numbers it gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// The last one; they follow each other.
    Last,
    /// Each comes back, with the id.
    Returned,
    /// The only one, where there is one; else they have to be looked up.
    OfOne,
}

/// A change that gives rows back. Their first column is a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Returning {
    /// One statement changes them and gives them back.
    One(&'static str),
    /// For a database that cannot: the first locks the rows and says what will be made of them, the second makes it.
    /// It takes the numbers that came back, as a JSON array, before the parameters of the first.
    Two {
        look: &'static str,
        change: &'static str,
    },
}

/// Statement texts. `now` is always in microseconds; ids travel in JSON as hexadecimal digits.
#[derive(Debug)]
pub(crate) struct Statements {
    /// Rows of `enqueue::NewRow`: leaves out those whose id exists or whose key is held, and those of disabled tasks
    /// unless told otherwise.
    pub(crate) enqueue: Bulk,
    /// Ids → id, number of those that exist.
    pub(crate) numbers: &'static str,
    /// Rows of id, key and task → place of the row from 0, number of the job of this id, whether the task is disabled;
    /// of the job that holds the key, if one does: number, id, state, whether it was claimed before or has ended.
    pub(crate) met: &'static str,
    /// Rows of `NewRow::content`, now: makes these jobs as the rows say where they have not been started → number.
    pub(crate) replace: Returning,
    /// Rows of number and due time, now: the same for the due time alone → number.
    pub(crate) reschedule: Returning,
    /// A condition on a job: it holds its key.
    pub(crate) holds_key: &'static str,
    /// Names: makes the rows of queues where they are missing.
    pub(crate) ensure_queues: &'static str,
    /// Pairs of canonical form and alias: makes the rows of tasks where they are missing.
    pub(crate) ensure_tasks: &'static str,
    /// now, now, rows of id, token and output: ends jobs well → as `end`. Not on a database without RETURNING.
    pub(crate) succeed: Option<Bulk>,
    /// As `succeed`, `mark_started` and `claim_all` or `claim_only` in one: the parameters of the claim, the number of the job started last, ids, tokens, outputs → as `claim_all`, then the columns of `end`; each row has the
    /// one or the other.
    pub(crate) settle: Option<Fused>,
    /// Rows of `settle::end`, now → number, id, token, state, whether it is past its retention.
    pub(crate) end: Returning,
    /// Rows of `settle::give_back`, now → number, id, token, state, whether it is past its retention.
    pub(crate) give_back: Returning,
    /// Rows of number, kind and message, now: writes the failed attempts of these jobs.
    pub(crate) record_attempts: &'static str,
    /// now, worker, limit, known aliases, how many start at once, number of the job held last → `claim::CLAIMED`.
    pub(crate) claim_all: Returning,
    /// The same, pairs of queue and bound → `claim::CLAIMED`.
    pub(crate) claim_only: Returning,
    /// How long a claim may take before the next ones begin at floors; `None` where they cannot. The two above and `settle`
    /// take the floors as their last parameter.
    pub(crate) slow_claim: Option<Duration>,
    /// In place of the two, where one statement cannot.
    pub(crate) claim: Option<PerQueue>,
    /// Leases → id, token, number of those that are live.
    pub(crate) live: &'static str,
    /// Rows of number, age in microseconds, level, message and how many attempts were given back since, now: appends to the logs.
    pub(crate) append_lines: &'static str,
    /// Rows of number, done and total: replaces the progress of these jobs.
    pub(crate) set_progress: &'static str,
    /// Extends a lease, and tells of running jobs whose cancel was requested.
    pub(crate) beat: Beating,
    /// Worker → id, token of its running jobs.
    pub(crate) running: &'static str,
    /// Worker, number: of the jobs it holds, those up to this one have been started.
    pub(crate) mark_started: &'static str,
    /// now, worker: gives back the jobs that workers whose lease is over, and this one, held and did not start.
    pub(crate) unstart: &'static str,
    /// now: takes workers whose lease is over off the list.
    pub(crate) drop_dead: &'static str,
    /// now, limit → number, state, worker, whether it is past its retention.
    pub(crate) rescue: Returning,
    /// Rows of number, kind and message: sets the error of these jobs.
    pub(crate) set_errors: &'static str,
    /// → whether a job is left whose worker is not on the list.
    pub(crate) orphaned: &'static str,
    /// → the end of the lease that ends first.
    pub(crate) next_lease: &'static str,
    /// → whether jobs are ready, held back or not.
    pub(crate) any_ready: &'static str,
    /// now, limit: makes due jobs ready → number.
    pub(crate) promote: Returning,
    /// → the due time of the job that waits for the next one.
    pub(crate) next_due: &'static str,
    /// now, limit → number of jobs past their retention, whether they are of a schedule.
    pub(crate) expired: &'static str,
    /// → when the next job is past its retention.
    pub(crate) next_prune: &'static str,
    /// Numbers → whether anything belongs to any of these jobs; `None` where asking costs as much as deleting it.
    pub(crate) belongings: Option<&'static str>,
    /// Numbers: deletes these jobs and what belongs to them, one text per table, that of the jobs last.
    pub(crate) erase: [&'static str; 4],
    /// Rows of number and a JSON array: sets what these jobs stand for besides their occurrences.
    pub(crate) set_missed: &'static str,
    /// Schedules → schedule and id of each unfinished job of theirs.
    pub(crate) unfinished: &'static str,
    /// Rows of `step::after`: where these schedules stand after a step.
    pub(crate) advance: &'static str,
    /// → id of each schedule with an occurrence that waits, and whether it may be enqueued now.
    pub(crate) waiting_schedules: &'static str,
    /// A schedule, or nothing for all → schedule, number of the job of it that ended last.
    pub(crate) ended: &'static str,
    /// now, limit → ids of schedules to look at, the longest due first.
    pub(crate) due_schedules: &'static str,
    /// now → the next occurrence after it of any schedule in force.
    pub(crate) next_schedule: &'static str,
    /// Bound → part, queue, state, count. Part 0: unfinished jobs, all of them. Part 1: so many of the latest that failed, and that were
    /// canceled. Part 2: so many of the latest jobs, whatever their state, which is empty for one that is deleted.
    pub(crate) count_queues: &'static str,
    /// Where to find jobs by their state.
    pub(crate) homes: Homes,
    /// → worker, count of its running jobs.
    pub(crate) count_running: &'static str,
    /// → alias, count of ready jobs of tasks nobody declared.
    pub(crate) unknown: &'static str,
    /// A condition on a job: its tags contain the parameter.
    pub(crate) has_tag: &'static str,
}

/// Conditions on a job, in the words of the index that has the jobs of these states and no others, none of them deleted.
#[derive(Debug)]
pub(crate) struct Homes {
    pub(crate) queued: &'static str,
    /// `scheduled` and `retrying`.
    pub(crate) waiting: &'static str,
    pub(crate) running: &'static str,
    /// `paused`, `failed`, `canceled`: to be followed by ` = ` and the state. They come in the order of their numbers.
    pub(crate) aside: &'static str,
}

/// One statement that settles: finishes that are nothing but successes, and a claim.
#[derive(Debug)]
pub(crate) struct Fused {
    /// With a claim from all queues.
    pub(crate) all: &'static str,
    /// With a claim from some.
    pub(crate) only: &'static str,
}

/// A claim queue by queue, for a database that can neither take the first rows of each of several queues at once nor
/// give changed rows back.
#[derive(Debug)]
pub(crate) struct PerQueue {
    /// As `claim_all` → 1 and a queue that has ready jobs, none where the worker's lease is over; or 0 and a task to leave alone.
    pub(crate) look: &'static str,
    /// Rows of `settle::end`, now: ends these jobs.
    pub(crate) end: &'static str,
    /// The same where all of them succeeded and returned nothing.
    pub(crate) succeed: &'static str,
    /// The same rows, then as `claim_all` → as `look`, or 2, nothing, and as `end` for the jobs that were ended just now.
    pub(crate) ended: &'static str,
    /// Queue, limit, tasks to leave alone, the three parts of a floor → as a claim of any task, locked.
    pub(crate) heads: &'static str,
    /// The same, of the others.
    pub(crate) heads_but: &'static str,
    /// Pairs of the number of a job and that under which it is held, now, worker: takes these jobs.
    pub(crate) take: &'static str,
}
