//! Workers with a name of their own, and who takes whose place.

use std::sync::Arc;
use std::time::Duration;

use tasker::WorkerEvent;
use tasker_store::{
    Beat, Claim, FailureKind, Lease, NewWorker, Queues, Settle, Store, Worker, WorkerId,
};

use crate::harness::{Bench, soon};
use crate::tasks::{Echo, EchoParams, Gated};

/// A worker somewhere else, whose lease is long.
pub(crate) fn elsewhere(name: &str, named: bool) -> NewWorker {
    NewWorker {
        id: WorkerId::generate(),
        name: name.into(),
        named,
        host: "elsewhere".into(),
        pid: 1,
        process: String::new(),
        lease: Duration::from_secs(3600),
        concurrency: 1,
        queues: Vec::new(),
        replaces: Vec::new(),
    }
}

/// Puts it on the list, with a running job.
async fn at_work(bench: &Bench, worker: NewWorker) -> Lease {
    let id = worker.id;
    bench.store.join(worker).await.unwrap();
    let claim = Claim {
        queues: Queues::All,
        limit: 1,
        known: Arc::from(["gated".to_owned()]),
        start: u32::MAX,
        held: 0,
    };
    let settle = Settle {
        started: None,
        worker: id,
        finishes: Vec::new(),
        claim: Some(claim),
    };
    bench.store.settle(settle).await.unwrap().jobs[0].lease()
}

async fn only_worker(bench: &Bench) -> Worker {
    let mut workers = bench.tasker.workers().await.unwrap();
    assert_eq!(workers.len(), 1, "{workers:?}");
    workers.remove(0)
}

/// X-A11: on another machine the name is all there is to go by.
#[tokio::test]
async fn a_worker_that_starts_under_a_name_has_the_jobs_that_name_left_at_once() {
    let bench = Bench::new().await;
    let job = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let before = elsewhere("mail", true);
    at_work(&bench, before.clone()).await;
    let working = bench.work_with(|worker| worker.name("mail"));
    assert_eq!(bench.probe.hear().await, "started");
    bench.probe.open(1);
    let row = soon(job.wait()).await.unwrap();
    assert_eq!(row.attempt, 2);
    let attempts = bench.tasker.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].kind, attempts[0].worker),
        (FailureKind::WorkerLost, Some(before.id))
    );
    let now = only_worker(&bench).await;
    assert_eq!((now.name.as_str(), now.named), ("mail", true));
    // What is not dead after all, but was cut off, learns of it.
    let beat = bench.store.beat(before.id).await.unwrap();
    assert_eq!(beat, Beat::Lost);
    working.stop().await;
}

/// X-A11: of a machine that cannot be seen nobody is taken for dead by a name that nobody chose.
#[tokio::test]
async fn a_name_that_was_not_chosen_replaces_nobody() {
    let bench = Bench::new().await;
    let job = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let other = elsewhere("mail", false);
    let lease = at_work(&bench, other.clone()).await;
    let working = bench.work_with(|worker| worker.name("mail"));
    let echo = Echo::enqueue(EchoParams::new()).on(&bench.tasker);
    assert_eq!(echo.await.unwrap().result().await.unwrap(), "hi");
    working.stop().await;
    let row = job.job().await.unwrap();
    assert_eq!((row.worker, row.token), (Some(other.id), lease.token));
    assert!(matches!(
        bench.store.beat(other.id).await.unwrap(),
        Beat::Alive { .. }
    ));
}

/// X-A11: a duel over a name would have no end.
#[tokio::test]
async fn a_worker_whose_name_was_taken_goes_on_without_it() {
    let bench = Bench::new().await;
    let mut first = bench.work_with(|worker| worker.name("mail").lease(Duration::from_secs(1)));
    let joined = first
        .event(|event| matches!(event, WorkerEvent::Joined(_)))
        .await;
    let was = only_worker(&bench).await;
    assert_eq!(joined, WorkerEvent::Joined(was.id));
    let second = NewWorker {
        replaces: vec![was.id],
        ..elsewhere("mail", true)
    };
    bench.store.join(second.clone()).await.unwrap();
    first
        .event(|event| matches!(event, WorkerEvent::Joined(_)))
        .await;
    let workers = bench.tasker.workers().await.unwrap();
    let named: Vec<_> = workers.iter().filter(|worker| worker.named).collect();
    assert_eq!((workers.len(), named.len()), (2, 1), "{workers:?}");
    assert_eq!(named[0].id, second.id);
    let echo = Echo::enqueue(EchoParams::new()).on(&bench.tasker);
    assert_eq!(echo.await.unwrap().result().await.unwrap(), "hi");
    first.stop().await;
}

#[tokio::test]
async fn a_name_that_cannot_be_printed_is_refused() {
    let bench = Bench::new().await;
    let refused = bench.tasker.worker().name("a\nb").build().unwrap_err();
    assert!(
        refused.to_string().contains("1 to 128 printable"),
        "{refused}"
    );
}
