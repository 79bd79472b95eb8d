//! What differs between the databases, as data: one [`Dialect`] per database.
//!
//! The hot paths are fixed statement texts that take their rows as one JSON parameter, so that each is prepared
//! once and a batch of any size costs one exchange. The files beside this one know in which order a text takes
//! its parameters and which columns it gives back; only the dialect knows the words.

use sea_orm::DatabaseBackend;

/// One database.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// What sea-orm calls it.
    pub(crate) backend: DatabaseBackend,
    /// What people call it.
    pub(crate) name: &'static str,
    /// The schema's first step.
    pub(crate) tables: &'static [&'static str],
    /// The words of everything that is not asked through an entity.
    pub(crate) statements: Statements,
}

/// Statement texts. `now` is always in microseconds; ids travel in JSON as hexadecimal digits.
#[derive(Debug)]
pub(crate) struct Statements {
    /// Rows of `enqueue::NewRow`, now, whether jobs of disabled tasks are taken too → number, id of those inserted.
    pub(crate) enqueue: &'static str,
    /// Ids → id, number of those that exist.
    pub(crate) numbers: &'static str,
    /// Names: makes the rows of queues where they are missing.
    pub(crate) ensure_queues: &'static str,
    /// Pairs of canonical form and alias: makes the rows of tasks where they are missing.
    pub(crate) ensure_tasks: &'static str,
    /// Rows of `settle::end`, now → id, token, state, number, whether it is past its retention.
    pub(crate) end: &'static str,
    /// Rows of `settle::give_back`, now → id, token, state, number, whether it is past its retention.
    pub(crate) give_back: &'static str,
    /// Rows of number, kind and message, now: writes the failed attempts of these jobs.
    pub(crate) record_attempts: &'static str,
    /// now, worker, limit, known aliases → `settle::CLAIMED`.
    pub(crate) claim_all: &'static str,
    /// now, worker, limit, known aliases, pairs of queue and bound → `settle::CLAIMED`.
    pub(crate) claim_only: &'static str,
    /// Leases → id, token, number of those that are live.
    pub(crate) live: &'static str,
    /// Rows of number, age in microseconds, level, message and how many attempts were given back since, now: appends to the logs.
    pub(crate) append_lines: &'static str,
    /// Rows of number, done and total: replaces the progress of these jobs.
    pub(crate) set_progress: &'static str,
    /// Worker, now → id of the workers's row: extends a lease.
    pub(crate) beat: &'static str,
    /// Worker → id, token of running jobs whose cancel was requested.
    pub(crate) cancels: &'static str,
    /// Worker → id, token of its running jobs.
    pub(crate) running: &'static str,
    /// now: takes workers whose lease is over off the list.
    pub(crate) drop_dead: &'static str,
    /// now, limit → number, state, worker, whether it is past its retention.
    pub(crate) rescue: &'static str,
    /// Rows of number, kind and message: sets the error of these jobs.
    pub(crate) set_errors: &'static str,
    /// → whether a job is left whose worker is not on the list.
    pub(crate) orphaned: &'static str,
    /// → the end of the lease that ends first.
    pub(crate) next_lease: &'static str,
    /// now, limit: makes due jobs ready.
    pub(crate) promote: &'static str,
    /// → the due time of the job that waits for the next one.
    pub(crate) next_due: &'static str,
    /// now, limit → number of jobs past their retention.
    pub(crate) expired: &'static str,
    /// → when the next job is past its retention.
    pub(crate) next_prune: &'static str,
    /// Numbers: deletes these jobs and what belongs to them, one text per table.
    pub(crate) erase: [&'static str; 4],
    /// Schedule → whether an unfinished job of it exists.
    pub(crate) unfinished: &'static str,
    /// now, limit → ids of schedules to look at, the longest due first.
    pub(crate) due_schedules: &'static str,
    /// now → the next occurrence after it of any schedule in force.
    pub(crate) next_schedule: &'static str,
    /// Name, holder, now, until → token.
    pub(crate) hold: &'static str,
    /// → queue, state, count.
    pub(crate) count_queues: &'static str,
    /// → worker, count of its running jobs.
    pub(crate) count_running: &'static str,
    /// → alias, count of ready jobs of tasks nobody declared.
    pub(crate) unknown: &'static str,
    /// A condition on a job: its tags contain the parameter.
    pub(crate) has_tag: &'static str,
}
