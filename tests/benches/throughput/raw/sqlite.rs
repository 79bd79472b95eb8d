//! SQLite's words. One connection, since one lock serves all that write; finish and claim share a transaction.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row};

use super::{Crowd, FUTURE, Held, Keep, PARAMS, PAST, Raw, Settled};
use crate::Result;
use crate::place::{Database, Place};

const ROW: &str =
    "(?,'noop','noop','default',0,'queued',0,4,0,?,?,86400000000,604800000000,'[]',?)";
const COLUMNS: &str = "id, alias, task, queue, priority, state, shape, max_attempts, at_most_once, \
                       due_at, enqueued_at, keep_succeeded, keep_unsuccessful, tags, params";
const END: &str =
    "UPDATE tasker_jobs SET state = 'succeeded', finished_at = ?2, prune_at = ?2 + keep_succeeded
      WHERE number IN (SELECT value FROM json_each(?1)) AND token = 1 AND state = 'running'";
const DELETE: &str = "DELETE FROM tasker_jobs
      WHERE number IN (SELECT value FROM json_each(?1)) AND token = 1 AND state = 'running'";
const CLAIM: &str =
    "UPDATE tasker_jobs SET state = 'running', token = token + 1, attempt = attempt + 1, started_at = ?1, worker = ?2
      WHERE number IN (SELECT number FROM tasker_jobs
            WHERE queue = 'default' AND state = 'queued' AND deleted_at IS NULL
            ORDER BY priority DESC, due_at, number LIMIT ?3)
     RETURNING number, token, id, alias, params, attempt";

pub(super) struct Connection {
    inner: SqliteConnection,
    worker: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(place: &Place) -> Result<Self> {
        let synchronous = match place.database {
            Database::SqliteFull => SqliteSynchronous::Full,
            _ => SqliteSynchronous::Normal,
        };
        let options: SqliteConnectOptions =
            place.url.split('&').next().unwrap_or_default().parse()?;
        let inner = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .connect()
            .await?;
        let worker = uuid::Uuid::now_v7().into_bytes().to_vec();
        Ok(Self { inner, worker })
    }
}

#[async_trait]
impl Raw for Connection {
    async fn server(&mut self) -> Result<String> {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()")
            .fetch_one(&mut self.inner)
            .await?;
        Ok(format!(
            "{version}, WAL, synchronous=normal where no other is named"
        ))
    }

    async fn insert(&mut self, jobs: usize) -> Result<()> {
        let rows = vec![ROW; jobs].join(",");
        let words = format!("INSERT INTO tasker_jobs ({COLUMNS}) VALUES {rows}");
        let mut query = sqlx::query(AssertSqlSafe(words));
        for _ in 0..jobs {
            let id = uuid::Uuid::now_v7().into_bytes().to_vec();
            query = query.bind(id).bind(PAST).bind(PAST).bind(PARAMS);
        }
        query.execute(&mut self.inner).await?;
        Ok(())
    }

    async fn settle(&mut self, held: &[Held], claim: usize, keep: Keep) -> Result<Settled> {
        let mut settled = Settled::default();
        let mut tx = self.inner.begin_with("BEGIN IMMEDIATE").await?;
        if !held.is_empty() {
            let numbers: Vec<i64> = held.iter().map(|job| job.number).collect();
            let words = match keep {
                Keep::Outcome => END,
                Keep::Nothing => DELETE,
            };
            let done = sqlx::query(words)
                .bind(format!("{numbers:?}"))
                .bind(PAST)
                .execute(&mut *tx)
                .await?;
            settled.ended = done.rows_affected() as usize;
        }
        if claim > 0 {
            let rows = sqlx::query(CLAIM)
                .bind(PAST)
                .bind(&self.worker)
                .bind(claim as i64)
                .fetch_all(&mut *tx)
                .await?;
            settled.held = rows
                .iter()
                .map(|row| Held {
                    number: row.get(0),
                    token: row.get(1),
                })
                .collect();
        }
        tx.commit().await?;
        Ok(settled)
    }

    async fn crowd(&mut self, crowd: Crowd, jobs: usize) -> Result<()> {
        let (state, due, finished) = match crowd {
            Crowd::Queued => ("queued", PAST, "NULL, NULL"),
            Crowd::Scheduled => ("scheduled", FUTURE, "NULL, NULL"),
            Crowd::Finished => ("succeeded", PAST, "4102444800000000, 4102444800000000"),
        };
        let words = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {jobs})
             INSERT INTO tasker_jobs ({COLUMNS}, finished_at, prune_at)
             SELECT randomblob(16), 'noop', 'noop', 'default', 0, '{state}', 0, 4, 0, {due} + i, {PAST},
                    86400000000, 604800000000, '[]', '{PARAMS}', {finished} FROM n"
        );
        sqlx::query(AssertSqlSafe(words))
            .execute(&mut self.inner)
            .await?;
        Ok(())
    }

    async fn carried_out(&mut self) -> Result<Option<u64>> {
        Ok(None)
    }
}
