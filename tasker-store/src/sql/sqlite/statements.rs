//! The words of [`Statements`] on SQLite.
//!
//! Rows come in as parameters where speed counts most (`column1` is what a VALUES list calls its first column), else
//! as one JSON array of arrays, and are read by position. `unhex` turns an id's digits into the bytes
//! of its column. Where a text names the latest instant, it is that of [`crate::to_micros`]: a sum past it would
//! turn into a floating-point number.

use super::schema::holds_key;
use crate::sql::bulk::Bulk;
use crate::sql::dialect::{Beating, Homes, Returning, Statements};

/// Aliases a claim leaves out: those disabled, and those the worker (parameter 4) does not know.
macro_rules! held_back {
    () => {
        "SELECT t.task FROM tasker_tasks AS t
          WHERE t.enabled = 0 OR t.task NOT IN (SELECT value FROM json_each(?4))"
    };
}

/// Takes the jobs that `$chosen` gives the numbers of, with their places from 1.
macro_rules! claim {
    ($($chosen:expr),+) => {
        concat!(
            "UPDATE tasker_jobs
                SET state = 'running', token = token + 1, attempt = attempt + 1, started_at = ?1, worker = ?2,
                    cancel_requested = 0, held = iif(heads.place > ?5, ?6 + heads.place, NULL)
               FROM (",
            $($chosen),+,
            ") AS heads
              WHERE tasker_jobs.number = +heads.chosen
             RETURNING number, id, token, alias, queue, priority, params, attempt, max_attempts, at_most_once,
                       tags, enqueued_at, due_at, schedule, occurrence_at, held"
        )
    };
}

/// Joins the first ready jobs of each queue `q`, at most as many as are wanted in all, as `j`.
///
/// The `+` keeps the planner from looking at the bound: it would prepare the statement again for each value.
macro_rules! heads {
    () => {
        concat!(
            "CROSS JOIN tasker_jobs AS j
             WHERE EXISTS (SELECT 1 FROM tasker_workers WHERE id = ?2 AND lease_until > ?1)
               AND j.number IN (
                SELECT r.number FROM tasker_jobs AS r
                 WHERE r.queue = q.name AND r.state = 'queued' AND r.deleted_at IS NULL
                   AND r.task NOT IN (",
            held_back!(),
            ")
                 ORDER BY r.priority DESC, r.due_at, r.number LIMIT +?3)"
        )
    };
}

/// All of them.
pub(crate) const STATEMENTS: Statements = Statements {
    enqueue: Bulk::Places {
        before: "INSERT INTO tasker_jobs (
            id, alias, queue, priority, params, shape, due_at, enqueued_at, state, max_attempts, at_most_once,
            keep_succeeded, keep_unsuccessful, tags, schedule, occurrence_at, task, unique_key, unique_holds)
        SELECT column1, column2, coalesce(column3, 'default'), column4, column5, column6, column7, column8,
               iif(column7 <= column8, 'queued', 'scheduled'), column9, column10, column11, column12,
               coalesce(column13, '[]'), column14, column15, coalesce(column16, column2), column18, coalesce(column19, 0)
          FROM (VALUES ",
        row: "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        after: ")
         WHERE column1 IS NOT NULL AND
               (column17 OR coalesce(column16, column2) NOT IN (SELECT task FROM tasker_tasks WHERE enabled = 0))
        ON CONFLICT DO NOTHING",
    },
    numbers: "SELECT id, number FROM tasker_jobs WHERE id IN (SELECT unhex(value) FROM json_each(?1))",
    // The holder is looked for by itself, so that its condition is the index's, word for word.
    met: concat!(
        "SELECT m.place, m.own, m.disabled, j.number, j.id, j.state, j.token > 0 OR j.finished_at IS NOT NULL
          FROM (SELECT f.key AS place,
                       (SELECT number FROM tasker_jobs WHERE id = unhex(f.value ->> 0)) AS own,
                       EXISTS (SELECT 1 FROM tasker_tasks
                                WHERE task = f.value ->> 2 AND enabled = 0) AS disabled,
                       (SELECT number FROM tasker_jobs WHERE unique_key = unhex(f.value ->> 1) AND ",
        holds_key!(),
        ") AS holder
                  FROM json_each(?1) AS f) AS m
          LEFT JOIN tasker_jobs AS j ON j.number = m.holder"
    ),
    replace: Returning::One("UPDATE tasker_jobs AS j
           SET queue = f.value ->> 1, priority = f.value ->> 2, params = f.value ->> 3, shape = f.value ->> 4,
               due_at = f.value ->> 5, max_attempts = f.value ->> 6, at_most_once = f.value ->> 7,
               keep_succeeded = f.value ->> 8, keep_unsuccessful = f.value ->> 9, tags = f.value ->> 10,
               schedule = unhex(f.value ->> 11), occurrence_at = f.value ->> 12, missed = NULL, unique_holds = f.value ->> 13,
               state = CASE WHEN j.state = 'paused' THEN 'paused'
                            WHEN f.value ->> 5 <= ?2 THEN 'queued'
                            ELSE 'scheduled' END
          FROM json_each(?1) AS f
         WHERE j.number = f.value ->> 0 AND j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL
        RETURNING number"),
    reschedule: Returning::One("UPDATE tasker_jobs AS j
           SET due_at = f.value ->> 1,
               state = CASE WHEN j.state = 'paused' THEN 'paused'
                            WHEN f.value ->> 1 <= ?2 THEN 'queued'
                            ELSE 'scheduled' END
          FROM json_each(?1) AS f
         WHERE j.number = f.value ->> 0 AND j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL
        RETURNING number"),
    holds_key: holds_key!(),
    ensure_queues: "INSERT OR IGNORE INTO tasker_queues (name) SELECT value FROM json_each(?1)",
    ensure_tasks: "INSERT OR IGNORE INTO tasker_tasks (task, alias)
        SELECT value ->> 0, value ->> 1 FROM json_each(?1)",
    // The jobs are found by their ids, then changed by their numbers: left to itself the planner walks all that run.
    succeed: Some(Bulk::Places {
        before: "UPDATE tasker_jobs
           SET state = iif(cancel_requested, 'canceled', 'succeeded'),
               finished_at = ?,
               prune_at = ? + iif(cancel_requested, keep_unsuccessful, keep_succeeded),
               output = NULL
         WHERE number IN (
            SELECT j.number FROM (VALUES ",
        row: "(?,?)",
        after: ") AS f CROSS JOIN tasker_jobs AS j
             WHERE j.id = f.column1 AND j.token = f.column2 AND j.state = 'running')
        RETURNING number, id, token, state, coalesce(prune_at <= finished_at, 0)",
    }),
    settle: None,
    end: Returning::One("UPDATE tasker_jobs AS j
           SET state = iif(j.cancel_requested, 'canceled', f.state),
               finished_at = ?2,
               prune_at = ?2 + iif(j.cancel_requested OR f.state <> 'succeeded', j.keep_unsuccessful, j.keep_succeeded),
               output = f.output,
               error = coalesce(f.error, j.error)
          FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS token, value ->> 2 AS state,
                       value ->> 3 AS output, value ->> 4 AS error
                  FROM json_each(?1)) AS f
         WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
        RETURNING number, id, token, state, coalesce(prune_at <= ?2, 0)"),
    give_back: Returning::One("UPDATE tasker_jobs AS j
           SET state = CASE WHEN j.cancel_requested THEN 'canceled'
                            WHEN f.cut AND j.at_most_once THEN 'failed'
                            WHEN f.due <= ?2 THEN f.ready
                            WHEN j.attempt > f.refund THEN f.spent
                            ELSE f.fresh END,
               attempt = iif(j.cancel_requested OR (f.cut AND j.at_most_once), j.attempt,
                             max(j.attempt - f.refund, 0)),
               due_at = iif(j.cancel_requested OR (f.cut AND j.at_most_once), j.due_at, f.due),
               finished_at = iif(j.cancel_requested OR (f.cut AND j.at_most_once), ?2, NULL),
               prune_at = iif(j.cancel_requested OR (f.cut AND j.at_most_once), ?2 + j.keep_unsuccessful, NULL),
               output = iif(j.cancel_requested AND NOT f.cut, NULL, j.output),
               error = CASE WHEN f.cut AND (j.cancel_requested OR NOT j.at_most_once) THEN j.error
                            ELSE coalesce(f.error, j.error) END
          FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS token, value ->> 2 AS ready, value ->> 3 AS spent,
                       value ->> 4 AS fresh, value ->> 7 AS refund, value ->> 8 AS cut, value ->> 9 AS error,
                       coalesce(value ->> 6, min(?2 + (value ->> 5), 8210266876799999999)) AS due
                  FROM json_each(?1)) AS f
         WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
        RETURNING number, id, token, state, coalesce(prune_at <= ?2, 0)"),
    record_attempts: "INSERT OR IGNORE INTO tasker_attempts
            (job, token, attempt, worker, started_at, ended_at, kind, message)
        SELECT j.number, j.token, j.attempt, j.worker, j.started_at, ?2, f.value ->> 1, f.value ->> 2
          FROM json_each(?1) AS f CROSS JOIN tasker_jobs AS j
         WHERE j.number = f.value ->> 0",
    claim_all: Returning::One(claim!(
        "SELECT j.number AS chosen, row_number() OVER (ORDER BY j.priority DESC, j.due_at, j.number) AS place
           FROM (SELECT name FROM tasker_queues WHERE paused = 0) AS q ",
        heads!(),
        " ORDER BY j.priority DESC, j.due_at, j.number LIMIT +?3"
    )),
    claim_only: Returning::One(claim!(
        "SELECT number AS chosen, row_number() OVER (ORDER BY priority DESC, due_at, number) AS place FROM (
            SELECT j.number, j.priority, j.due_at, q.most,
                   row_number() OVER (PARTITION BY j.queue ORDER BY j.priority DESC, j.due_at, j.number) AS nth
              FROM (SELECT w.value ->> 0 AS name, w.value ->> 1 AS most FROM json_each(?7) AS w
                     WHERE w.value ->> 0 IN (SELECT name FROM tasker_queues WHERE paused = 0)) AS q ",
        heads!(),
        ") WHERE nth <= most ORDER BY priority DESC, due_at, number LIMIT +?3"
    )),
    slow_claim: None,
    claim: None,
    live: "SELECT j.id, j.token, j.number
          FROM json_each(?1) AS f CROSS JOIN tasker_jobs AS j
         WHERE j.id = unhex(f.value ->> 0) AND j.token = f.value ->> 1 AND j.state = 'running'",
    append_lines: "INSERT INTO tasker_logs (job, attempt, at, level, message)
        SELECT j.number, j.attempt + (f.value ->> 4), ?2 - (f.value ->> 1), f.value ->> 2, f.value ->> 3
          FROM json_each(?1) AS f CROSS JOIN tasker_jobs AS j
         WHERE j.number = f.value ->> 0",
    set_progress: "INSERT OR REPLACE INTO tasker_progress (job, token, done, total)
        SELECT j.number, j.token, f.value ->> 1, f.value ->> 2
          FROM json_each(?1) AS f CROSS JOIN tasker_jobs AS j
         WHERE j.number = f.value ->> 0",
    beat: Beating::Two {
        extend: "UPDATE tasker_workers SET lease_until = ?2 + lease WHERE id = ?1",
        cancels: "SELECT id, token FROM tasker_jobs
         WHERE state = 'running' AND worker = ?1 AND cancel_requested ORDER BY number",
    },
    running: "SELECT id, token FROM tasker_jobs WHERE state = 'running' AND worker = ?1 ORDER BY number",
    mark_started: "UPDATE tasker_workers SET started = max(started, ?2) WHERE id = ?1",
    unstart: "UPDATE tasker_jobs SET state = 'queued', attempt = attempt - 1
          FROM tasker_workers AS w
         WHERE (w.lease_until <= ?1 OR w.id = ?2)
           AND tasker_jobs.worker = w.id AND tasker_jobs.state = 'running' AND tasker_jobs.held > w.started
           AND NOT tasker_jobs.cancel_requested",
    drop_dead: "DELETE FROM tasker_workers WHERE lease_until <= ?1",
    rescue: Returning::One("UPDATE tasker_jobs
           SET state = CASE WHEN cancel_requested THEN 'canceled'
                            WHEN at_most_once OR attempt >= max_attempts THEN 'failed'
                            ELSE 'queued' END,
               finished_at = iif(cancel_requested OR at_most_once OR attempt >= max_attempts, ?1, NULL),
               prune_at = iif(cancel_requested OR at_most_once OR attempt >= max_attempts,
                              ?1 + keep_unsuccessful, NULL)
         WHERE number IN (
            SELECT number FROM tasker_jobs
             WHERE state = 'running' AND worker NOT IN (SELECT id FROM tasker_workers)
             ORDER BY worker, number LIMIT ?2)
        RETURNING number, id, state, worker, coalesce(prune_at <= ?1, 0)"),
    set_errors: "UPDATE tasker_jobs AS j SET error = f.value ->> 2
          FROM json_each(?1) AS f WHERE j.number = f.value ->> 0",
    orphaned: "SELECT EXISTS (
            SELECT 1 FROM tasker_jobs
             WHERE state = 'running' AND worker NOT IN (SELECT id FROM tasker_workers)) AS orphaned",
    next_lease: "SELECT min(lease_until) AS at FROM tasker_workers",
    any_ready: "SELECT EXISTS (
            SELECT 1 FROM tasker_jobs WHERE state = 'queued' AND deleted_at IS NULL) AS ready",
    promote: Returning::One("UPDATE tasker_jobs SET state = 'queued'
         WHERE number IN (
            SELECT number FROM tasker_jobs
             WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL AND due_at <= ?1
             ORDER BY due_at, number LIMIT ?2) RETURNING number"),
    next_due: "SELECT min(due_at) AS at FROM tasker_jobs
         WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL",
    expired: "SELECT number, schedule IS NOT NULL FROM tasker_jobs WHERE prune_at IS NOT NULL AND prune_at <= ?1
         ORDER BY prune_at, number LIMIT ?2",
    next_prune: "SELECT min(prune_at) AS at FROM tasker_jobs WHERE prune_at IS NOT NULL",
    belongings: None,
    erase: [
        "DELETE FROM tasker_logs WHERE job IN (SELECT value FROM json_each(?1))",
        "DELETE FROM tasker_attempts WHERE job IN (SELECT value FROM json_each(?1))",
        "DELETE FROM tasker_progress WHERE job IN (SELECT value FROM json_each(?1))",
        "DELETE FROM tasker_jobs WHERE number IN (SELECT value FROM json_each(?1))",
    ],
    set_missed: "UPDATE tasker_jobs AS j SET missed = f.value ->> 1
          FROM json_each(?1) AS f WHERE j.number = f.value ->> 0",
    unfinished: "SELECT j.schedule, j.id
          FROM json_each(?1) AS f CROSS JOIN tasker_jobs AS j
         WHERE j.schedule = unhex(f.value) AND j.schedule IS NOT NULL AND j.finished_at IS NULL AND j.deleted_at IS NULL
         ORDER BY j.number",
    advance: "UPDATE tasker_schedules AS s
           SET version = s.version + 1, state = f.value ->> 1, error = f.value ->> 2, next_run_at = f.value ->> 3,
               last_run_at = f.value ->> 4, executions = s.executions + (f.value ->> 5), waiting_at = f.value ->> 6,
               waiting_missed = f.value ->> 7
          FROM json_each(?1) AS f WHERE s.id = unhex(f.value ->> 0)",
    waiting_schedules: "SELECT s.id, NOT EXISTS (
                SELECT 1 FROM tasker_jobs AS j
                 WHERE j.schedule = s.id AND j.schedule IS NOT NULL AND j.finished_at IS NULL AND j.deleted_at IS NULL) AS free
          FROM tasker_schedules AS s
         WHERE s.waiting_at IS NOT NULL AND s.deleted_at IS NULL AND s.state IN ('active', 'completed')
           AND s.task NOT IN (SELECT task FROM tasker_tasks WHERE enabled = 0)",
    ended: "SELECT s.id, (
            SELECT j.number FROM tasker_jobs AS j
             WHERE j.schedule = s.id AND j.schedule IS NOT NULL AND j.finished_at IS NOT NULL
             ORDER BY j.finished_at DESC, j.number DESC LIMIT 1) AS number
           FROM tasker_schedules AS s WHERE ?1 IS NULL OR s.id = ?1",
    // In two halves: with OR the planner walks the index from end to end, past all that are not due.
    due_schedules: "SELECT id FROM (
            SELECT id, task, next_run_at, name FROM tasker_schedules WHERE state = 'active' AND deleted_at IS NULL AND next_run_at IS NULL
            UNION ALL
            SELECT id, task, next_run_at, name FROM tasker_schedules WHERE state = 'active' AND deleted_at IS NULL AND next_run_at <= ?1) AS s
         WHERE task NOT IN (SELECT task FROM tasker_tasks WHERE enabled = 0)
         ORDER BY next_run_at, name LIMIT ?2",
    next_schedule: "SELECT min(next_run_at) AS at FROM tasker_schedules
         WHERE state = 'active' AND deleted_at IS NULL AND next_run_at > ?1
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE enabled = 0)",
    count_queues: "SELECT 0 AS part, queue, 'queued' AS state, count(*) AS jobs FROM tasker_jobs
          WHERE state = 'queued' AND deleted_at IS NULL GROUP BY queue
         UNION ALL
         SELECT 0, queue, state, count(*) FROM tasker_jobs
          WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL GROUP BY queue, state
         UNION ALL
         SELECT 0, queue, 'running', count(*) FROM tasker_jobs WHERE state = 'running' GROUP BY queue
         UNION ALL
         SELECT 0, queue, 'paused', count(*) FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'paused' GROUP BY queue
         UNION ALL
         SELECT 1, f.queue, 'failed', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'failed' ORDER BY number DESC LIMIT +?1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 1, f.queue, 'canceled', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'canceled' ORDER BY number DESC LIMIT +?1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 2, l.queue, l.state, count(*) FROM (
            SELECT queue, CASE WHEN deleted_at IS NULL THEN state ELSE '' END AS state FROM tasker_jobs
             ORDER BY number DESC LIMIT +?1) AS l GROUP BY l.queue, l.state",
    homes: Homes {
        queued: "state = 'queued' AND deleted_at IS NULL",
        waiting: "state IN ('scheduled', 'retrying') AND deleted_at IS NULL",
        running: "state = 'running'",
        aside: "state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state",
    },
    count_running: "SELECT worker, count(*) AS jobs FROM tasker_jobs
         WHERE state = 'running' AND worker IS NOT NULL GROUP BY worker",
    unknown: "SELECT alias, count(*) AS jobs, min(number) FROM tasker_jobs
         WHERE state = 'queued' AND deleted_at IS NULL
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE seen_at IS NOT NULL)
         GROUP BY task ORDER BY task",
    has_tag: "EXISTS (SELECT 1 FROM json_each(tasker_jobs.tags) WHERE value = ?)",
};
