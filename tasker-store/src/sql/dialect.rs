//! What differs between the databases, as data: one [`Dialect`] per database.
//!
//! A batch of any size costs one exchange. The two busiest statements take their rows as bound parameters, in a few
//! sizes so that each stays prepared ([`Batched`]); the others are fixed texts that take them as one JSON parameter.
//! The files beside this one know in which order a text takes its parameters and which columns it gives back; only
//! the dialect knows the words.

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

/// A statement over rows of bound parameters. A text exists for each power of two up to [`Batched::MOST`], and a
/// batch takes the next larger one: parameters that are not given are NULL, and a row that begins with NULL is none.
#[derive(Debug)]
pub(crate) struct Batched {
    /// What comes before the rows.
    pub(crate) before: &'static str,
    /// One row.
    pub(crate) row: &'static str,
    /// What comes after them.
    pub(crate) after: &'static str,
}

impl Batched {
    /// The most rows of one statement. Twice as many save little time and take twice the memory while prepared.
    pub(crate) const MOST: usize = 256;

    /// The text for `rows` rows, at least one.
    pub(crate) fn text(&self, rows: usize) -> String {
        debug_assert!((1..=Self::MOST).contains(&rows), "{rows} rows at a time");
        let places = rows.next_power_of_two();
        let length = self.before.len() + places * (self.row.len() + 1) + self.after.len();
        let mut text = String::with_capacity(length);
        text.push_str(self.before);
        for place in 0..places {
            if place > 0 {
                text.push(',');
            }
            text.push_str(self.row);
        }
        text.push_str(self.after);
        text
    }
}

/// Statement texts. `now` is always in microseconds; ids travel in JSON as hexadecimal digits.
#[derive(Debug)]
pub(crate) struct Statements {
    /// Rows of `enqueue::NewRow`: leaves out those whose id exists or whose key is held, and those of disabled tasks
    /// unless told otherwise.
    pub(crate) enqueue: Batched,
    /// Ids → id, number of those that exist.
    pub(crate) numbers: &'static str,
    /// Rows of id, key and task → place of the row from 0, number of the job of this id, whether the task is disabled;
    /// of the job that holds the key, if one does: number, id, state, whether it was claimed before or has ended.
    pub(crate) met: &'static str,
    /// Rows of `NewRow::content`, now: makes these jobs as the rows say where they have not been started → number.
    pub(crate) replace: &'static str,
    /// Rows of number and due time, now: the same for the due time alone → number.
    pub(crate) reschedule: &'static str,
    /// A condition on a job: it holds its key.
    pub(crate) holds_key: &'static str,
    /// Names: makes the rows of queues where they are missing.
    pub(crate) ensure_queues: &'static str,
    /// Pairs of canonical form and alias: makes the rows of tasks where they are missing.
    pub(crate) ensure_tasks: &'static str,
    /// now, now, rows of id and token: ends jobs well that returned nothing → as `end`.
    pub(crate) succeed: Batched,
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
