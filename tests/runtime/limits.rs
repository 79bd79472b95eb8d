//! How many jobs run at a time.

use tasker::JobState;

use crate::harness::Bench;
use crate::tasks::{Echo, EchoParams, Gated};

/// D-11: the default is 10, and no more.
#[tokio::test]
async fn ten_jobs_run_at_a_time_unless_somebody_says_otherwise() {
    let bench = Bench::new().await;
    for _ in 0..12 {
        Gated::enqueue().on(&bench.tasker).await.unwrap();
    }
    let working = bench.work();
    for _ in 0..10 {
        assert_eq!(bench.probe.hear().await, "started");
    }
    let workers = bench.tasker.workers().await.unwrap();
    assert_eq!(workers[0].concurrency, 10);
    // Whatever is heard next is the first to end, not an eleventh to start.
    bench.probe.open(1);
    assert_eq!(bench.probe.hear().await, "done");
    assert_eq!(bench.probe.hear().await, "started");
    bench.probe.open(11);
    assert_eq!(working.stop().await.released, 0);
}

/// D-11: with one slot the second starts when the first has ended.
#[tokio::test]
async fn with_one_slot_no_two_jobs_overlap() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        Gated::enqueue().on(&bench.tasker).await.unwrap();
    }
    let working = bench.work_with(|worker| worker.concurrency(1).until_empty(true));
    for _ in 0..3 {
        assert_eq!(bench.probe.hear().await, "started");
        bench.probe.open(1);
        assert_eq!(bench.probe.hear().await, "done");
    }
    assert_eq!(working.ended().await.succeeded, 3);
}

/// D-10.
#[tokio::test]
async fn working_until_empty_leaves_nothing_queued() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let job = Echo::enqueue(EchoParams::new()).on(&bench.tasker);
        assert_eq!(
            job.await.unwrap().job().await.unwrap().state,
            JobState::Queued
        );
    }
    let before = bench.tasker.queues().list().await.unwrap();
    assert_eq!((before[0].queued, before[0].succeeded), (2, 0));
    bench.drain().await;
    let after = bench.tasker.queues().list().await.unwrap();
    assert_eq!((after[0].queued, after[0].succeeded), (0, 2));
}
