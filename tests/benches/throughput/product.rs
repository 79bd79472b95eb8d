//! The product under measurement: everything goes through its public API.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tasker::{Tasker, task};
use tasker_store::{Keep, NewJob, Retention};
use tokio::task::JoinSet;

use crate::place::Place;
use crate::{JOBS, PADDING, Result};

/// What a drain waits for at the most.
const LONG: Duration = Duration::from_secs(300);

/// How many jobs this process has handled in the current measurement.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// Do nothing.
#[task]
async fn noop(number: i64, padding: String) {
    let _ = (number, padding);
    HANDLED.fetch_add(1, Relaxed);
}

/// How a worker is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// How many jobs run at a time.
    pub(crate) concurrency: u32,
    /// How many jobs it claims ahead of time.
    pub(crate) prefetch: u32,
    /// Whether the outcome is kept, as by default, or the job is deleted when it has succeeded.
    pub(crate) keep: bool,
}

/// Enqueues jobs by 1,000; jobs per second.
pub(crate) async fn bulk(place: &Place, jobs: usize) -> Result<f64> {
    let tasker = Tasker::connect(&place.url).await?;
    let start = Instant::now();
    for first in (0..jobs).step_by(1_000) {
        let params = (first..jobs.min(first + 1_000)).map(params);
        Noop::enqueue_many(params).on(&tasker).await?;
    }
    let elapsed = start.elapsed();
    tasker.close().await?;
    Ok(rate(jobs, elapsed))
}

/// Enqueues jobs one by one, so many callers at a time; jobs per second.
pub(crate) async fn single(place: &Place, callers: usize, jobs: usize) -> Result<f64> {
    let tasker = Tasker::connect(&place.url).await?;
    let start = Instant::now();
    let mut tasks: JoinSet<tasker::Result<()>> = JoinSet::new();
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
    let elapsed = start.elapsed();
    tasker.close().await?;
    Ok(rate(jobs, elapsed))
}

/// Puts jobs there and works them off; jobs per second.
pub(crate) async fn filled_drain(place: &Place, setting: Setting) -> Result<f64> {
    fill(place, JOBS, setting.keep).await?;
    drain(place, setting, JOBS).await
}

/// Puts jobs there.
pub(crate) async fn fill(place: &Place, jobs: usize, keep: bool) -> Result<()> {
    let tasker = Tasker::connect(&place.url).await?;
    let store = tasker.store().await?;
    for first in (0..jobs).step_by(1_000) {
        let new = (first..jobs.min(first + 1_000)).map(|number| new_job(number, keep));
        store.enqueue(new.collect()).await?;
    }
    tasker.close().await?;
    Ok(())
}

/// Works off at least so many jobs; jobs per second, from the start of the worker to its end.
pub(crate) async fn drain(place: &Place, setting: Setting, jobs: usize) -> Result<f64> {
    let tasker = Tasker::connect(&place.url).await?;
    let worker = tasker
        .worker()
        .concurrency(setting.concurrency)
        .prefetch(setting.prefetch);
    let worker = worker.build()?;
    let stopper = worker.stopper();
    HANDLED.store(0, Relaxed);
    let start = Instant::now();
    let working = tokio::spawn(worker.run());
    // Looking now and then keeps the observer, who would be woken for each job, out of what is measured.
    while HANDLED.load(Relaxed) < jobs {
        if start.elapsed() > LONG || working.is_finished() {
            return Err(format!("{} of {jobs} jobs were handled", HANDLED.load(Relaxed)).into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stopper.stop();
    let done = working.await??.succeeded as usize;
    let elapsed = start.elapsed();
    tasker.close().await?;
    if done < jobs {
        return Err(format!("{jobs} jobs were handled and {done} succeeded").into());
    }
    Ok(rate(done, elapsed))
}

/// Jobs per second.
pub(crate) fn rate(jobs: usize, elapsed: Duration) -> f64 {
    jobs as f64 / elapsed.as_secs_f64()
}

fn params(number: usize) -> NoopParams {
    NoopParams::new(number as i64, PADDING)
}

/// The job that `params` makes, kept or not.
fn new_job(number: usize, keep: bool) -> NewJob {
    let params = serde_json::json!({ "number": number, "padding": PADDING });
    let mut job = NewJob::new("noop", params.to_string());
    if !keep {
        job.retention = Retention {
            succeeded: Keep::For(Duration::ZERO),
            ..Retention::DEFAULT
        };
    }
    job
}
