//! The ideal statements through the bare driver: what a program could do that did nothing else.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tasker_store::{Migrate, SqlStore, Store};

type Error = Box<dyn std::error::Error>;

const PARAMS: &str = "{\"number\":1,\"padding\":\"................................................................................\"}";
const NOW: i64 = 1_750_000_000_000_000;

/// An empty file with the product's schema, and one connection to it.
async fn fresh(
    synchronous: SqliteSynchronous,
) -> Result<(SqliteConnection, tempfile::TempDir), Error> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("raw.db");
    let store = SqlStore::connect(&format!("sqlite://{}?mode=rwc", file.display())).await?;
    store.open(Migrate::Up).await?;
    store.close().await?;
    let connection = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .connect()
        .await?;
    Ok((connection, folder))
}

/// Inserts jobs, so many in a statement; jobs per second.
pub(crate) async fn bulk(jobs: usize, at_a_time: usize) -> Result<f64, Error> {
    let (mut connection, _folder) = fresh(SqliteSynchronous::Normal).await?;
    let elapsed = fill(&mut connection, jobs, at_a_time).await?;
    connection.close().await?;
    Ok(jobs as f64 / elapsed.as_secs_f64())
}

async fn fill(
    connection: &mut SqliteConnection,
    jobs: usize,
    at_a_time: usize,
) -> Result<Duration, Error> {
    let row = "(?,'noop','noop','default',0,'queued',0,4,0,?,?,86400000000,604800000000,'[]',?)";
    let words = format!(
        "INSERT INTO tasker_jobs (id, alias, task, queue, priority, state, shape, max_attempts, at_most_once, \
         due_at, enqueued_at, keep_succeeded, keep_unsuccessful, tags, params) VALUES {}",
        vec![row; at_a_time].join(",")
    );
    let start = Instant::now();
    for _ in 0..jobs / at_a_time {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(words.clone()));
        for _ in 0..at_a_time {
            let id = uuid::Uuid::now_v7().into_bytes().to_vec();
            query = query.bind(id).bind(NOW).bind(NOW).bind(PARAMS);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(start.elapsed())
}

/// Claims and finishes jobs, so many in a transaction; jobs per second.
pub(crate) async fn drain(
    jobs: usize,
    at_a_time: usize,
    synchronous: SqliteSynchronous,
) -> Result<f64, Error> {
    let (mut connection, _folder) = fresh(synchronous).await?;
    fill(&mut connection, jobs, 1_000).await?;
    let worker = uuid::Uuid::now_v7().into_bytes().to_vec();
    let mut claimed: Vec<i64> = Vec::new();
    let mut done = 0;
    let start = Instant::now();
    loop {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        if !claimed.is_empty() {
            let numbers = format!("{claimed:?}");
            let finished = sqlx::query(
                "UPDATE tasker_jobs SET state = 'succeeded', finished_at = ?2, prune_at = ?2 + keep_succeeded \
                  WHERE number IN (SELECT value FROM json_each(?1)) AND token = 1 AND state = 'running'",
            );
            done += finished
                .bind(numbers)
                .bind(NOW)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        let claim = sqlx::query(
            "UPDATE tasker_jobs SET state = 'running', token = token + 1, attempt = attempt + 1, \
                    started_at = ?1, worker = ?2 \
              WHERE number IN (SELECT number FROM tasker_jobs \
                    WHERE queue = 'default' AND state = 'queued' AND deleted_at IS NULL \
                    ORDER BY priority DESC, due_at, number LIMIT ?3) \
             RETURNING number, id, token, alias, params, attempt",
        );
        let rows = claim
            .bind(NOW)
            .bind(&worker)
            .bind(at_a_time as i64)
            .fetch_all(&mut *tx)
            .await?;
        claimed = rows.iter().map(|row| row.get(0)).collect();
        tx.commit().await?;
        if claimed.is_empty() {
            break;
        }
    }
    let elapsed = start.elapsed();
    if done != jobs as u64 {
        return Err(format!("{jobs} jobs were there and {done} were finished").into());
    }
    connection.close().await?;
    Ok(jobs as f64 / elapsed.as_secs_f64())
}
