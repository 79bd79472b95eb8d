//! How a worker takes jobs: order, slots, queues, and its end when nothing is left.

use std::time::Duration;

use tasker::{JobState, WorkerEvent};

use crate::harness::Bench;
use crate::tasks::{Echo, EchoParams, Gated};

/// D-11, Q-20.
#[tokio::test]
async fn one_slot_runs_one_job_at_a_time_in_order() {
    let bench = Bench::new().await;
    for text in ["a", "b", "c"] {
        Echo::enqueue(EchoParams::new().text(text))
            .on(&bench.tasker)
            .await
            .unwrap();
    }
    Echo::enqueue(EchoParams::new().text("first"))
        .priority(1)
        .on(&bench.tasker)
        .await
        .unwrap();
    bench
        .work_with(|worker| worker.concurrency(1).until_empty(true))
        .ended()
        .await;
    assert_eq!(bench.probe.rest().await, ["first", "a", "b", "c"]);
}

/// D-12: the slots run side by side, and no more than there are.
#[tokio::test]
async fn so_many_slots_so_many_jobs() {
    let bench = Bench::new().await;
    for _ in 0..5 {
        Gated::enqueue().on(&bench.tasker).await.unwrap();
    }
    let mut working = bench.work_with(|worker| worker.concurrency(3));
    for _ in 0..3 {
        assert_eq!(bench.probe.hear().await, "started");
    }
    bench.probe.open(1);
    assert_eq!(bench.probe.hear().await, "done");
    assert_eq!(bench.probe.hear().await, "started");
    bench.probe.open(4);
    let mut ended = 0;
    while ended < 5 {
        working
            .event(|event| matches!(event, WorkerEvent::Ended(..)))
            .await;
        ended += 1;
    }
    assert_eq!(working.stop().await.succeeded, 5);
}

/// D-06, Q-14.
#[tokio::test]
async fn a_worker_serves_its_own_queues_within_their_slots() {
    let bench = Bench::new().await;
    let other = Echo::enqueue(EchoParams::new().text("other"))
        .on(&bench.tasker)
        .await
        .unwrap();
    for _ in 0..3 {
        Gated::enqueue()
            .queue("mail")
            .on(&bench.tasker)
            .await
            .unwrap();
    }
    let queues = vec![("mail".to_owned(), Some(2))];
    let mut working = bench.work_with(|worker| worker.queues(queues));
    assert_eq!(bench.probe.hear().await, "started");
    assert_eq!(bench.probe.hear().await, "started");
    assert!(bench.probe.rest().await.is_empty());
    bench.probe.open(1);
    assert_eq!(bench.probe.hear().await, "done");
    assert_eq!(bench.probe.hear().await, "started");
    bench.probe.open(2);
    for _ in 0..3 {
        working
            .event(|event| matches!(event, WorkerEvent::Ended(..)))
            .await;
    }
    assert_eq!(working.stop().await.succeeded, 3);
    assert_eq!(other.job().await.unwrap().state, JobState::Queued);
}

/// D-09.
#[tokio::test]
async fn held_jobs_and_queues_are_left_alone() {
    let bench = Bench::new().await;
    let tasker = &bench.tasker;
    let paused = Echo::enqueue(EchoParams::new()).on(tasker).await.unwrap();
    let deleted = Echo::enqueue(EchoParams::new()).on(tasker).await.unwrap();
    let lane = Echo::enqueue(EchoParams::new())
        .queue("slow")
        .on(tasker)
        .await
        .unwrap();
    tasker.jobs().pause(paused.id()).await.unwrap();
    tasker.jobs().delete(deleted.id()).await.unwrap();
    tasker.queues().pause("slow").await.unwrap();
    assert_eq!(bench.drain().await.succeeded, 0);
    assert_eq!(lane.job().await.unwrap().state, JobState::Queued);
    tasker.jobs().resume(paused.id()).await.unwrap();
    tasker.jobs().restore(deleted.id()).await.unwrap();
    tasker.queues().resume("slow").await.unwrap();
    assert_eq!(bench.drain().await.succeeded, 3);
}

#[tokio::test]
async fn a_delayed_job_runs_when_the_stores_clock_says_so() {
    let (bench, clock) = Bench::at("2025-06-01T12:00:00Z").await;
    let job = Echo::enqueue(EchoParams::new())
        .delay(Duration::from_secs(600))
        .on(&bench.tasker)
        .await
        .unwrap();
    // Longer than the jump, or the worker would be taken for dead.
    let lease = Duration::from_secs(3600);
    let mut working = bench.work_with(|worker| worker.lease(lease));
    working.event(|event| event == WorkerEvent::Idle).await;
    assert_eq!(job.job().await.unwrap().state, JobState::Scheduled);
    clock.advance(Duration::from_secs(600));
    assert_eq!(bench.probe.hear().await, "hi");
    working.stop().await;
}

/// A wake is never lost: each job is enqueued when the worker has just found nothing.
#[tokio::test]
async fn an_idle_worker_wakes_for_each_new_job() {
    let bench = Bench::new().await;
    let mut working = bench.work();
    for number in 0..200 {
        working.event(|event| event == WorkerEvent::Idle).await;
        Echo::enqueue(EchoParams::new().text(number.to_string()))
            .on(&bench.tasker)
            .await
            .unwrap();
        assert_eq!(bench.probe.hear().await, number.to_string());
    }
    working.stop().await;
}

#[tokio::test]
async fn faults_of_a_worker_are_told_together() {
    let bench = Bench::new().await;
    let queues = vec![("a\tb".to_owned(), Some(1))];
    let worker = bench
        .tasker
        .worker()
        .concurrency(0)
        .lease(Duration::ZERO)
        .queues(queues);
    let faults = worker.build().unwrap_err().to_string();
    assert!(faults.contains("at least 1 job"), "{faults}");
    assert!(faults.contains("a lease lasts at least 1s"), "{faults}");
    assert!(faults.contains("is not a queue name"), "{faults}");
}
