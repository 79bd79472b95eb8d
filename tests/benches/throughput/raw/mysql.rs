//! The words of MySQL and MariaDB. Neither gives the rows back that it changed, so a claim looks first, under a lock
//! that passes over what others hold, and then changes. Statements travel together where one answer does not shape the
//! next: an exchange is two round trips. What is in the texts are numbers.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Either, Executor, Row};
use uuid::Uuid;

use super::{Crowd, FUTURE, Held, Keep, PARAMS, PAST, Raw, Settled};
use crate::Result;

const COLUMNS: &str = "id, alias, task, queue, priority, state, shape, max_attempts, at_most_once, \
                       due_at, enqueued_at, keep_succeeded, keep_unsuccessful, tags, params";
const ROW: &str =
    "(?,'noop','noop','default',0,'queued',0,4,0,?,?,86400000000,604800000000,'[]',?)";
/// The most rows of one statement of the server's own making.
const AT_ONCE: usize = 100_000;

pub(super) struct Connection {
    inner: MySqlConnection,
    worker: Uuid,
}

impl Connection {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let options: MySqlConnectOptions = url.parse()?;
        let mut inner = options.connect().await?;
        inner
            .execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            .await?;
        let worker = Uuid::now_v7();
        Ok(Self { inner, worker })
    }

    /// Carries statements out in one round trip: how many rows they changed, and those they gave back.
    async fn together(&mut self, words: String) -> Result<(usize, Vec<MySqlRow>)> {
        let (mut changed, mut rows) = (0, Vec::new());
        let mut answers = self.inner.fetch_many(sqlx::raw_sql(AssertSqlSafe(words)));
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Left(done) => changed += done.rows_affected() as usize,
                Either::Right(row) => rows.push(row),
            }
        }
        Ok((changed, rows))
    }
}

#[async_trait]
impl Raw for Connection {
    async fn server(&mut self) -> Result<String> {
        let words = "SELECT CONCAT(VERSION(), ', innodb_flush_log_at_trx_commit=', @@innodb_flush_log_at_trx_commit)";
        Ok(sqlx::query_scalar(words).fetch_one(&mut self.inner).await?)
    }

    async fn insert(&mut self, jobs: usize) -> Result<()> {
        let rows = vec![ROW; jobs].join(",");
        let words = format!("INSERT INTO tasker_jobs ({COLUMNS}) VALUES {rows}");
        let mut query = sqlx::query(AssertSqlSafe(words));
        for _ in 0..jobs {
            query = query
                .bind(Uuid::now_v7())
                .bind(PAST)
                .bind(PAST)
                .bind(PARAMS);
        }
        query.execute(&mut self.inner).await?;
        Ok(())
    }

    async fn settle(&mut self, held: &[Held], claim: usize, keep: Keep) -> Result<Settled> {
        let mut words = "START TRANSACTION".to_owned();
        if !held.is_empty() {
            let pairs: Vec<String> = (held.iter())
                .map(|job| format!("({},{})", job.number, job.token))
                .collect();
            words += &end(&numbers(held), &pairs.join(","), keep);
        }
        if claim == 0 {
            let (ended, _) = self.together(words + "; COMMIT").await?;
            let held = Vec::new();
            return Ok(Settled { ended, held });
        }
        words += &format!(
            "; SELECT number, token, id, alias, params, attempt FROM tasker_jobs FORCE INDEX (tasker_jobs_ready)
                WHERE ready = 'default'
                ORDER BY urgency, due_at, number LIMIT {claim} FOR UPDATE SKIP LOCKED"
        );
        let (ended, rows) = self.together(words).await?;
        let claimed: Vec<Held> = (rows.iter())
            .map(|row| Held {
                number: row.get(0),
                token: row.get::<i64, _>(1) + 1,
            })
            .collect();
        let change = match claimed.is_empty() {
            true => "COMMIT".to_owned(),
            false => take(&numbers(&claimed), self.worker) + "; COMMIT",
        };
        self.together(change).await?;
        Ok(Settled {
            ended,
            held: claimed,
        })
    }

    async fn crowd(&mut self, crowd: Crowd, jobs: usize) -> Result<()> {
        let (state, due, finished) = match crowd {
            Crowd::Queued => ("queued", PAST, "NULL, NULL"),
            Crowd::Scheduled => ("scheduled", FUTURE, "NULL, NULL"),
            Crowd::Finished => ("succeeded", PAST, "4102444800000000, 4102444800000000"),
        };
        for first in (0..jobs).step_by(AT_ONCE) {
            let words = format!(
                "INSERT INTO tasker_jobs ({COLUMNS}, finished_at, prune_at)
                 WITH d(i) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
                     UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9),
                 n(i) AS (SELECT {first} + a.i + 10 * b.i + 100 * c.i + 1000 * e.i + 10000 * f.i
                            FROM d AS a, d AS b, d AS c, d AS e, d AS f)
                 SELECT UNHEX(REPLACE(UUID(), '-', '')), 'noop', 'noop', 'default', 0, '{state}', 0, 4, 0, {due} + i,
                        {PAST}, 86400000000, 604800000000, '[]', '{PARAMS}', {finished} FROM n"
            );
            self.together(words).await?;
        }
        Ok(())
    }

    async fn carried_out(&mut self) -> Result<Option<u64>> {
        let row = sqlx::query("SHOW GLOBAL STATUS LIKE 'Questions'")
            .fetch_one(&mut self.inner)
            .await?;
        Ok(Some(row.get::<String, _>(1).parse()?))
    }
}

/// Ends jobs, under their tokens.
fn end(numbers: &str, leases: &str, keep: Keep) -> String {
    let what = match keep {
        Keep::Outcome => format!(
            "UPDATE tasker_jobs SET state = 'succeeded', finished_at = {PAST}, prune_at = {PAST} + keep_succeeded"
        ),
        Keep::Nothing => "DELETE FROM tasker_jobs".to_owned(),
    };
    // The first condition finds the rows, the second fences them.
    format!(
        "; {what} WHERE number IN ({numbers}) AND (number, token) IN ({leases}) AND state = 'running'"
    )
}

/// Takes jobs.
fn take(numbers: &str, worker: Uuid) -> String {
    format!(
        "UPDATE tasker_jobs SET state = 'running', token = token + 1, attempt = attempt + 1, started_at = {PAST},
                worker = x'{}' WHERE number IN ({numbers})",
        worker.simple()
    )
}

fn numbers(jobs: &[Held]) -> String {
    let numbers: Vec<String> = jobs.iter().map(|job| job.number.to_string()).collect();
    numbers.join(",")
}
