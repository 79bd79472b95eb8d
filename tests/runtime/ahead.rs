//! Jobs that a worker claims ahead of time.

use std::time::Duration;

use tasker::{JobState, Tasker, WorkerEvent};

use crate::harness::Bench;
use crate::tasks::{Echo, EchoParams, Gated};

/// How many jobs are in each of these states.
async fn count(tasker: &Tasker, state: JobState) -> usize {
    let mut jobs = 0;
    for job in tasker.jobs().list(Default::default()).await.unwrap() {
        jobs += usize::from(job.state == state);
    }
    jobs
}

#[tokio::test]
async fn no_more_run_than_there_are_slots_and_no_more_are_held_than_was_said() {
    let bench = Bench::new().await;
    for _ in 0..10 {
        Gated::enqueue().on(&bench.tasker).await.unwrap();
    }
    let mut working = bench.work_with(|worker| worker.concurrency(2).prefetch(3));
    for _ in 0..2 {
        assert_eq!(bench.probe.hear().await, "started");
    }
    assert_eq!(count(&bench.tasker, JobState::Running).await, 5);
    assert_eq!(bench.probe.rest().await, Vec::<String>::new());
    bench.probe.open(1);
    assert_eq!(bench.probe.hear().await, "done");
    assert_eq!(bench.probe.hear().await, "started");
    bench.probe.open(9);
    for _ in 0..10 {
        working
            .event(|event| matches!(event, WorkerEvent::Ended(..)))
            .await;
    }
    assert_eq!(working.stop().await.succeeded, 10);
}

#[tokio::test]
async fn all_get_through_in_their_order() {
    let bench = Bench::new().await;
    let params = (0..500).map(|number| EchoParams::new().text(number.to_string()));
    Echo::enqueue_many(params).on(&bench.tasker).await.unwrap();
    let worker = bench.work_with(|worker| worker.concurrency(1).prefetch(50).until_empty(true));
    assert_eq!(worker.ended().await.succeeded, 500);
    let said: Vec<usize> = (bench.probe.rest().await.iter())
        .map(|text| text.parse().unwrap())
        .collect();
    assert_eq!(said, (0..500).collect::<Vec<_>>());
}

/// X-A17.
#[tokio::test]
async fn a_stop_gives_back_what_is_held_before_what_runs_has_ended() {
    let bench = Bench::new().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(Gated::enqueue().on(&bench.tasker).await.unwrap());
    }
    let mut working = bench.work_with(|worker| worker.concurrency(1).prefetch(5));
    assert_eq!(bench.probe.hear().await, "started");
    working
        .event(|event| matches!(event, WorkerEvent::Idle))
        .await;
    working.stopper.stop();
    let mut other = bench.work_with(|worker| worker.concurrency(2));
    for _ in 0..2 {
        assert_eq!(bench.probe.hear().await, "started");
    }
    bench.probe.open(3);
    assert_eq!(working.ended().await.succeeded, 1);
    for _ in 0..2 {
        other
            .event(|event| matches!(event, WorkerEvent::Ended(..)))
            .await;
    }
    assert_eq!(other.stop().await.succeeded, 2);
    for job in jobs {
        assert_eq!(job.job().await.unwrap().attempt, 1);
    }
}

#[tokio::test]
async fn a_held_job_that_is_canceled_never_starts() {
    let bench = Bench::new().await;
    let first = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let held = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let mut working = bench.work_with(|worker| {
        worker
            .concurrency(1)
            .prefetch(5)
            .lease(Duration::from_secs(1))
    });
    assert_eq!(bench.probe.hear().await, "started");
    assert_eq!(held.job().await.unwrap().state, JobState::Running);
    held.cancel().await.unwrap();
    let ended = working
        .event(|event| matches!(event, WorkerEvent::Ended(..)))
        .await;
    assert_eq!(ended, WorkerEvent::Ended(held.id(), JobState::Canceled));
    bench.probe.open(1);
    assert_eq!(first.result().await.unwrap(), 1);
    working.stop().await;
    assert_eq!(bench.probe.rest().await, ["done"]);
}

/// A queue with a bound of its own keeps to it, however many may be held.
#[tokio::test]
async fn of_a_bounded_queue_no_more_are_taken_than_its_bound() {
    let bench = Bench::new().await;
    for _ in 0..4 {
        Gated::enqueue()
            .queue("mail")
            .on(&bench.tasker)
            .await
            .unwrap();
        Gated::enqueue().on(&bench.tasker).await.unwrap();
    }
    let queues = vec![("mail".to_owned(), Some(1)), ("default".to_owned(), None)];
    let worker = bench.work_with(|worker| worker.concurrency(2).prefetch(4).queues(queues));
    for _ in 0..2 {
        assert_eq!(bench.probe.hear().await, "started");
    }
    let mut mail = 0;
    for job in bench.tasker.jobs().list(Default::default()).await.unwrap() {
        mail += usize::from(job.state == JobState::Running && job.queue == "mail");
    }
    assert_eq!(mail, 1);
    bench.probe.open(8);
    worker.stop().await;
    assert_eq!(bench.drain().await.failed, 0);
    assert_eq!(count(&bench.tasker, JobState::Succeeded).await, 8);
}

#[tokio::test]
async fn more_than_can_be_given_back_in_one_go_is_refused() {
    let bench = Bench::new().await;
    let refused = bench.tasker.worker().prefetch(10_001).build().unwrap_err();
    assert!(
        refused.to_string().contains("at most 10000 jobs"),
        "{refused}"
    );
}
