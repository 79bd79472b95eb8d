//! X-A3 at every commit point: whichever change of the worker is lost, or its answer, each job ends once.
//!
//! The scenario is run again and again, with the first change lost, then the second, until it is over before the one
//! that would be.

use std::sync::Arc;

use tasker::{Context, JobState, TaskError, Tasker, task};
use tasker_store::{Admin, FailureKind, JobQuery, MemoryStore, Migrate, SqlStore, Store};

use crate::harness::{LONG, states};
use crate::lossy::{Lossy, Lost};

/// Go wrong at first, then well, with a line in the log each time.
#[task(max_attempts = 5, backoff = "fixed 1ms")]
async fn stumble(ctx: Context, times: u32) -> anyhow::Result<u32> {
    ctx.info(format!("attempt {}", ctx.attempt()));
    ctx.progress(u64::from(ctx.attempt()), u64::from(times) + 1);
    anyhow::ensure!(ctx.attempt() > times, "not yet");
    Ok(ctx.attempt())
}

/// Never.
#[task]
async fn hopeless_here() -> anyhow::Result<()> {
    Err(TaskError::discard("no hope").into())
}

async fn in_memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

async fn on_sqlite() -> Arc<dyn Store> {
    let store = SqlStore::connect("sqlite::memory:").await;
    let store = store.expect("it is in memory");
    store.open(Migrate::Up).await.expect("its tables are made");
    Arc::new(store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_change_does_not_arrive_each_job_ends_once_in_memory() {
    every_commit_point(Lost::Question, in_memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_change_is_not_answered_each_job_ends_once_in_memory() {
    every_commit_point(Lost::Answer, in_memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_change_does_not_arrive_each_job_ends_once_on_sqlite() {
    every_commit_point(Lost::Question, on_sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_change_is_not_answered_each_job_ends_once_on_sqlite() {
    every_commit_point(Lost::Answer, on_sqlite).await;
}

async fn every_commit_point(lost: Lost, fresh: impl AsyncFn() -> Arc<dyn Store>) {
    let mut after = 0;
    loop {
        let store = Lossy::new(fresh().await, lost, after);
        let ended = tokio::time::timeout(LONG, scenario(store.clone())).await;
        if ended.is_err() {
            let (what, jobs) = (store.lost(), store.jobs(JobQuery::default()).await);
            panic!("change {after}, {what:?}: this takes too long; the store has {jobs:#?}");
        }
        if store.lost().is_none() {
            break;
        }
        after += 1;
    }
    // Declare, join, enqueues, settles, notes, leave.
    assert!(after >= 8, "only {after} changes");
}

/// What an application does that is told of a failure: the same once more.
async fn twice<T>(step: impl AsyncFn() -> tasker::Result<T>) -> T {
    match step().await {
        Ok(done) => done,
        Err(error) => {
            assert!(error.to_string().contains("as told"), "{error:?}");
            step().await.expect("it breaks only once")
        }
    }
}

/// Works off some jobs.
async fn scenario(store: Lossy) {
    let tasker = Tasker::builder()
        .store(Arc::new(store.clone()))
        .states(states());
    let tasker = tasker.connect().await.unwrap();
    let mut handles = Vec::new();
    for times in [0, 1] {
        let stumble = twice(async || {
            let new = Stumble::enqueue(StumbleParams::new(times)).unique(format!("{times}"));
            new.on(&tasker).await.map(|handle| handle.id())
        });
        handles.push((stumble.await, JobState::Succeeded, times + 1));
    }
    let hopeless = twice(async || {
        let new = HopelessHere::enqueue().unique("hopeless");
        new.on(&tasker).await.map(|handle| handle.id())
    });
    handles.push((hopeless.await, JobState::Failed, 1));
    let worker = twice(async || {
        let worker = tasker.worker().concurrency(2).until_empty(true);
        worker.build()?.run().await
    });
    let worker = worker.await;
    let jobs = tasker.jobs();
    for (id, state, attempts) in handles {
        let job = jobs.get(id).await.unwrap().expect("it is kept");
        assert_eq!(job.state, state, "{job:?}");
        let failures = jobs.attempts(id).await.unwrap();
        let lost = failures
            .iter()
            .filter(|failure| failure.kind == FailureKind::WorkerLost);
        // A worker that did not hear of its own join leaves nothing behind.
        assert_eq!(lost.count(), 0, "{failures:?}");
        assert_eq!(job.attempt, attempts, "{job:?} {failures:?}");
        let tokens: Vec<i64> = failures.iter().map(|failure| failure.token).collect();
        assert!(tokens.is_sorted_by(|a, b| a < b), "{failures:?}");
    }
    assert_eq!((worker.succeeded, worker.failed), (2, 1), "{worker:?}");
}
