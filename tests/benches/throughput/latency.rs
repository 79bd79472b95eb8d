//! How long a job waits for its start where little else is to be done: 100 jobs a second, for five seconds a round.
//!
//! The worker is in this process or in another. Beside it: the raw statements for one job, its insertion and its
//! claim, each durable, one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tasker::{Tasker, WorkerEvent, task};
use tokio::time::MissedTickBehavior;

use crate::Result;
use crate::place::{Database, Place};
use crate::raw::{self, Keep};
use crate::report::{Goal, Report};
use crate::worker::{Orders, Process, Work};

const THEME: &str = "latency";
const EVERY: Duration = Duration::from_millis(10);
const TICKS: usize = 500;
const CONCURRENCY: u32 = 10;
/// What the start of a job is waited for at the most.
const LONG: Duration = Duration::from_secs(30);

static WAITS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Note how long this job waited; `sent` is in microseconds since the Unix epoch.
#[task]
async fn noted(sent: u64) {
    locked().push(now().saturating_sub(sent));
}

/// How long the jobs waited that this process has run since it was last asked, in microseconds.
pub(crate) fn waits() -> Vec<u64> {
    std::mem::take(&mut *locked())
}

/// Waits until this process has started so many jobs since it was last asked.
pub(crate) async fn started(jobs: usize) -> Result<()> {
    let all = async {
        while locked().len() < jobs {
            tokio::time::sleep(EVERY).await;
        }
    };
    let waited = tokio::time::timeout(LONG, all).await;
    waited.map_err(|_| format!("of {jobs} jobs {} started", locked().len()).into())
}

pub(crate) async fn measure(report: &mut Report<'_>) -> Result<()> {
    let here = "latency at 100/s, worker in the process";
    let there = "latency at 100/s, worker in another";
    for (what, elsewhere) in [(here, false), (there, true)] {
        if !report.wants(THEME, what) {
            continue;
        }
        let (mut ours, mut raw) = (Vec::new(), Vec::new());
        for _ in 0..report.rounds() {
            ours.extend(tasker(report.database, elsewhere).await?);
            raw.extend(bare(report.database).await?);
        }
        let goals = match report.database {
            Database::Postgres => [Goal::AtMost(2.0), Goal::None, Goal::AtMost(8.0)],
            _ => [Goal::None; 3],
        };
        for (percent, goal) in [50, 95, 99].into_iter().zip(goals) {
            let beside = ("raw: insert, then claim", percentile(&mut raw, percent));
            let what = format!("{what}, p{percent} ms");
            report.figure(what, percentile(&mut ours, percent), Some(beside), goal);
        }
    }
    Ok(())
}

async fn tasker(database: Database, elsewhere: bool) -> Result<Vec<u64>> {
    Place::with(database, async |place| {
        let tasker = Tasker::connect(&place.url).await?;
        let waits = if elsewhere {
            let mut process = Process::start(&Orders {
                url: place.url.clone(),
                concurrency: CONCURRENCY,
                work: Work::Wait,
            })?;
            send(&tasker).await?;
            process.tell(TICKS)?;
            let waits = process.hear()?;
            waits
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()?
        } else {
            let worker = tasker.worker().concurrency(CONCURRENCY).build()?;
            let (stopper, mut events) = (worker.stopper(), worker.events());
            let working = tokio::spawn(worker.run());
            while events.recv().await? != WorkerEvent::Idle {}
            drop(events);
            send(&tasker).await?;
            started(TICKS).await?;
            stopper.stop();
            working.await??;
            waits()
        };
        tasker.close().await?;
        Ok(waits)
    })
    .await
}

/// Enqueues at a steady rate.
async fn send(tasker: &Tasker) -> Result<()> {
    let mut ticks = steady();
    for _ in 0..TICKS {
        ticks.tick().await;
        Noted::enqueue(NotedParams::new(now())).on(tasker).await?;
    }
    Ok(())
}

async fn bare(database: Database) -> Result<Vec<u64>> {
    Place::with(database, async |place| {
        raw::migrate(place).await?;
        let mut enqueuer = raw::connect(place).await?;
        let mut claimer = raw::connect(place).await?;
        let (mut waits, mut held) = (Vec::new(), Vec::new());
        let mut ticks = steady();
        for _ in 0..TICKS {
            ticks.tick().await;
            let start = Instant::now();
            enqueuer.insert(1).await?;
            held = claimer.settle(&held, 10, Keep::Outcome).await?.held;
            waits.push(start.elapsed().as_micros() as u64);
        }
        Ok(waits)
    })
    .await
}

/// A tick that comes too late puts the others off: no burst follows it.
fn steady() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// In milliseconds.
fn percentile(waits: &mut [u64], percent: usize) -> f64 {
    waits.sort_unstable();
    waits[(waits.len() * percent / 100).min(waits.len() - 1)] as f64 / 1000.0
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}

fn locked() -> MutexGuard<'static, Vec<u64>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}
