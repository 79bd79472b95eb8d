//! The words of [`Statements`] on MySQL and MariaDB.
//!
//! Rows come in as one JSON array of arrays, read by `JSON_TABLE`, which both know. Parameters are numbered here and put in order on
//! their way. A change that gives rows back is a look that locks them (`FOR UPDATE`), and says what
//! will become of them, and an update; the end of jobs before a claim is an update, and a look at what came of it. Updates and
//! deletions by a list join it, since neither server uses an index for `IN (SELECT …)` there; what an update computes from several columns it reads from a materialised table (hence the
//! `LIMIT`), since the order of assignments is not defined. Locked rows are passed over (`SKIP LOCKED`); where these are
//! the first of many the index is named, or statistics from before a flood would have all of them read, sorted and locked.

use std::time::Duration;

use crate::sql::bulk::Bulk;
use crate::sql::dialect::{Beating, Homes, PerQueue, Returning, Statements};

/// A table of the numbers in the JSON array that is parameter `$parameter`.
macro_rules! numbers {
    ($parameter:literal) => {
        concat!(
            "JSON_TABLE(",
            $parameter,
            ", '$[*]' COLUMNS (number BIGINT PATH '$')) AS n"
        )
    };
}

/// The leases of the same. A table without long texts is kept in memory.
macro_rules! leases {
    ($parameter:literal) => {
        concat!(
            "JSON_TABLE(",
            $parameter,
            ", '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', token BIGINT PATH '$[1]')) AS f"
        )
    };
}

/// The finishes of `Statements::end` in parameter `$parameter`.
macro_rules! ends {
    ($parameter:literal) => {
        concat!(
            "JSON_TABLE(",
            $parameter,
            ", '$[*]' COLUMNS (
                id CHAR(32) PATH '$[0]', token BIGINT PATH '$[1]',
                state VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[2]',
                output LONGTEXT CHARACTER SET utf8mb4 PATH '$[3]',
                error LONGTEXT CHARACTER SET utf8mb4 PATH '$[4]')) AS f"
        )
    };
}

/// What the finishes of `Statements::give_back` in parameter `$rows` make of their jobs at the instant `$now`.
macro_rules! given_back {
    ($rows:literal, $now:literal, $lock:literal) => {
        concat!(
            "SELECT j.number, j.id, j.token,
                    CASE WHEN j.cancel_requested THEN 'canceled'
                         WHEN f.cut AND j.at_most_once THEN 'failed'
                         WHEN coalesce(f.at, least(",
            $now,
            " + f.within, 8210266876799999999)) <= ",
            $now,
            " THEN f.ready
                         WHEN j.attempt > f.refund THEN f.spent
                         ELSE f.fresh END AS state,
                    CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once)
                         THEN coalesce(",
            $now,
            " + j.keep_unsuccessful <= ",
            $now,
            ", 0) ELSE 0 END AS expired,
                    CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN j.attempt
                         ELSE greatest(j.attempt - f.refund, 0) END AS attempt,
                    CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN j.due_at
                         ELSE coalesce(f.at, least(",
            $now,
            " + f.within, 8210266876799999999)) END AS due_at,
                    CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN ",
            $now,
            " END AS finished_at,
                    CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN ",
            $now,
            " + j.keep_unsuccessful END AS prune_at,
                    CASE WHEN j.cancel_requested AND NOT f.cut THEN NULL ELSE j.output END AS output,
                    CASE WHEN f.cut AND (j.cancel_requested OR NOT j.at_most_once) THEN j.error
                         ELSE coalesce(f.error, j.error) END AS error
               FROM JSON_TABLE(",
            $rows,
            ", '$[*]' COLUMNS (
                    id CHAR(32) PATH '$[0]', token BIGINT PATH '$[1]',
                    ready VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[2]',
                    spent VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[3]',
                    fresh VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[4]',
                    within BIGINT PATH '$[5]', at BIGINT PATH '$[6]', refund BIGINT PATH '$[7]',
                    cut BIGINT PATH '$[8]', error LONGTEXT CHARACTER SET utf8mb4 PATH '$[9]')) AS f
               STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
              WHERE j.token = f.token AND j.state = 'running' ",
            $lock
        )
    };
}

/// Makes of the jobs of the rows in parameter `$rows` what their finishes say, at the instant `$now`.
macro_rules! end {
    ($rows:literal, $now:literal, $and:literal) => {
        concat!(
            "UPDATE ",
            ends!($rows),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
                SET j.finished_at = ",
            $now,
            ", j.prune_at = ",
            $now,
            " + CASE WHEN j.cancel_requested OR f.state <> 'succeeded' THEN j.keep_unsuccessful
                     ELSE j.keep_succeeded END,
                    j.output = f.output,
                    j.error = coalesce(f.error, j.error),
                    j.state = CASE WHEN j.cancel_requested THEN 'canceled' ELSE f.state END
              WHERE j.token = f.token AND j.state = 'running' ",
            $and
        )
    };
}

/// What a claim has to know first: the queues that have ready jobs, and the tasks to leave alone. Each with the columns `$and`.
///
/// An `EXISTS` would be turned into a join that reads all ready jobs to know which queues have one.
macro_rules! look {
    ($now:literal, $worker:literal, $known:literal, $and:literal) => {
        concat!(
            "SELECT 1, q.name ",
            $and,
            " FROM tasker_queues AS q
               WHERE NOT q.paused
                 AND EXISTS (SELECT 1 FROM tasker_workers WHERE id = ",
            $worker,
            " AND lease_until > ",
            $now,
            ")
                 AND (SELECT j.number FROM tasker_jobs AS j WHERE j.ready = q.name LIMIT 1) IS NOT NULL
              UNION ALL
              SELECT 0, t.task ",
            $and,
            " FROM tasker_tasks AS t
               WHERE NOT t.enabled OR t.task NOT IN (
                    SELECT f.task FROM JSON_TABLE(",
            $known,
            ", '$[*]' COLUMNS (task VARCHAR(255) CHARACTER SET utf8mb4 PATH '$')) AS f)"
        )
    };
}

/// Whether a job of a dead worker ends, and how.
macro_rules! rescued {
    () => {
        "CASE WHEN cancel_requested THEN 'canceled'
              WHEN at_most_once OR attempt >= max_attempts THEN 'failed'
              ELSE 'queued' END"
    };
}

/// The jobs of the rows in parameter 1 that have not been started, locked.
macro_rules! unstarted {
    () => {
        "SELECT j.number FROM JSON_TABLE(?1, '$[*]' COLUMNS (number BIGINT PATH '$[0]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
          WHERE j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL AND ?2 IS NOT NULL FOR UPDATE"
    };
}

/// The first ready jobs of the queue (parameter 1) from its floor on, as a claim gives them back, locked.
///
/// MariaDB does not see that `ready` is one value where that is a parameter of a prepared statement: with it among the columns
/// of the order it reads, sorts and locks all that are ready.
macro_rules! heads {
    ($and:literal) => {
        concat!(
            "SELECT number, id, token + 1, alias, queue, priority, params, attempt + 1, max_attempts, at_most_once, tags,
                    enqueued_at, due_at, schedule, occurrence_at, NULL
               FROM tasker_jobs FORCE INDEX (tasker_jobs_ready)
              WHERE ready = ?1
                AND (urgency > ?4 OR (urgency = ?4 AND (due_at > ?5 OR (due_at = ?5 AND number >= ?6)))) ",
            $and,
            " ORDER BY urgency, due_at, number LIMIT ?2 FOR UPDATE SKIP LOCKED"
        )
    };
}

/// All of them.
pub(crate) const STATEMENTS: Statements = Statements {
    enqueue: Bulk::Json(
        "INSERT IGNORE INTO tasker_jobs (
            id, alias, queue, priority, params, shape, due_at, enqueued_at, state, max_attempts, at_most_once,
            keep_succeeded, keep_unsuccessful, tags, schedule, occurrence_at, task, unique_key, unique_holds)
         SELECT unhex(f.id), f.alias, coalesce(f.queue, 'default'), f.priority, f.params, f.shape, f.due_at, f.enqueued_at,
                CASE WHEN f.due_at <= f.enqueued_at THEN 'queued' ELSE 'scheduled' END, f.max_attempts,
                f.at_most_once, f.keep_succeeded, f.keep_unsuccessful, coalesce(f.tags, '[]'), unhex(f.schedule),
                f.occurrence_at, coalesce(f.task, f.alias), unhex(f.unique_key), coalesce(f.unique_holds, 0)
           FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    place FOR ORDINALITY,
                    id CHAR(32) PATH '$[0]', alias VARCHAR(255) CHARACTER SET utf8mb4 PATH '$[1]',
                    queue VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[2]', priority INT PATH '$[3]',
                    params LONGTEXT CHARACTER SET utf8mb4 PATH '$[4]', shape BIGINT PATH '$[5]',
                    due_at BIGINT PATH '$[6]', enqueued_at BIGINT PATH '$[7]', max_attempts BIGINT PATH '$[8]',
                    at_most_once INT PATH '$[9]', keep_succeeded BIGINT PATH '$[10]',
                    keep_unsuccessful BIGINT PATH '$[11]', tags LONGTEXT CHARACTER SET utf8mb4 PATH '$[12]',
                    schedule CHAR(32) PATH '$[13]', occurrence_at BIGINT PATH '$[14]',
                    task VARCHAR(255) CHARACTER SET utf8mb4 PATH '$[15]', taken INT PATH '$[16]',
                    unique_key CHAR(32) PATH '$[17]', unique_holds BIGINT PATH '$[18]')) AS f
          WHERE f.taken OR coalesce(f.task, f.alias) NOT IN (SELECT t.task FROM tasker_tasks AS t WHERE NOT t.enabled)
          ORDER BY f.place",
    ),
    numbers: "SELECT j.id, j.number
           FROM JSON_TABLE(?1, '$[*]' COLUMNS (id CHAR(32) PATH '$')) AS f
           STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)",
    met: "SELECT f.place - 1, o.number,
                 EXISTS (SELECT 1 FROM tasker_tasks AS t WHERE t.task = f.task AND NOT t.enabled),
                 h.number, h.id, h.state, h.token > 0 OR h.finished_at IS NOT NULL
            FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    place FOR ORDINALITY, id CHAR(32) PATH '$[0]', unique_key CHAR(32) PATH '$[1]',
                    task VARCHAR(255) CHARACTER SET utf8mb4 PATH '$[2]')) AS f
            LEFT JOIN tasker_jobs AS o ON o.id = unhex(f.id)
            LEFT JOIN tasker_jobs AS h ON h.unique_held = unhex(f.unique_key)",
    replace: Returning::Two {
        look: unstarted!(),
        change: "UPDATE JSON_TABLE(?2, '$[*]' COLUMNS (
                    number BIGINT PATH '$[0]', queue VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[1]',
                    priority INT PATH '$[2]', params LONGTEXT CHARACTER SET utf8mb4 PATH '$[3]',
                    shape BIGINT PATH '$[4]', due_at BIGINT PATH '$[5]', max_attempts BIGINT PATH '$[6]',
                    at_most_once INT PATH '$[7]', keep_succeeded BIGINT PATH '$[8]',
                    keep_unsuccessful BIGINT PATH '$[9]', tags LONGTEXT CHARACTER SET utf8mb4 PATH '$[10]',
                    schedule CHAR(32) PATH '$[11]', occurrence_at BIGINT PATH '$[12]',
                    unique_holds BIGINT PATH '$[13]')) AS f
             STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
               SET j.queue = f.queue, j.priority = f.priority, j.params = f.params, j.shape = f.shape,
                   j.due_at = f.due_at, j.max_attempts = f.max_attempts, j.at_most_once = f.at_most_once,
                   j.keep_succeeded = f.keep_succeeded, j.keep_unsuccessful = f.keep_unsuccessful, j.tags = f.tags,
                   j.schedule = unhex(f.schedule), j.occurrence_at = f.occurrence_at, j.missed = NULL,
                   j.unique_holds = f.unique_holds,
                   j.state = CASE WHEN j.state = 'paused' THEN 'paused'
                                  WHEN f.due_at <= ?3 THEN 'queued'
                                  ELSE 'scheduled' END
             WHERE j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL AND ?1 IS NOT NULL",
    },
    reschedule: Returning::Two {
        look: unstarted!(),
        change: "UPDATE JSON_TABLE(?2, '$[*]' COLUMNS (number BIGINT PATH '$[0]', due_at BIGINT PATH '$[1]')) AS f
             STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
               SET j.due_at = f.due_at,
                   j.state = CASE WHEN j.state = 'paused' THEN 'paused'
                                  WHEN f.due_at <= ?3 THEN 'queued'
                                  ELSE 'scheduled' END
             WHERE j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL AND ?1 IS NOT NULL",
    },
    // Equal, so that the index of the one is found by the other.
    holds_key: "unique_held = unique_key",
    ensure_queues: "INSERT IGNORE INTO tasker_queues (name)
         SELECT f.name FROM JSON_TABLE(?1, '$[*]' COLUMNS (name VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS f",
    ensure_tasks: "INSERT IGNORE INTO tasker_tasks (task, alias, title, description, params, origin)
         SELECT f.task, f.alias, '', '', '{}', ''
           FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    task VARCHAR(255) CHARACTER SET utf8mb4 PATH '$[0]',
                    alias VARCHAR(255) CHARACTER SET utf8mb4 PATH '$[1]')) AS f",
    succeed: None,
    settle: None,
    end: Returning::Two {
        look: concat!(
            "SELECT j.number, j.id, j.token, CASE WHEN j.cancel_requested THEN 'canceled' ELSE f.state END,
                    coalesce(CASE WHEN j.cancel_requested OR f.state <> 'succeeded' THEN j.keep_unsuccessful
                                  ELSE j.keep_succeeded END <= 0, 0)
               FROM ",
            ends!("?1"),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
              WHERE j.token = f.token AND j.state = 'running' AND ?2 IS NOT NULL FOR UPDATE"
        ),
        change: end!("?2", "?3", "AND ?1 IS NOT NULL"),
    },
    give_back: Returning::Two {
        look: given_back!("?1", "?2", "FOR UPDATE"),
        change: concat!(
            "UPDATE (",
            given_back!("?2", "?3", "LIMIT 1000000"),
            ") AS g STRAIGHT_JOIN tasker_jobs AS j ON j.number = g.number
                SET j.state = g.state, j.attempt = g.attempt, j.due_at = g.due_at, j.finished_at = g.finished_at,
                    j.prune_at = g.prune_at, j.output = g.output, j.error = g.error
              WHERE ?1 IS NOT NULL"
        ),
    },
    record_attempts: "INSERT IGNORE INTO tasker_attempts
            (job, token, attempt, worker, started_at, ended_at, kind, message)
        SELECT j.number, j.token, j.attempt, j.worker, j.started_at, ?2, f.kind, f.message
          FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    number BIGINT PATH '$[0]', kind VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[1]',
                    message LONGTEXT CHARACTER SET utf8mb4 PATH '$[2]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number",
    claim_all: Returning::One(""),
    claim_only: Returning::One(""),
    // Of the look for the jobs alone: half as much finds a hundred where nothing stands before them.
    slow_claim: Some(Duration::from_micros(1_500)),
    claim: Some(PerQueue {
        look: look!("?1", "?2", "?4", ""),
        end: end!("?1", "?2", ""),
        succeed: concat!(
            "UPDATE ",
            leases!("?1"),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
                SET j.finished_at = ?2,
                    j.prune_at = ?2 + CASE WHEN j.cancel_requested THEN j.keep_unsuccessful ELSE j.keep_succeeded END,
                    j.output = NULL,
                    j.state = CASE WHEN j.cancel_requested THEN 'canceled' ELSE 'succeeded' END
              WHERE j.token = f.token AND j.state = 'running'"
        ),
        ended: concat!(
            "SELECT 2, NULL, j.number, j.id, j.token, j.state, coalesce(j.prune_at <= ?2, 0)
               FROM ",
            leases!("?1"),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
              WHERE j.token = f.token AND j.finished_at = ?2
             UNION ALL ",
            look!("?2", "?3", "?5", ", NULL, NULL, NULL, NULL, NULL")
        ),
        heads: heads!(""),
        heads_but: heads!(
            "AND task NOT IN (
                SELECT f.task FROM JSON_TABLE(?3, '$[*]' COLUMNS (
                    task VARCHAR(255) CHARACTER SET utf8mb4 PATH '$')) AS f)"
        ),
        take: "UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (number BIGINT PATH '$[0]', held BIGINT PATH '$[1]')) AS n
              STRAIGHT_JOIN tasker_jobs AS j ON j.number = n.number
                SET j.state = 'running', j.token = j.token + 1, j.attempt = j.attempt + 1, j.started_at = ?2,
                    j.worker = ?3, j.cancel_requested = FALSE, j.held = n.held",
    }),
    live: concat!(
        "SELECT j.id, j.token, j.number FROM ",
        leases!("?1"),
        " STRAIGHT_JOIN tasker_jobs AS j ON j.id = unhex(f.id)
          WHERE j.token = f.token AND j.state = 'running' FOR UPDATE"
    ),
    append_lines: "INSERT INTO tasker_logs (job, attempt, at, level, message)
        SELECT j.number, j.attempt + f.refunded, ?2 - f.age, f.level, f.message
          FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    place FOR ORDINALITY, number BIGINT PATH '$[0]', age BIGINT PATH '$[1]',
                    level VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[2]',
                    message LONGTEXT CHARACTER SET utf8mb4 PATH '$[3]', refunded BIGINT PATH '$[4]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
         ORDER BY f.place",
    set_progress: "REPLACE INTO tasker_progress (job, token, done, total)
        SELECT j.number, j.token, f.done, f.total
          FROM JSON_TABLE(?1, '$[*]' COLUMNS (
                    place FOR ORDINALITY, number BIGINT PATH '$[0]', done BIGINT PATH '$[1]',
                    total BIGINT PATH '$[2]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
         ORDER BY f.place",
    beat: Beating::Two {
        extend: "UPDATE tasker_workers SET lease_until = ?2 + lease WHERE id = ?1",
        cancels: "SELECT id, token FROM tasker_jobs WHERE runner = ?1 AND cancel_requested ORDER BY number",
    },
    running: "SELECT id, token FROM tasker_jobs WHERE runner = ?1 ORDER BY number",
    mark_started: "UPDATE tasker_workers SET started = greatest(started, ?2) WHERE id = ?1",
    unstart: "UPDATE tasker_workers AS w STRAIGHT_JOIN tasker_jobs AS j ON j.runner = w.id
           SET j.state = 'queued', j.attempt = j.attempt - 1
         WHERE (w.lease_until <= ?1 OR w.id = ?2) AND j.held > w.started AND NOT j.cancel_requested",
    drop_dead: "DELETE FROM tasker_workers WHERE lease_until <= ?1",
    rescue: Returning::Two {
        look: concat!(
            "SELECT number, id, ",
            rescued!(),
            ", worker, CASE WHEN cancel_requested OR at_most_once OR attempt >= max_attempts
                            THEN coalesce(?1 + keep_unsuccessful <= ?1, 0) ELSE 0 END
               FROM tasker_jobs FORCE INDEX (tasker_jobs_running)
              WHERE runner IS NOT NULL AND runner NOT IN (SELECT id FROM tasker_workers)
              ORDER BY runner, number LIMIT ?2 FOR UPDATE SKIP LOCKED"
        ),
        change: concat!(
            "UPDATE ",
            numbers!("?1"),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.number = n.number
                SET finished_at = CASE WHEN cancel_requested OR at_most_once OR attempt >= max_attempts THEN ?2 END,
                    prune_at = CASE WHEN cancel_requested OR at_most_once OR attempt >= max_attempts
                                    THEN ?2 + keep_unsuccessful END,
                    state = ",
            rescued!()
        ),
    },
    set_errors: "UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
                    number BIGINT PATH '$[0]', message LONGTEXT CHARACTER SET utf8mb4 PATH '$[2]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
           SET j.error = f.message",
    orphaned: "SELECT EXISTS (
            SELECT 1 FROM tasker_jobs
             WHERE runner IS NOT NULL AND runner NOT IN (SELECT id FROM tasker_workers)) AS orphaned",
    next_lease: "SELECT min(lease_until) AS at FROM tasker_workers",
    any_ready: "SELECT EXISTS (SELECT 1 FROM tasker_jobs WHERE ready IS NOT NULL) AS ready",
    promote: Returning::Two {
        look: "SELECT number FROM tasker_jobs FORCE INDEX (tasker_jobs_due)
              WHERE waiting <= ?1 ORDER BY waiting LIMIT ?2 FOR UPDATE SKIP LOCKED",
        change: concat!(
            "UPDATE ",
            numbers!("?1"),
            " STRAIGHT_JOIN tasker_jobs AS j ON j.number = n.number SET j.state = 'queued'"
        ),
    },
    next_due: "SELECT waiting AS at FROM tasker_jobs WHERE waiting IS NOT NULL ORDER BY waiting LIMIT 1",
    expired: "SELECT number, schedule IS NOT NULL FROM tasker_jobs FORCE INDEX (tasker_jobs_prune) WHERE prune_at <= ?1
         ORDER BY prune_at LIMIT ?2 FOR UPDATE SKIP LOCKED",
    next_prune: "SELECT prune_at AS at FROM tasker_jobs WHERE prune_at IS NOT NULL ORDER BY prune_at LIMIT 1",
    belongings: Some(concat!(
        "SELECT 1 FROM ",
        numbers!("?1"),
        " WHERE EXISTS (SELECT 1 FROM tasker_logs AS l WHERE l.job = n.number)
             OR EXISTS (SELECT 1 FROM tasker_attempts AS a WHERE a.job = n.number)
             OR EXISTS (SELECT 1 FROM tasker_progress AS p WHERE p.job = n.number)
          LIMIT 1"
    )),
    erase: [
        concat!("DELETE l FROM ", numbers!("?1"), " STRAIGHT_JOIN tasker_logs AS l ON l.job = n.number"),
        concat!("DELETE l FROM ", numbers!("?1"), " STRAIGHT_JOIN tasker_attempts AS l ON l.job = n.number"),
        concat!("DELETE l FROM ", numbers!("?1"), " STRAIGHT_JOIN tasker_progress AS l ON l.job = n.number"),
        concat!("DELETE l FROM ", numbers!("?1"), " STRAIGHT_JOIN tasker_jobs AS l ON l.number = n.number"),
    ],
    set_missed: "UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
                    number BIGINT PATH '$[0]', missed LONGTEXT CHARACTER SET utf8mb4 PATH '$[1]')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.number = f.number
           SET j.missed = f.missed",
    unfinished: "SELECT j.schedule, j.id
          FROM JSON_TABLE(?1, '$[*]' COLUMNS (schedule CHAR(32) PATH '$')) AS f
          STRAIGHT_JOIN tasker_jobs AS j ON j.schedule = unhex(f.schedule)
         WHERE j.ended_at IS NULL AND j.deleted_at IS NULL
         ORDER BY j.number",
    advance: "UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
                    schedule CHAR(32) PATH '$[0]', state VARCHAR(16) CHARACTER SET utf8mb4 PATH '$[1]',
                    error LONGTEXT CHARACTER SET utf8mb4 PATH '$[2]', next_run_at BIGINT PATH '$[3]',
                    last_run_at BIGINT PATH '$[4]', made BIGINT PATH '$[5]', waiting_at BIGINT PATH '$[6]',
                    waiting_missed LONGTEXT CHARACTER SET utf8mb4 PATH '$[7]')) AS f
          STRAIGHT_JOIN tasker_schedules AS s ON s.id = unhex(f.schedule)
           SET s.version = s.version + 1, s.state = f.state, s.error = f.error, s.next_run_at = f.next_run_at,
               s.last_run_at = f.last_run_at, s.executions = s.executions + f.made, s.waiting_at = f.waiting_at,
               s.waiting_missed = f.waiting_missed",
    waiting_schedules: "SELECT s.id, NOT EXISTS (SELECT 1 FROM tasker_jobs AS j 
                 WHERE j.schedule = s.id AND j.ended_at IS NULL AND j.deleted_at IS NULL) AS free
          FROM tasker_schedules AS s
         WHERE s.waiting_at IS NOT NULL AND s.deleted_at IS NULL AND s.state IN ('active', 'completed')
           AND s.task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)",
    ended: "SELECT s.id, (
            SELECT j.number FROM tasker_jobs AS j
             WHERE j.schedule = s.id AND j.ended_at IS NOT NULL
             ORDER BY j.ended_at DESC, j.number DESC LIMIT 1) AS number
           FROM tasker_schedules AS s WHERE ?1 IS NULL OR s.id = ?1",
    due_schedules: "SELECT id FROM tasker_schedules
         WHERE state = 'active' AND deleted_at IS NULL AND (next_run_at IS NULL OR next_run_at <= ?1)
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)
         ORDER BY next_run_at, name LIMIT ?2",
    next_schedule: "SELECT min(next_run_at) AS at FROM tasker_schedules
         WHERE state = 'active' AND deleted_at IS NULL AND next_run_at > ?1
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)",
    count_queues: "SELECT 0 AS part, ready, 'queued' AS state, count(*) AS jobs FROM tasker_jobs
          WHERE ready IS NOT NULL GROUP BY ready
         UNION ALL
         SELECT 0, queue, state, count(*) FROM tasker_jobs
          WHERE waiting IS NOT NULL GROUP BY queue, state
         UNION ALL
         SELECT 0, queue, 'running', count(*) FROM tasker_jobs WHERE runner IS NOT NULL GROUP BY queue
         UNION ALL
         SELECT 0, queue, 'paused', count(*) FROM tasker_jobs WHERE aside = 'paused' GROUP BY queue
         UNION ALL
         SELECT 1, f.queue, 'failed', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE aside = 'failed' ORDER BY number DESC LIMIT ?1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 1, f.queue, 'canceled', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE aside = 'canceled' ORDER BY number DESC LIMIT ?1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 2, l.queue, l.state, count(*) FROM (
            SELECT queue, CASE WHEN deleted_at IS NULL THEN state ELSE '' END AS state FROM tasker_jobs
             ORDER BY number DESC LIMIT ?1) AS l GROUP BY l.queue, l.state",
    homes: Homes {
        queued: "ready IS NOT NULL",
        waiting: "waiting IS NOT NULL",
        running: "runner IS NOT NULL",
        aside: "aside",
    },
    count_running: "SELECT runner, count(*) AS jobs FROM tasker_jobs WHERE runner IS NOT NULL GROUP BY runner",
    unknown: "SELECT min(alias), count(*) AS jobs FROM tasker_jobs
         WHERE ready IS NOT NULL AND task NOT IN (SELECT task FROM tasker_tasks WHERE seen_at IS NOT NULL)
         GROUP BY task ORDER BY task",
    has_tag: "JSON_CONTAINS(tasker_jobs.tags, JSON_QUOTE(?))",
};
