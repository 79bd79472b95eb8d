//! The words of [`Statements`] on PostgreSQL.
//!
//! Rows come in as arrays where speed counts most, else as one JSON array of arrays, read by position. A row that somebody else has
//! locked is passed over (`SKIP LOCKED`): it is being taken, or comes back with the next sweep. Where a text
//! names the latest instant, it is that of [`crate::to_micros`].

use std::time::Duration;

use super::schema::holds_key;
use crate::sql::bulk::Bulk;
use crate::sql::dialect::{Beating, Fused, Homes, Returning, Statements};

/// The ready jobs to take from the queues that `$queues` gives as `q`, at most `$most` from each, and from its floor on.
macro_rules! heads {
    ($queues:literal, $most:literal, $floors:literal) => {
        concat!(
            "heads AS MATERIALIZED (
                SELECT r.number, row_number() OVER (ORDER BY r.priority DESC, r.due_at, r.number) AS place
                  FROM ",
            $queues,
            " CROSS JOIN LATERAL (SELECT ",
            $floors,
            "::json -> q.name AS v) AS f
                  CROSS JOIN LATERAL (
                    SELECT h.number, h.priority, h.due_at FROM tasker_jobs AS h
                     WHERE h.queue = q.name AND h.state = 'queued' AND h.deleted_at IS NULL
                       AND (-(h.priority::int), h.due_at, h.number) >=
                           (coalesce((f.v ->> 0)::int, -32768), coalesce((f.v ->> 1)::bigint, -9223372036854775808),
                            coalesce((f.v ->> 2)::bigint, 0))
                       AND h.task NOT IN (
                            SELECT t.task FROM tasker_tasks AS t
                             WHERE NOT t.enabled OR t.task NOT IN (SELECT json_array_elements_text($4::json)))
                     ORDER BY -(h.priority::int), h.due_at, h.number LIMIT ",
            $most,
            " FOR UPDATE SKIP LOCKED) AS r
                 WHERE EXISTS (SELECT 1 FROM tasker_workers WHERE id = $2 AND lease_until > $1)
                 ORDER BY r.priority DESC, r.due_at, r.number LIMIT $3)"
        )
    };
}

/// All queues.
macro_rules! heads_of_all {
    ($floors:literal) => {
        heads!(
            "(SELECT name FROM tasker_queues WHERE NOT paused) AS q",
            "$3",
            $floors
        )
    };
}

/// Those of parameter 7.
macro_rules! heads_of_some {
    ($floors:literal) => {
        heads!(
            "(SELECT w.v ->> 0 AS name, (w.v ->> 1)::bigint AS most FROM json_array_elements($7::json) AS w(v)
               WHERE w.v ->> 0 IN (SELECT name FROM tasker_queues WHERE NOT paused)) AS q",
            "least(q.most, $3)",
            $floors
        )
    };
}

/// Takes the jobs of `heads`.
macro_rules! take {
    () => {
        "UPDATE tasker_jobs AS j
            SET state = 'running', token = j.token + 1, attempt = j.attempt + 1, started_at = $1, worker = $2,
                cancel_requested = FALSE, held = CASE WHEN heads.place > $5::bigint THEN $6::bigint + heads.place END
           FROM heads WHERE j.number = heads.number
         RETURNING j.number, j.id, j.token, j.alias, j.queue, j.priority, j.params, j.attempt, j.max_attempts,
                   j.at_most_once, j.tags, j.enqueued_at, j.due_at, j.schedule, j.occurrence_at, j.held"
    };
}

/// Ends the jobs of the arrays `$ids`, `$tokens` and `$outputs` well, marks those up to `$started` as started, and takes
/// those of `$heads`.
macro_rules! fused {
    ($heads:expr, $started:literal, $ids:literal, $tokens:literal, $outputs:literal) => {
        concat!(
            "WITH f AS MATERIALIZED (
                SELECT * FROM unnest(",
            $ids,
            "::uuid[], ",
            $tokens,
            "::bigint[], ",
            $outputs,
            "::text[]) AS f(id, token, output)),
             gone AS (
                DELETE FROM tasker_jobs AS j USING f
                 WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
                   AND CASE WHEN j.cancel_requested THEN j.keep_unsuccessful ELSE j.keep_succeeded END <= 0
                RETURNING j.number, j.id, j.token,
                          CASE WHEN j.cancel_requested THEN 'canceled' ELSE 'succeeded' END AS state),
             logs AS (DELETE FROM tasker_logs WHERE job IN (SELECT number FROM gone)),
             attempts AS (DELETE FROM tasker_attempts WHERE job IN (SELECT number FROM gone)),
             progress AS (DELETE FROM tasker_progress WHERE job IN (SELECT number FROM gone)),
             kept AS (
                UPDATE tasker_jobs AS j
                   SET state = CASE WHEN j.cancel_requested THEN 'canceled' ELSE 'succeeded' END,
                       finished_at = $1,
                       prune_at = $1 + CASE WHEN j.cancel_requested THEN j.keep_unsuccessful ELSE j.keep_succeeded END,
                       output = nullif(f.output, '')
                  FROM f
                 WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
                   AND coalesce(CASE WHEN j.cancel_requested THEN j.keep_unsuccessful
                                     ELSE j.keep_succeeded END, 1) > 0
                RETURNING j.number, j.id, j.token, j.state),
             marked AS (
                UPDATE tasker_workers SET started = greatest(started, ",
            $started,
            "::bigint) WHERE id = $2 AND ",
            $started,
            " IS NOT NULL RETURNING id), ",
            $heads,
            ", taken AS (",
            take!(),
            ")
             SELECT t.number, t.id, t.token, t.alias, t.queue, t.priority, t.params, t.attempt, t.max_attempts,
                    t.at_most_once, t.tags, t.enqueued_at, t.due_at, t.schedule, t.occurrence_at, t.held,
                    NULL::bigint, NULL::uuid, NULL::bigint, NULL::text, NULL::boolean
               FROM taken AS t
             UNION ALL
             SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                    e.number, e.id, e.token, e.state, FALSE
               FROM (SELECT * FROM gone UNION ALL SELECT * FROM kept
                     UNION ALL SELECT 0, id, 0, '' FROM marked) AS e"
        )
    };
}

/// Inserts the rows of `$from`, whose columns are called `$columns`, with those of `$and`; what is done `$otherwise`.
macro_rules! enqueue {
    ($from:literal, $columns:literal, $and:literal, $otherwise:literal) => {
        concat!(
            "INSERT INTO tasker_jobs (
                id, alias, queue, priority, params, shape, due_at, enqueued_at, state, max_attempts, at_most_once,
                keep_succeeded, keep_unsuccessful, tags, schedule, occurrence_at, task, unique_key, unique_holds)
             SELECT id, alias, coalesce(nullif(queue, ''), 'default'), priority, params, shape, due_at, enqueued_at,
                    CASE WHEN due_at <= enqueued_at THEN 'queued' ELSE 'scheduled' END,
                    nullif(max_attempts, -9223372036854775808), at_most_once,
                    nullif(keep_succeeded, -9223372036854775808),
                    nullif(keep_unsuccessful, -9223372036854775808),
                    coalesce(nullif(tags, ''), '[]'), nullif(schedule, '00000000-0000-0000-0000-000000000000'),
                    nullif(occurrence_at, -9223372036854775808), coalesce(nullif(task, ''), alias),
                    nullif(unique_key, '00000000-0000-0000-0000-000000000000'), greatest(unique_holds, 0)::smallint
               FROM ",
            $from,
            " WITH ORDINALITY AS f(",
            $columns,
            ") ",
            $and,
            " WHERE taken OR coalesce(nullif(task, ''), alias) NOT IN (
                    SELECT t.task FROM tasker_tasks AS t WHERE NOT t.enabled)
              ORDER BY place ",
            $otherwise,
            " RETURNING id, number"
        )
    };
}

/// The same where the rows differ in their ids and params only.
macro_rules! enqueue_alike {
    ($otherwise:literal) => {
        enqueue!(
            "unnest($1::uuid[], $2::text[])",
            "id, params, place",
            "CROSS JOIN (SELECT $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint,
                                $10::boolean, $11::bigint, $12::bigint, $13::text, $14::uuid, $15::bigint,
                                $16::text, $17::boolean, $18::uuid, $19::bigint)
                AS g(alias, queue, priority, shape, due_at, enqueued_at, max_attempts, at_most_once,
                     keep_succeeded, keep_unsuccessful, tags, schedule, occurrence_at, task, taken, unique_key,
                     unique_holds)",
            $otherwise
        )
    };
}

/// All of them.
pub(crate) const STATEMENTS: Statements = Statements {
    enqueue: Bulk::Arrays {
        all: enqueue!(
            "unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::boolean[], $11::bigint[], $12::bigint[], $13::text[],
                    $14::uuid[], $15::bigint[], $16::text[], $17::boolean[], $18::uuid[], $19::bigint[])",
            "id, alias, queue, priority, params, shape, due_at, enqueued_at, max_attempts, at_most_once,
             keep_succeeded, keep_unsuccessful, tags, schedule, occurrence_at, task, taken, unique_key, unique_holds, place",
            "",
            "ON CONFLICT DO NOTHING"
        ),
        alike: enqueue_alike!("ON CONFLICT DO NOTHING"),
        new: enqueue_alike!(""),
    },
    numbers: "SELECT id, number FROM tasker_jobs
         WHERE id IN (SELECT v::uuid FROM json_array_elements_text($1::json) AS r(v))",
    // The holder is looked for by itself, so that its condition is the index's, word for word.
    met: concat!(
        "SELECT m.place - 1, m.own, m.disabled, j.number, j.id, j.state, j.token > 0 OR j.finished_at IS NOT NULL
           FROM (SELECT f.place,
                        (SELECT number FROM tasker_jobs WHERE id = (f.v ->> 0)::uuid) AS own,
                        EXISTS (SELECT 1 FROM tasker_tasks WHERE task = f.v ->> 2 AND NOT enabled) AS disabled,
                        (SELECT number FROM tasker_jobs WHERE unique_key = (f.v ->> 1)::uuid AND ",
        holds_key!(),
        ") AS holder
                   FROM json_array_elements($1::json) WITH ORDINALITY AS f(v, place)) AS m
           LEFT JOIN tasker_jobs AS j ON j.number = m.holder"
    ),
    replace: Returning::One(
        "UPDATE tasker_jobs AS j
           SET queue = f.v ->> 1, priority = (f.v ->> 2)::smallint, params = f.v ->> 3, shape = (f.v ->> 4)::bigint,
               due_at = (f.v ->> 5)::bigint, max_attempts = (f.v ->> 6)::bigint,
               at_most_once = (f.v ->> 7)::bigint <> 0, keep_succeeded = (f.v ->> 8)::bigint,
               keep_unsuccessful = (f.v ->> 9)::bigint, tags = f.v ->> 10, schedule = (f.v ->> 11)::uuid,
               occurrence_at = (f.v ->> 12)::bigint, missed = NULL, unique_holds = (f.v ->> 13)::smallint,
               state = CASE WHEN j.state = 'paused' THEN 'paused'
                            WHEN (f.v ->> 5)::bigint <= $2 THEN 'queued'
                            ELSE 'scheduled' END
          FROM json_array_elements($1::json) AS f(v)
         WHERE j.number = (f.v ->> 0)::bigint AND j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL
        RETURNING j.number",
    ),
    reschedule: Returning::One(
        "UPDATE tasker_jobs AS j
           SET due_at = (f.v ->> 1)::bigint,
               state = CASE WHEN j.state = 'paused' THEN 'paused'
                            WHEN (f.v ->> 1)::bigint <= $2 THEN 'queued'
                            ELSE 'scheduled' END
          FROM json_array_elements($1::json) AS f(v)
         WHERE j.number = (f.v ->> 0)::bigint AND j.token = 0 AND j.finished_at IS NULL AND j.deleted_at IS NULL
        RETURNING j.number",
    ),
    holds_key: holds_key!(),
    ensure_queues: "INSERT INTO tasker_queues (name) SELECT json_array_elements_text($1::json) ON CONFLICT DO NOTHING",
    ensure_tasks: "INSERT INTO tasker_tasks (task, alias)
        SELECT v ->> 0, v ->> 1 FROM json_array_elements($1::json) AS r(v) ON CONFLICT DO NOTHING",
    succeed: None,
    settle: Some(Fused {
        all: fused!(heads_of_all!("$11"), "$7", "$8", "$9", "$10"),
        only: fused!(heads_of_some!("$12"), "$8", "$9", "$10", "$11"),
    }),
    end: Returning::One(
        "UPDATE tasker_jobs AS j
           SET state = CASE WHEN j.cancel_requested THEN 'canceled' ELSE f.state END,
               finished_at = $2,
               prune_at = $2 + CASE WHEN j.cancel_requested OR f.state <> 'succeeded' THEN j.keep_unsuccessful
                                    ELSE j.keep_succeeded END,
               output = f.output,
               error = coalesce(f.error, j.error)
          FROM (SELECT (v ->> 0)::uuid AS id, (v ->> 1)::bigint AS token, v ->> 2 AS state, v ->> 3 AS output,
                       v ->> 4 AS error
                  FROM json_array_elements($1::json) AS r(v)) AS f
         WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
        RETURNING j.number, j.id, j.token, j.state, coalesce(j.prune_at <= $2, FALSE)",
    ),
    give_back: Returning::One(
        "UPDATE tasker_jobs AS j
           SET state = CASE WHEN j.cancel_requested THEN 'canceled'
                            WHEN f.cut AND j.at_most_once THEN 'failed'
                            WHEN f.due <= $2 THEN f.ready
                            WHEN j.attempt > f.refund THEN f.spent
                            ELSE f.fresh END,
               attempt = CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN j.attempt
                              ELSE greatest(j.attempt - f.refund, 0) END,
               due_at = CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN j.due_at ELSE f.due END,
               finished_at = CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once) THEN $2 END,
               prune_at = CASE WHEN j.cancel_requested OR (f.cut AND j.at_most_once)
                               THEN $2 + j.keep_unsuccessful END,
               output = CASE WHEN j.cancel_requested AND NOT f.cut THEN NULL ELSE j.output END,
               error = CASE WHEN f.cut AND (j.cancel_requested OR NOT j.at_most_once) THEN j.error
                            ELSE coalesce(f.error, j.error) END
          FROM (SELECT (v ->> 0)::uuid AS id, (v ->> 1)::bigint AS token, v ->> 2 AS ready, v ->> 3 AS spent,
                       v ->> 4 AS fresh, (v ->> 7)::bigint AS refund, (v ->> 8)::bigint <> 0 AS cut,
                       v ->> 9 AS error,
                       coalesce((v ->> 6)::bigint, least($2 + (v ->> 5)::bigint, 8210266876799999999)) AS due
                  FROM json_array_elements($1::json) AS r(v)) AS f
         WHERE j.id = f.id AND j.token = f.token AND j.state = 'running'
        RETURNING j.number, j.id, j.token, j.state, coalesce(j.prune_at <= $2, FALSE)",
    ),
    record_attempts: "INSERT INTO tasker_attempts
            (job, token, attempt, worker, started_at, ended_at, kind, message)
        SELECT j.number, j.token, j.attempt, j.worker, j.started_at, $2, f.v ->> 1, f.v ->> 2
          FROM json_array_elements($1::json) AS f(v) JOIN tasker_jobs AS j ON j.number = (f.v ->> 0)::bigint
        ON CONFLICT DO NOTHING",
    claim_all: Returning::One(concat!("WITH ", heads_of_all!("$7"), " ", take!())),
    claim_only: Returning::One(concat!("WITH ", heads_of_some!("$8"), " ", take!())),
    // What none takes but one that passes over very much, or over a slow network.
    slow_claim: Some(Duration::from_millis(25)),
    claim: None,
    live: "SELECT j.id, j.token, j.number
          FROM json_array_elements($1::json) AS f(v)
          JOIN tasker_jobs AS j ON j.id = (f.v ->> 0)::uuid
         WHERE j.token = (f.v ->> 1)::bigint AND j.state = 'running'
           FOR SHARE OF j",
    append_lines: "INSERT INTO tasker_logs (job, attempt, at, level, message)
        SELECT j.number, j.attempt + (f.v ->> 4)::bigint, $2 - (f.v ->> 1)::bigint, f.v ->> 2, f.v ->> 3
          FROM json_array_elements($1::json) WITH ORDINALITY AS f(v, place)
          JOIN tasker_jobs AS j ON j.number = (f.v ->> 0)::bigint
         ORDER BY f.place",
    set_progress: "INSERT INTO tasker_progress (job, token, done, total)
        SELECT DISTINCT ON (j.number) j.number, j.token, (f.v ->> 1)::bigint, (f.v ->> 2)::bigint
          FROM json_array_elements($1::json) WITH ORDINALITY AS f(v, place)
          JOIN tasker_jobs AS j ON j.number = (f.v ->> 0)::bigint
         ORDER BY j.number, f.place DESC
        ON CONFLICT (job) DO UPDATE SET token = excluded.token, done = excluded.done, total = excluded.total",
    beat: Beating::One(
        "WITH alive AS (UPDATE tasker_workers SET lease_until = $2 + lease WHERE id = $1 RETURNING id)
         SELECT j.id, j.token FROM alive LEFT JOIN tasker_jobs AS j
             ON j.state = 'running' AND j.worker = $1 AND j.worker IS NOT NULL AND j.cancel_requested
          ORDER BY j.number",
    ),
    running: "SELECT id, token FROM tasker_jobs WHERE state = 'running' AND worker = $1 ORDER BY number",
    mark_started: "UPDATE tasker_workers SET started = greatest(started, $2) WHERE id = $1",
    unstart: "UPDATE tasker_jobs AS j
           SET state = 'queued', attempt = j.attempt - 1
          FROM tasker_workers AS w
         WHERE (w.lease_until <= $1 OR w.id = $2)
           AND j.worker = w.id AND j.worker IS NOT NULL AND j.state = 'running' AND j.held > w.started AND NOT j.cancel_requested",
    drop_dead: "DELETE FROM tasker_workers WHERE lease_until <= $1",
    rescue: Returning::One(
        "WITH orphans AS MATERIALIZED (
            SELECT number FROM tasker_jobs
             WHERE state = 'running' AND worker IS NOT NULL AND worker NOT IN (SELECT id FROM tasker_workers)
             ORDER BY worker, number LIMIT $2 FOR UPDATE SKIP LOCKED)
        UPDATE tasker_jobs AS j
           SET state = CASE WHEN cancel_requested THEN 'canceled'
                            WHEN at_most_once OR attempt >= max_attempts THEN 'failed'
                            ELSE 'queued' END,
               finished_at = CASE WHEN cancel_requested OR at_most_once OR attempt >= max_attempts THEN $1 END,
               prune_at = CASE WHEN cancel_requested OR at_most_once OR attempt >= max_attempts
                               THEN $1 + keep_unsuccessful END
          FROM orphans WHERE j.number = orphans.number
        RETURNING j.number, j.id, j.state, j.worker, coalesce(j.prune_at <= $1, FALSE)",
    ),
    set_errors: "UPDATE tasker_jobs AS j SET error = f.v ->> 2
          FROM json_array_elements($1::json) AS f(v) WHERE j.number = (f.v ->> 0)::bigint",
    orphaned: "SELECT EXISTS (
            SELECT 1 FROM tasker_jobs
             WHERE state = 'running' AND worker IS NOT NULL AND worker NOT IN (SELECT id FROM tasker_workers)) AS orphaned",
    next_lease: "SELECT min(lease_until) AS at FROM tasker_workers",
    any_ready: "SELECT EXISTS (
            SELECT 1 FROM tasker_jobs WHERE state = 'queued' AND deleted_at IS NULL) AS ready",
    promote: Returning::One("WITH due AS MATERIALIZED (
            SELECT number FROM tasker_jobs
             WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL AND due_at <= $1
             ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        UPDATE tasker_jobs AS j SET state = 'queued' FROM due WHERE j.number = due.number
        RETURNING j.number"),
    // No `min`: where the statistics know nothing of a flood yet, the planner would read all that wait.
    next_due: "SELECT due_at AS at FROM tasker_jobs
         WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL ORDER BY due_at LIMIT 1",
    expired: "SELECT number, schedule IS NOT NULL FROM tasker_jobs WHERE prune_at IS NOT NULL AND prune_at <= $1
         ORDER BY prune_at LIMIT $2 FOR UPDATE SKIP LOCKED",
    next_prune: "SELECT prune_at AS at FROM tasker_jobs WHERE prune_at IS NOT NULL ORDER BY prune_at LIMIT 1",
    belongings: None,
    erase: [
        "DELETE FROM tasker_logs WHERE job IN (SELECT v::bigint FROM json_array_elements_text($1::json) AS r(v))",
        "DELETE FROM tasker_attempts WHERE job IN (SELECT v::bigint FROM json_array_elements_text($1::json) AS r(v))",
        "DELETE FROM tasker_progress WHERE job IN (SELECT v::bigint FROM json_array_elements_text($1::json) AS r(v))",
        "DELETE FROM tasker_jobs WHERE number IN (SELECT v::bigint FROM json_array_elements_text($1::json) AS r(v))",
    ],
    set_missed: "UPDATE tasker_jobs AS j SET missed = f.v ->> 1
          FROM json_array_elements($1::json) AS f(v) WHERE j.number = (f.v ->> 0)::bigint",
    unfinished: "SELECT schedule, id FROM tasker_jobs
         WHERE schedule IN (SELECT v::uuid FROM json_array_elements_text($1::json) AS r(v))
           AND schedule IS NOT NULL AND finished_at IS NULL AND deleted_at IS NULL
         ORDER BY number",
    advance: "UPDATE tasker_schedules AS s
           SET version = s.version + 1, state = f.v ->> 1, error = f.v ->> 2, next_run_at = (f.v ->> 3)::bigint,
               last_run_at = (f.v ->> 4)::bigint, executions = s.executions + (f.v ->> 5)::bigint,
               waiting_at = (f.v ->> 6)::bigint, waiting_missed = f.v ->> 7
          FROM json_array_elements($1::json) AS f(v) WHERE s.id = (f.v ->> 0)::uuid",
    waiting_schedules: "SELECT s.id, NOT EXISTS (
                SELECT 1 FROM tasker_jobs AS j
                 WHERE j.schedule = s.id AND j.schedule IS NOT NULL AND j.finished_at IS NULL AND j.deleted_at IS NULL) AS free
          FROM tasker_schedules AS s
         WHERE s.waiting_at IS NOT NULL AND s.deleted_at IS NULL AND s.state IN ('active', 'completed')
           AND s.task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)",
    ended: "SELECT s.id, (
            SELECT j.number FROM tasker_jobs AS j
             WHERE j.schedule = s.id AND j.schedule IS NOT NULL AND j.finished_at IS NOT NULL
             ORDER BY j.finished_at DESC, j.number DESC LIMIT 1) AS number
           FROM tasker_schedules AS s WHERE $1::uuid IS NULL OR s.id = $1",
    // In two halves: with OR the planner walks the index from end to end, past all that are not due.
    due_schedules: "SELECT id FROM (
            SELECT id, task, next_run_at, name FROM tasker_schedules WHERE state = 'active' AND deleted_at IS NULL AND next_run_at IS NULL
            UNION ALL
            SELECT id, task, next_run_at, name FROM tasker_schedules WHERE state = 'active' AND deleted_at IS NULL AND next_run_at <= $1) AS s
         WHERE task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)
         ORDER BY next_run_at NULLS FIRST, name LIMIT $2",
    next_schedule: "SELECT min(next_run_at) AS at FROM tasker_schedules
         WHERE state = 'active' AND deleted_at IS NULL AND next_run_at > $1
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE NOT enabled)",
    count_queues: "SELECT 0::bigint AS part, queue, 'queued' AS state, count(*) AS jobs FROM tasker_jobs
          WHERE state = 'queued' AND deleted_at IS NULL GROUP BY queue
         UNION ALL
         SELECT 0, queue, state, count(*) FROM tasker_jobs
          WHERE state IN ('scheduled', 'retrying') AND deleted_at IS NULL GROUP BY queue, state
         UNION ALL
         SELECT 0, queue, 'running', count(*) FROM tasker_jobs
          WHERE state = 'running' AND worker IS NOT NULL GROUP BY queue
         UNION ALL
         SELECT 0, queue, 'paused', count(*) FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'paused' GROUP BY queue
         UNION ALL
         SELECT 1, f.queue, 'failed', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'failed' ORDER BY number DESC LIMIT $1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 1, f.queue, 'canceled', count(*) FROM (
            SELECT queue FROM tasker_jobs WHERE state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state = 'canceled' ORDER BY number DESC LIMIT $1) AS f GROUP BY f.queue
         UNION ALL
         SELECT 2, l.queue, l.state, count(*) FROM (
            SELECT queue, CASE WHEN deleted_at IS NULL THEN state ELSE '' END AS state FROM tasker_jobs
             ORDER BY number DESC LIMIT $1) AS l GROUP BY l.queue, l.state",
    homes: Homes {
        queued: "state = 'queued' AND deleted_at IS NULL",
        waiting: "state IN ('scheduled', 'retrying') AND deleted_at IS NULL",
        running: "state = 'running' AND worker IS NOT NULL",
        aside: "state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL AND state",
    },
    count_running: "SELECT worker, count(*) AS jobs FROM tasker_jobs
         WHERE state = 'running' AND worker IS NOT NULL GROUP BY worker",
    unknown: "SELECT (array_agg(alias ORDER BY number))[1], count(*) AS jobs FROM tasker_jobs
         WHERE state = 'queued' AND deleted_at IS NULL
           AND task NOT IN (SELECT task FROM tasker_tasks WHERE seen_at IS NOT NULL)
         GROUP BY task ORDER BY task",
    has_tag: "EXISTS (SELECT 1 FROM json_array_elements_text(tasker_jobs.tags::json) AS t(v) WHERE t.v = $1)",
};
