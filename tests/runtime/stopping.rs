//! Stops, cancels, and jobs whose worker goes away under them.

use std::time::Duration;

use tasker::{Changed, JobState, WorkerEvent};
use tasker_store::{Settle, Store};

use crate::harness::{Bench, soon};
use crate::names::elsewhere;
use crate::tasks::{Deaf, Echo, EchoParams, Gated};

/// D-15, Q-16: what runs may end in peace.
#[tokio::test]
async fn a_stop_waits_for_what_runs_and_claims_no_more() {
    let bench = Bench::new().await;
    let running = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let waiting = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let working = bench.work_with(|worker| worker.concurrency(1));
    assert_eq!(bench.probe.hear().await, "started");
    working.stopper.stop();
    bench.probe.open(2);
    let summary = working.ended().await;
    assert_eq!((summary.succeeded, summary.forced), (1, false));
    assert_eq!(running.job().await.unwrap().state, JobState::Succeeded);
    assert_eq!(waiting.job().await.unwrap().state, JobState::Queued);
    assert!(bench.tasker.workers().await.unwrap().is_empty());
}

/// X-B1, Q-17: after the grace time the token fires; a handler that gives in is given back, not failed.
#[tokio::test]
async fn a_handler_cut_short_by_a_stop_is_neither_succeeded_nor_failed() {
    let bench = Bench::new().await;
    let job = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let working = bench.work_with(|worker| worker.grace(Duration::ZERO));
    assert_eq!(bench.probe.hear().await, "started");
    let summary = working.stop().await;
    assert_eq!(bench.probe.hear().await, "told to end");
    assert_eq!(
        (summary.released, summary.failed, summary.retried),
        (1, 0, 0)
    );
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
    assert!(
        bench
            .tasker
            .jobs()
            .attempts(job.id())
            .await
            .unwrap()
            .is_empty()
    );
}

/// X-B2, X-B3: the second signal, and a handler that ignores its token.
#[tokio::test]
async fn a_stop_at_once_gives_jobs_back_whatever_their_handlers_do() {
    let bench = Bench::new().await;
    let job = Deaf::enqueue().on(&bench.tasker).await.unwrap();
    let working = bench.work();
    assert_eq!(bench.probe.hear().await, "started");
    working.stopper.stop();
    working.stopper.stop_now();
    let summary = tokio::time::timeout(Duration::from_secs(2), working.ended()).await;
    let summary = summary.expect("a stop at once takes about a second at the most");
    assert_eq!((summary.released, summary.forced), (1, true));
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
    bench.probe.open(2);
    assert_eq!(bench.drain().await.succeeded, 1);
}

/// D-16, D-17.
#[tokio::test]
async fn an_idle_worker_stops_promptly_and_another_may_start() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let mut working = bench.work();
        working.event(|event| event == WorkerEvent::Idle).await;
        assert_eq!(bench.tasker.workers().await.unwrap().len(), 1);
        let stopped = tokio::time::timeout(Duration::from_secs(2), working.stop()).await;
        stopped.expect("nothing holds it up");
        assert!(bench.tasker.workers().await.unwrap().is_empty());
    }
}

/// X-E8.
#[tokio::test]
async fn a_ready_job_that_is_canceled_never_starts() {
    let bench = Bench::new().await;
    let job = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    assert_eq!(
        job.cancel().await.unwrap(),
        Changed::Now(JobState::Canceled)
    );
    assert_eq!(
        job.cancel().await.unwrap(),
        Changed::Not(JobState::Canceled)
    );
    assert_eq!(bench.drain().await.succeeded, 0);
    assert!(bench.probe.rest().await.is_empty());
}

/// X-E8: one that gives in, and one that returns Ok all the same (whose output is kept).
#[tokio::test]
async fn a_running_job_that_is_canceled_ends_canceled() {
    let bench = Bench::new().await;
    let meek = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let deaf = Deaf::enqueue().on(&bench.tasker).await.unwrap();
    let working = bench.work_with(|worker| worker.lease(Duration::from_secs(3)));
    assert_eq!(bench.probe.hear().await, "started");
    assert_eq!(bench.probe.hear().await, "started");
    assert_eq!(meek.cancel().await.unwrap(), Changed::Requested);
    assert_eq!(deaf.cancel().await.unwrap(), Changed::Requested);
    assert_eq!(bench.probe.hear().await, "told to end");
    bench.probe.open(1);
    assert_eq!(soon(meek.wait()).await.unwrap().state, JobState::Canceled);
    let row = soon(deaf.wait()).await.unwrap();
    assert_eq!(row.state, JobState::Canceled);
    assert_eq!(row.output.as_deref(), Some(r#""done all the same""#));
    assert_eq!(working.stop().await.canceled, 2);
}

/// X-A4, X-A5: taken for dead, the worker learns of it, tells its handlers, and joins anew.
#[tokio::test]
async fn a_worker_taken_for_dead_changes_nothing_and_joins_anew() {
    let (bench, clock) = Bench::at("2025-06-01T12:00:00Z").await;
    let job = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let mut frozen = bench.work_with(|worker| worker.lease(Duration::from_secs(3)));
    assert_eq!(bench.probe.hear().await, "started");
    // The store's clock passes the lease, and another process takes the job and ends it.
    clock.advance(Duration::from_secs(60));
    bench.store.rescue(10).await.unwrap();
    let other = take_and_finish(&bench).await;
    assert_eq!(bench.probe.hear().await, "told to end");
    let lost = frozen
        .event(|event| matches!(event, WorkerEvent::LostLease(_)))
        .await;
    assert_eq!(lost, WorkerEvent::LostLease(job.id()));
    let row = job.job().await.unwrap();
    assert_eq!(
        (row.state, row.output.as_deref()),
        (JobState::Succeeded, Some("7"))
    );
    assert_eq!((row.attempt, row.token), (2, other));
    let attempts = bench.tasker.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].kind, tasker_store::FailureKind::WorkerLost);
    // Back under a new id, it works on.
    let after = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    assert_eq!(after.result().await.unwrap(), "hi");
    frozen.stop().await;
}

/// Claims the one job that is ready and ends it well; gives the token it had.
async fn take_and_finish(bench: &Bench) -> i64 {
    use tasker_store::{Claim, Finish, Outcome, Queues};
    let announcement = elsewhere("other", false);
    let worker = announcement.id;
    bench.store.join(announcement).await.unwrap();
    let claim = Claim {
        queues: Queues::All,
        limit: 1,
        known: std::sync::Arc::from(["gated".to_owned()]),
        start: u32::MAX,
        held: 0,
    };
    let ask = |finishes, claim| Settle {
        started: None,
        worker,
        finishes,
        claim,
    };
    let claimed = bench
        .store
        .settle(ask(Vec::new(), Some(claim)))
        .await
        .unwrap()
        .jobs;
    let lease = claimed[0].lease();
    let finish = Finish {
        lease,
        outcome: Outcome::Succeeded {
            output: Some("7".into()),
        },
        note: None,
        follow_ups: Vec::new(),
    };
    bench.store.settle(ask(vec![finish], None)).await.unwrap();
    lease.token
}
