//! How fast the whole path is, beside the same work done by bare statements in the same run.
//!
//! Run with `cargo bench -p tasker-tests`. Prints one table and writes `target/throughput.json`. Absolute figures
//! move with the machine; what counts is the last column, the product's share of what the bare driver reaches.
//! "Raw" issues the ideal statements with the same effects, 100 or 1,000 rows at a time, on one connection to a
//! file of the same schema. Durability: WAL, for both `synchronous=normal`, but where the line says `full`. Below the
//! table: how long a job waits for its start where little else is to be done.

mod raw;

use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteSynchronous::{self, Full, Normal};
use tasker::{Tasker, task};
use tokio::sync::broadcast::error::TryRecvError;

/// Jobs in each measurement.
const JOBS: usize = 20_000;
/// Jobs a second where their wait for the start is measured, for five seconds.
const RATE: u64 = 100;
/// A hundred bytes of params, as a small job has.
const PADDING: &str =
    "................................................................................";

/// Do nothing.
#[task]
async fn noop(number: i64, padding: String) {
    let _ = (number, padding);
}

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
static WAITS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Note how long this job waited; `sent` is in microseconds since the beginning.
#[task]
async fn noted(sent: u64) {
    let now = BEGINNING.elapsed().as_micros() as u64;
    WAITS.lock().expect("nobody panics here").push(now - sent);
}

/// One line of the table.
struct Row {
    what: &'static str,
    product: f64,
    raw: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "only") {
        let what = arguments.get(at + 1).map_or("", String::as_str);
        return runtime.block_on(only(what));
    }
    let rows = runtime.block_on(measure())?;
    let waits = runtime.block_on(latency())?;
    let mut json = Vec::new();
    println!(
        "{:<44} {:>12} {:>12} {:>7}",
        "SQLite, jobs per second", "tasker", "raw", "share"
    );
    for row in &rows {
        let share = row.product / row.raw;
        println!(
            "{:<44} {:>12.0} {:>12.0} {share:>7.2}",
            row.what, row.product, row.raw
        );
        let mut line = String::new();
        write!(
            line,
            "{{\"what\":{:?},\"tasker\":{:.0},\"raw\":{:.0},\"share\":{share:.3}}}",
            row.what, row.product, row.raw
        )?;
        json.push(line);
    }
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)];
    println!(
        "from enqueue to start at {RATE} jobs/s: p50 {} µs, p99 {} µs",
        at(50),
        at(99)
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/throughput.json");
    std::fs::write(file, format!("[{}]\n", json.join(",\n ")))?;
    Ok(())
}

/// Runs one measurement over and over, for a profiler: `cargo bench … -- only drain`.
async fn only(what: &str) -> Result<(), Box<dyn std::error::Error>> {
    for _ in 0..5 {
        let rate = match what {
            "bulk" => bulk().await?,
            "single" => single(100, JOBS).await?,
            "drain" => drain(100, Normal).await?,
            "drain10" => drain(10, Normal).await?,
            "raw" => raw::drain(JOBS, 100, Normal).await?,
            other => return Err(format!("`{other}` is no measurement").into()),
        };
        println!("{what}: {rate:.0}");
    }
    Ok(())
}

async fn measure() -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let bulk_raw = raw::bulk(JOBS, 1_000).await?;
    let callers = single(100, JOBS).await?;
    let drain_raw = raw::drain(JOBS, 100, Normal).await?;
    Ok(vec![
        Row {
            what: "enqueue, 1,000 a call",
            product: bulk().await?,
            raw: bulk_raw,
        },
        Row {
            what: "enqueue one by one, 1 caller",
            product: single(1, 2_000).await?,
            raw: raw::bulk(2_000, 1).await?,
        },
        Row {
            what: "enqueue one by one, 100 callers (raw: by 100)",
            product: callers,
            raw: raw::bulk(JOBS, 100).await?,
        },
        Row {
            what: "enqueue one by one, 100 callers (raw: bulk)",
            product: callers,
            raw: bulk_raw,
        },
        Row {
            what: "drain, concurrency 100 (raw: batches of 100)",
            product: drain(100, Normal).await?,
            raw: drain_raw,
        },
        Row {
            what: "drain, concurrency 10 (raw: batches of 10)",
            product: drain(10, Normal).await?,
            raw: raw::drain(JOBS, 10, Normal).await?,
        },
        Row {
            what: "drain, concurrency 100, synchronous=full",
            product: drain(100, Full).await?,
            raw: raw::drain(JOBS, 100, Full).await?,
        },
    ])
}

/// How long jobs waited for their start, in microseconds, the shortest wait first.
async fn latency() -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let (tasker, _folder) = fresh(Normal).await?;
    let worker = tasker.worker().concurrency(10).build()?;
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.run());
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
    for _ in 0..RATE * 5 {
        ticks.tick().await;
        let sent = BEGINNING.elapsed().as_micros() as u64;
        Noted::enqueue(NotedParams::new(sent)).on(&tasker).await?;
    }
    stopper.stop();
    working.await??;
    let mut waits = std::mem::take(&mut *WAITS.lock().expect("nobody panics here"));
    waits.sort_unstable();
    Ok(waits)
}

/// A tasker on a file of its own.
async fn fresh(
    synchronous: SqliteSynchronous,
) -> Result<(Tasker, tempfile::TempDir), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let durability = match synchronous {
        Full => "full",
        _ => "normal",
    };
    let url = format!(
        "sqlite://{}?mode=rwc&synchronous={durability}",
        folder.path().join("bench.db").display()
    );
    Ok((Tasker::connect(url).await?, folder))
}

fn params(number: usize) -> NoopParams {
    NoopParams::new(number as i64, PADDING)
}

async fn fill(tasker: &Tasker) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    for first in (0..JOBS).step_by(1_000) {
        Noop::enqueue_many((first..first + 1_000).map(params))
            .on(tasker)
            .await?;
    }
    Ok(start.elapsed())
}

async fn bulk() -> Result<f64, Box<dyn std::error::Error>> {
    let (tasker, _folder) = fresh(Normal).await?;
    Ok(rate(JOBS, fill(&tasker).await?))
}

async fn single(callers: usize, jobs: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let (tasker, _folder) = fresh(Normal).await?;
    let start = Instant::now();
    let mut tasks: tokio::task::JoinSet<tasker::Result<()>> = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let tasker = tasker.clone();
        tasks.spawn(async move {
            for number in (caller..jobs).step_by(callers) {
                Noop::enqueue(params(number)).on(&tasker).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(rate(jobs, start.elapsed()))
}

async fn drain(
    concurrency: u32,
    synchronous: SqliteSynchronous,
) -> Result<f64, Box<dyn std::error::Error>> {
    let (tasker, _folder) = fresh(synchronous).await?;
    fill(&tasker).await?;
    let worker = tasker.worker().concurrency(concurrency).build()?;
    let (stopper, mut events) = (worker.stopper(), worker.events());
    let start = Instant::now();
    let working = tokio::spawn(worker.run());
    // Idle means that it has asked for more and there was none: everything before is settled but the last batch.
    // Looking now and then keeps the observer, who would be woken for each job, out of what is measured.
    loop {
        match events.try_recv() {
            Ok(tasker::WorkerEvent::Idle) => break,
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) => return Err(error.into()),
        }
    }
    stopper.stop();
    let summary = working.await??;
    let elapsed = start.elapsed();
    if summary.succeeded != JOBS as u64 {
        return Err(format!(
            "{JOBS} jobs were enqueued and {} succeeded",
            summary.succeeded
        )
        .into());
    }
    Ok(rate(JOBS, elapsed))
}

fn rate(jobs: usize, elapsed: Duration) -> f64 {
    jobs as f64 / elapsed.as_secs_f64()
}
