//! The tables on MySQL and MariaDB.
//!
//! A job is one row. `task` is the alias in the form that is compared. Instants are microseconds since the Unix
//! epoch, ids are 16 bytes, names are compared and ordered by their bytes. A generated column that is NULL for all rows an
//! index is not about stands in for a partial index: finished jobs, however many, are in none but the ones for pruning and
//! for the history of a schedule, and those that did not succeed in `aside`, from which they are listed. A step may run again after it was cut short, since a change of the schema cannot be undone.

/// Version 1, in order.
pub(crate) const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS tasker_jobs (
        number BIGINT AUTO_INCREMENT PRIMARY KEY,
        id BINARY(16) NOT NULL UNIQUE,
        alias VARCHAR(255) NOT NULL,
        task VARCHAR(255) NOT NULL,
        queue VARCHAR(64) NOT NULL,
        priority SMALLINT NOT NULL,
        state VARCHAR(16) NOT NULL,
        shape BIGINT NOT NULL,
        attempt BIGINT NOT NULL DEFAULT 0,
        max_attempts BIGINT,
        at_most_once BOOLEAN NOT NULL,
        due_at BIGINT NOT NULL,
        enqueued_at BIGINT NOT NULL,
        started_at BIGINT,
        finished_at BIGINT,
        worker BINARY(16),
        token BIGINT NOT NULL DEFAULT 0,
        held BIGINT,
        cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
        keep_succeeded BIGINT,
        keep_unsuccessful BIGINT,
        prune_at BIGINT,
        deleted_at BIGINT,
        schedule BINARY(16),
        occurrence_at BIGINT,
        missed LONGTEXT,
        unique_key BINARY(16),
        unique_holds SMALLINT NOT NULL DEFAULT 0,
        tags LONGTEXT NOT NULL,
        error LONGTEXT,
        output LONGTEXT,
        params LONGTEXT NOT NULL,
        ready VARCHAR(64) AS (CASE WHEN state = 'queued' AND deleted_at IS NULL THEN queue END) STORED,
        urgency INT AS (-priority) STORED,
        waiting BIGINT AS (CASE WHEN state IN ('scheduled', 'retrying') AND deleted_at IS NULL THEN due_at END) STORED,
        aside VARCHAR(16) AS (
            CASE WHEN state IN ('paused', 'failed', 'canceled') AND deleted_at IS NULL THEN state END) STORED,
        runner BINARY(16) AS (CASE WHEN state = 'running' THEN worker END) STORED,
        ended_at BIGINT AS (CASE WHEN schedule IS NOT NULL THEN finished_at END) STORED,
        unique_held BINARY(16) AS (
            CASE WHEN deleted_at IS NULL
                  AND ((finished_at IS NULL AND (token = 0 OR (unique_holds & 1) <> 0))
                       OR (state = 'succeeded' AND (unique_holds & 2) <> 0)
                       OR (state = 'failed' AND (unique_holds & 4) <> 0)
                       OR (state = 'canceled' AND (unique_holds & 8) <> 0))
                 THEN unique_key END) STORED,
        UNIQUE INDEX tasker_jobs_unique (unique_held),
        INDEX tasker_jobs_ready (ready, urgency, due_at, number),
        INDEX tasker_jobs_due (waiting, queue, state),
        INDEX tasker_jobs_aside (aside, number, queue),
        INDEX tasker_jobs_running (runner),
        INDEX tasker_jobs_prune (prune_at),
        INDEX tasker_jobs_schedule (schedule, ended_at)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_attempts (
        job BIGINT NOT NULL,
        token BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        worker BINARY(16),
        started_at BIGINT,
        ended_at BIGINT NOT NULL,
        kind VARCHAR(16) NOT NULL,
        message LONGTEXT NOT NULL,
        PRIMARY KEY (job, token)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_logs (
        number BIGINT AUTO_INCREMENT PRIMARY KEY,
        job BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        at BIGINT NOT NULL,
        level VARCHAR(16) NOT NULL,
        message LONGTEXT NOT NULL,
        INDEX tasker_logs_job (job)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_progress (
        job BIGINT PRIMARY KEY,
        token BIGINT NOT NULL,
        done BIGINT NOT NULL,
        total BIGINT NOT NULL
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_queues (
        name VARCHAR(64) PRIMARY KEY,
        paused BOOLEAN NOT NULL DEFAULT FALSE
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_tasks (
        task VARCHAR(255) PRIMARY KEY,
        alias VARCHAR(255) NOT NULL,
        title LONGTEXT NOT NULL,
        description LONGTEXT NOT NULL,
        queue VARCHAR(64) NOT NULL DEFAULT '',
        params LONGTEXT NOT NULL,
        shape BIGINT NOT NULL DEFAULT 0,
        origin LONGTEXT NOT NULL,
        enabled BOOLEAN NOT NULL DEFAULT TRUE,
        seen_at BIGINT
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_schedules (
        id BINARY(16) PRIMARY KEY,
        name VARCHAR(255) NOT NULL UNIQUE,
        description LONGTEXT NOT NULL,
        source VARCHAR(16) NOT NULL,
        alias VARCHAR(255) NOT NULL,
        task VARCHAR(255) NOT NULL,
        rule LONGTEXT NOT NULL,
        tz LONGTEXT NOT NULL,
        params LONGTEXT NOT NULL,
        queue VARCHAR(64),
        start_at BIGINT,
        end_at BIGINT,
        max_executions BIGINT,
        catch_up LONGTEXT NOT NULL,
        overlap LONGTEXT NOT NULL,
        state VARCHAR(16) NOT NULL,
        error LONGTEXT,
        created_at BIGINT NOT NULL,
        next_run_at BIGINT,
        last_run_at BIGINT,
        waiting_at BIGINT,
        waiting_missed LONGTEXT,
        executions BIGINT NOT NULL DEFAULT 0,
        extra_jobs BIGINT NOT NULL DEFAULT 0,
        last_outcome VARCHAR(16),
        last_error LONGTEXT,
        last_ended_at BIGINT,
        seen_at BIGINT NOT NULL,
        deleted_at BIGINT,
        version BIGINT NOT NULL DEFAULT 1,
        INDEX tasker_schedules_due (state, next_run_at),
        INDEX tasker_schedules_waiting (waiting_at)
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_workers (
        id BINARY(16) PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        named BOOLEAN NOT NULL,
        host LONGTEXT NOT NULL,
        pid BIGINT NOT NULL,
        process LONGTEXT NOT NULL,
        lease BIGINT NOT NULL,
        concurrency BIGINT NOT NULL,
        queues LONGTEXT NOT NULL,
        started_at BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        started BIGINT NOT NULL DEFAULT 0
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE IF NOT EXISTS tasker_leases (
        name VARCHAR(255) PRIMARY KEY,
        holder BINARY(16),
        token BIGINT NOT NULL,
        until BIGINT NOT NULL
    ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
];
