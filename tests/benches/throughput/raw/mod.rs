//! The ideal statements through the bare driver: what a program could do that did nothing else.
//!
//! In: a place. Out: jobs per second. The words are in one file per database ([`Raw`]); what is done with them, by how
//! many connections, is here. The schema is the product's own. There is no row for an attempt, since none failed.

mod mysql;
mod postgres;
mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tasker_store::{Migrate, SqlStore, Store};
use tokio::task::JoinSet;

use crate::place::{Database, Place};
use crate::product::rate;
use crate::{JOBS, Result};

/// The due time of everything that is ready, long over, in microseconds since the Unix epoch.
const PAST: i64 = 1_750_000_000_000_000;
/// The due time of what is scheduled: the year 2100.
const FUTURE: i64 = 4_102_444_800_000_000;
const PARAMS: &str = "{\"number\":1,\"padding\":\"................................................................................\"}";

/// What a drain waits for at the most.
const LONG: Duration = Duration::from_secs(300);

/// One connection that speaks a database's own words.
#[async_trait]
pub(crate) trait Raw: Send {
    /// What it is connected to, and how durable that is.
    async fn server(&mut self) -> Result<String>;
    /// Inserts jobs in one statement.
    async fn insert(&mut self, jobs: usize) -> Result<()>;
    /// Ends the jobs it holds and claims others, in one exchange. Where there is only one of the two to do, it is a
    /// statement by itself.
    async fn settle(&mut self, held: &[Held], claim: usize, keep: Keep) -> Result<Settled>;
    /// Has the database itself make jobs.
    async fn crowd(&mut self, crowd: Crowd, jobs: usize) -> Result<()>;
    /// How many statements the server has carried out for this database, or transactions where it counts no
    /// statements. `None` where there is no server.
    async fn carried_out(&mut self) -> Result<Option<u64>>;
}

/// A job under a claim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) number: i64,
    pub(crate) token: i64,
}

/// What an exchange came to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// How many jobs it ended.
    pub(crate) ended: usize,
    /// What it claimed.
    pub(crate) held: Vec<Held>,
}

/// What is left of a job that has succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Its row, with the outcome.
    Outcome,
    /// Nothing.
    Nothing,
}

/// How finishing and claiming are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In one exchange.
    Fused,
    /// One after the other.
    Apart,
}

/// Jobs that stand around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// Ready.
    Queued,
    /// Due far in the future.
    Scheduled,
    /// Over, and kept.
    Finished,
}

/// Opens a connection to the place, whose schema is there.
pub(crate) async fn connect(place: &Place) -> Result<Box<dyn Raw>> {
    Ok(match place.database {
        Database::Sqlite | Database::SqliteFull => Box::new(sqlite::Connection::open(place).await?),
        Database::Postgres => Box::new(postgres::Connection::open(&place.url).await?),
        Database::Mysql => Box::new(mysql::Connection::open(&place.url).await?),
    })
}

/// Makes the product's schema.
pub(crate) async fn migrate(place: &Place) -> Result<()> {
    let store = SqlStore::connect(&place.url).await?;
    store.open(Migrate::Up).await?;
    store.close().await?;
    Ok(())
}

/// Inserts jobs over one connection, so many in a statement; jobs per second.
pub(crate) async fn bulk(place: &Place, at_a_time: usize) -> Result<f64> {
    migrate(place).await?;
    Ok(rate(JOBS, fill(place, JOBS, at_a_time).await?))
}

/// Inserts jobs one by one over so many connections; jobs per second.
pub(crate) async fn single(place: &Place, connections: usize, jobs: usize) -> Result<f64> {
    migrate(place).await?;
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(place).await?);
    }
    let start = Instant::now();
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    for mut raw in open {
        tasks.spawn(async move {
            for _ in 0..jobs / connections {
                raw.insert(1).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(rate(jobs, start.elapsed()))
}

/// Puts jobs there and works them off; jobs per second.
pub(crate) async fn filled_drain(
    place: &Place,
    way: Way,
    at_a_time: usize,
    keep: Keep,
) -> Result<f64> {
    migrate(place).await?;
    fill(place, JOBS, 1_000).await?;
    drain(place, way, at_a_time, keep, JOBS).await
}

/// Puts jobs there.
pub(crate) async fn fill(place: &Place, jobs: usize, at_a_time: usize) -> Result<Duration> {
    let mut raw = connect(place).await?;
    let start = Instant::now();
    for _ in 0..jobs / at_a_time {
        raw.insert(at_a_time).await?;
    }
    Ok(start.elapsed())
}

/// Works jobs off, so many in an exchange, until that many are done or none is left; jobs per second.
pub(crate) async fn drain(
    place: &Place,
    way: Way,
    at_a_time: usize,
    keep: Keep,
    jobs: usize,
) -> Result<f64> {
    let mut open = Vec::new();
    for _ in 0..place.database.connections() {
        open.push(connect(place).await?);
    }
    let left = Arc::new(AtomicUsize::new(jobs));
    let start = Instant::now();
    let mut tasks: JoinSet<Result<usize>> = JoinSet::new();
    for mut raw in open {
        let left = Arc::clone(&left);
        tasks.spawn(async move { work(&mut *raw, way, at_a_time, keep, &left).await });
    }
    let mut done = 0;
    while let Some(ended) = tasks.join_next().await {
        done += ended??;
    }
    let elapsed = start.elapsed();
    if done < jobs {
        return Err(format!("{jobs} jobs were there and {done} were ended").into());
    }
    Ok(rate(done, elapsed))
}

/// What one connection does, as long as jobs are left to claim. A claim may bring fewer than there are: it passes over
/// what others have locked.
async fn work(
    raw: &mut dyn Raw,
    way: Way,
    at_a_time: usize,
    keep: Keep,
    left: &AtomicUsize,
) -> Result<usize> {
    let start = Instant::now();
    let (mut done, mut held) = (0, Vec::new());
    while left.load(Relaxed) > 0 {
        if start.elapsed() > LONG {
            return Err(format!("{} jobs are nowhere to be claimed", left.load(Relaxed)).into());
        }
        if way == Way::Apart && !held.is_empty() {
            done += raw.settle(&held, 0, keep).await?.ended;
            held.clear();
        }
        let settled = raw.settle(&held, at_a_time, keep).await?;
        done += settled.ended;
        held = settled.held;
        // Both may take the last ones.
        let _ = left.fetch_update(Relaxed, Relaxed, |left| {
            Some(left.saturating_sub(held.len()))
        });
    }
    if !held.is_empty() {
        done += raw.settle(&held, 0, keep).await?.ended;
    }
    Ok(done)
}
