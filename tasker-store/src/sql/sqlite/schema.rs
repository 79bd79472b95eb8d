//! The tables on SQLite.
//!
//! A job is one row. `task` is the alias in the form that is compared. Instants are microseconds since the Unix
//! epoch, ids are 16 bytes. The indexes are partial, so that each holds only the rows its sweep is about:
//! finished jobs, however many, are in none but the one for pruning, and those that did not succeed in `aside`, from which they
//! are listed. Columns that follow those an index is searched by spare reading the rows when jobs are counted.

/// Whether a job holds its unique key, for the index and for those who look into it. Once it does not, no move makes
/// it so again: see `crate::unique`.
macro_rules! holds_key {
    () => {
        "unique_key IS NOT NULL AND deleted_at IS NULL
         AND ((finished_at IS NULL AND (token = 0 OR (unique_holds & 1) <> 0))
              OR (state = 'succeeded' AND (unique_holds & 2) <> 0)
              OR (state = 'failed' AND (unique_holds & 4) <> 0)
              OR (state = 'canceled' AND (unique_holds & 8) <> 0))"
    };
}
pub(super) use holds_key;

/// Version 1, in order.
pub(crate) const TABLES: &[&str] = &[
    "CREATE TABLE tasker_jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        alias TEXT NOT NULL,
        task TEXT NOT NULL,
        queue TEXT NOT NULL,
        priority INTEGER NOT NULL,
        state TEXT NOT NULL,
        shape INTEGER NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 0,
        max_attempts INTEGER,
        at_most_once INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        enqueued_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        worker BLOB,
        token INTEGER NOT NULL DEFAULT 0,
        held INTEGER,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        keep_succeeded INTEGER,
        keep_unsuccessful INTEGER,
        prune_at INTEGER,
        deleted_at INTEGER,
        schedule BLOB,
        occurrence_at INTEGER,
        missed TEXT,
        unique_key BLOB,
        unique_holds INTEGER NOT NULL DEFAULT 0,
        tags TEXT NOT NULL,
        error TEXT,
        output TEXT,
        params TEXT NOT NULL
    )",
    // The last three are there so that jobs a worker must leave alone are passed over without reading their rows:
    // the planner reads a row for every column that a statement names, even one that the condition here implies.
    "CREATE INDEX tasker_jobs_ready
        ON tasker_jobs (queue, priority DESC, due_at, number, task, state, deleted_at)
        WHERE state = 'queued' AND deleted_at IS NULL",
    "CREATE INDEX tasker_jobs_due ON tasker_jobs (due_at, number, queue, state, deleted_at)
        WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL",
    "CREATE INDEX tasker_jobs_aside ON tasker_jobs (state, number, queue, deleted_at)
        WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL",
    "CREATE INDEX tasker_jobs_running ON tasker_jobs (worker) WHERE state = 'running'",
    "CREATE INDEX tasker_jobs_prune ON tasker_jobs (prune_at) WHERE prune_at IS NOT NULL",
    "CREATE INDEX tasker_jobs_unfinished ON tasker_jobs (schedule)
        WHERE schedule IS NOT NULL AND finished_at IS NULL AND deleted_at IS NULL",
    "CREATE INDEX tasker_jobs_ended ON tasker_jobs (schedule, finished_at)
        WHERE schedule IS NOT NULL AND finished_at IS NOT NULL",
    concat!(
        "CREATE UNIQUE INDEX tasker_jobs_unique ON tasker_jobs (unique_key) WHERE ",
        holds_key!()
    ),
    "CREATE TABLE tasker_attempts (
        job INTEGER NOT NULL,
        token INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        worker BLOB,
        started_at INTEGER,
        ended_at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (job, token)
    )",
    "CREATE TABLE tasker_logs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        at INTEGER NOT NULL,
        level TEXT NOT NULL,
        message TEXT NOT NULL
    )",
    "CREATE INDEX tasker_logs_job ON tasker_logs (job)",
    "CREATE TABLE tasker_progress (
        job INTEGER PRIMARY KEY,
        token INTEGER NOT NULL,
        done INTEGER NOT NULL,
        total INTEGER NOT NULL
    )",
    "CREATE TABLE tasker_queues (
        name TEXT PRIMARY KEY,
        paused INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID",
    "CREATE TABLE tasker_tasks (
        task TEXT PRIMARY KEY,
        alias TEXT NOT NULL,
        title TEXT NOT NULL DEFAULT '',
        description TEXT NOT NULL DEFAULT '',
        queue TEXT NOT NULL DEFAULT '',
        params TEXT NOT NULL DEFAULT '{}',
        shape INTEGER NOT NULL DEFAULT 0,
        origin TEXT NOT NULL DEFAULT '',
        enabled INTEGER NOT NULL DEFAULT 1,
        seen_at INTEGER
    )",
    "CREATE INDEX tasker_tasks_disabled ON tasker_tasks (task) WHERE enabled = 0",
    "CREATE TABLE tasker_schedules (
        id BLOB PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        source TEXT NOT NULL,
        alias TEXT NOT NULL,
        task TEXT NOT NULL,
        rule TEXT NOT NULL,
        tz TEXT NOT NULL,
        params TEXT NOT NULL,
        queue TEXT,
        start_at INTEGER,
        end_at INTEGER,
        max_executions INTEGER,
        catch_up TEXT NOT NULL,
        overlap TEXT NOT NULL,
        state TEXT NOT NULL,
        error TEXT,
        created_at INTEGER NOT NULL,
        next_run_at INTEGER,
        last_run_at INTEGER,
        waiting_at INTEGER,
        waiting_missed TEXT,
        executions INTEGER NOT NULL DEFAULT 0,
        extra_jobs INTEGER NOT NULL DEFAULT 0,
        last_outcome TEXT,
        last_error TEXT,
        last_ended_at INTEGER,
        seen_at INTEGER NOT NULL,
        deleted_at INTEGER,
        version INTEGER NOT NULL DEFAULT 1
    )",
    "CREATE INDEX tasker_schedules_due ON tasker_schedules (next_run_at) WHERE state = 'active' AND deleted_at IS NULL",
    "CREATE INDEX tasker_schedules_waiting ON tasker_schedules (waiting_at) WHERE waiting_at IS NOT NULL",
    "CREATE TABLE tasker_workers (
        id BLOB PRIMARY KEY,
        name TEXT NOT NULL,
        named INTEGER NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process TEXT NOT NULL,
        lease INTEGER NOT NULL,
        concurrency INTEGER NOT NULL,
        queues TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        lease_until INTEGER NOT NULL,
        started INTEGER NOT NULL DEFAULT 0
    )",
    "CREATE TABLE tasker_leases (
        name TEXT PRIMARY KEY,
        holder BLOB,
        token INTEGER NOT NULL,
        until INTEGER NOT NULL
    )",
];
