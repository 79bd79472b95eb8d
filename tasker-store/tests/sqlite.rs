//! What is true of the SQLite backend on real files, beside what the conformance suite asks of every backend.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a failed test may panic anywhere")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tasker_store::{
    Admin, Claim, Claimed, Enqueued, ErrorKind, Fate, Finish, JobId, JobRef, JobState, Lease,
    Migrate, NewJob, NewWorker, Outcome, Queues, Settle, Settled, SqlStore, Store, Wake, WorkerId,
};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn url(&self) -> String {
        format!(
            "sqlite://{}?mode=rwc",
            self.folder.path().join("tasker.db").display()
        )
    }

    async fn store(&self) -> SqlStore {
        let store = SqlStore::connect(&self.url()).await.unwrap();
        store.open(Migrate::Up).await.unwrap();
        store
    }

    /// A connection that is none of the store's.
    async fn raw(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(self.url());
        options.max_connections(1);
        Database::connect(options).await.unwrap()
    }
}

fn jobs(n: usize) -> Vec<NewJob> {
    (0..n)
        .map(|i| NewJob::new("send-mail", format!("{{\"n\":{i}}}")))
        .collect()
}

async fn worker(store: &SqlStore) -> WorkerId {
    let id = WorkerId::generate();
    let worker = NewWorker {
        id,
        name: "w".into(),
        named: false,
        host: "here".into(),
        pid: 1,
        process: String::new(),
        lease: Duration::from_secs(30),
        concurrency: 10,
        queues: Vec::new(),
        replaces: Vec::new(),
    };
    store.join(worker).await.unwrap();
    id
}

fn wanting(worker: WorkerId, limit: u32, finishes: Vec<Finish>) -> Settle {
    let known: Arc<[String]> = ["send-mail".to_owned()].into();
    Settle {
        started: None,
        worker,
        finishes,
        claim: Some(Claim {
            queues: Queues::All,
            limit,
            known,
            start: u32::MAX,
            held: 0,
        }),
    }
}

fn done(lease: Lease) -> Finish {
    Finish {
        lease,
        outcome: Outcome::Succeeded { output: None },
        note: None,
        follow_ups: Vec::new(),
    }
}

async fn claim(store: &SqlStore, worker: WorkerId, limit: u32) -> Vec<Claimed> {
    store
        .settle(wanting(worker, limit, Vec::new()))
        .await
        .unwrap()
        .jobs
}

/// Claims and finishes until nothing is left; the ids in the order of the claims.
async fn drain(store: &SqlStore, batch: u32) -> Vec<JobId> {
    let worker = worker(store).await;
    let mut seen = Vec::new();
    let mut finishes = Vec::new();
    loop {
        let Settled { fates, jobs, .. } = store
            .settle(wanting(worker, batch, finishes))
            .await
            .unwrap();
        assert!(
            fates
                .iter()
                .all(|fate| *fate == Fate::Applied(JobState::Succeeded))
        );
        if jobs.is_empty() {
            return seen;
        }
        seen.extend(jobs.iter().map(|job| job.id));
        finishes = jobs.iter().map(|job| done(job.lease())).collect();
    }
}

#[tokio::test]
async fn jobs_outlive_the_process_that_enqueued_them() {
    let place = Place::new();
    let store = place.store().await;
    let enqueued = store.enqueue(jobs(3)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = place.store().await;
    assert_eq!(drain(&store, 2).await.len(), 3);
    let Enqueued::New { id, .. } = enqueued[0] else {
        panic!("taken")
    };
    let job = store.job(JobRef::Id(id)).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.attempt, job.params.as_str()),
        (JobState::Succeeded, 1, "{\"n\":0}")
    );
}

#[tokio::test]
async fn a_closed_store_opens_again_when_it_is_used() {
    let place = Place::new();
    let store = place.store().await;
    store.close().await.unwrap();
    store.close().await.unwrap();
    store.enqueue(jobs(1)).await.unwrap();
    assert_eq!(store.queues().await.unwrap()[0].queued, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_handles_on_one_file_claim_disjointly() {
    let place = Place::new();
    let (a, b) = (place.store().await, place.store().await);
    a.enqueue(jobs(500)).await.unwrap();
    let (left, right) = tokio::join!(drain(&a, 7), drain(&b, 7));
    let all: HashSet<JobId> = left.iter().chain(&right).copied().collect();
    assert_eq!((left.len() + right.len(), all.len()), (500, 500));
}

/// D-52.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_handles_that_open_at_once_migrate_once() {
    let place = Place::new();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = place.url();
            tokio::spawn(async move {
                let store = SqlStore::connect(&url).await?;
                store.open(Migrate::Up).await?;
                store.enqueue(jobs(1)).await
            })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    let store = place.store().await;
    assert!(
        store
            .schema()
            .await
            .unwrap()
            .iter()
            .all(|step| step.applied)
    );
    assert_eq!(store.queues().await.unwrap()[0].queued, 8);
}

#[tokio::test]
async fn a_schema_of_another_age_is_refused_with_the_cure() {
    let place = Place::new();
    let store = SqlStore::connect(&place.url()).await.unwrap();
    let older = store.open(Migrate::Check).await.unwrap_err();
    assert_eq!(older.kind(), ErrorKind::Schema);
    assert!(older.to_string().contains("migrate"), "{older}");
    store.open(Migrate::Up).await.unwrap();
    store.open(Migrate::Check).await.unwrap();
    let raw = place.raw().await;
    raw.execute_unprepared(
        "INSERT INTO tasker_migrations (version, applied_at) VALUES ('m9999_later', 0)",
    )
    .await
    .unwrap();
    for migrate in [Migrate::Check, Migrate::Up] {
        let newer = store.open(migrate).await.unwrap_err();
        assert_eq!(newer.kind(), ErrorKind::Schema);
        assert!(
            newer.to_string().contains("newer than this program"),
            "{newer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_wait_for_another_connection_that_holds_the_lock() {
    let place = Place::new();
    let store = place.store().await;
    store.enqueue(jobs(5)).await.unwrap();
    let worker = worker(&store).await;
    let raw = place.raw().await;
    raw.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let (held, release) = tokio::sync::oneshot::channel::<()>();
    let calls = tokio::spawn({
        let store = store.clone();
        async move {
            let (enqueued, claimed, beat) = tokio::join!(
                store.enqueue(jobs(1)),
                store.settle(wanting(worker, 2, Vec::new())),
                store.beat(worker)
            );
            held.send(()).ok();
            (
                enqueued.unwrap().len(),
                claimed.unwrap().jobs.len(),
                beat.unwrap(),
            )
        }
    });
    // The lock is held for 3 s of real time, longer than a write may ever take without it.
    let early = tokio::time::timeout(Duration::from_secs(3), release).await;
    assert!(
        early.is_err(),
        "nothing is written while another holds the lock"
    );
    assert_eq!(
        store.queues().await.unwrap()[0].queued,
        5,
        "reading goes on"
    );
    raw.execute_unprepared("COMMIT").await.unwrap();
    let (enqueued, claimed, _) = calls.await.unwrap();
    assert_eq!((enqueued, claimed), (1, 2));
}

#[tokio::test]
async fn one_bad_call_of_a_batch_fails_alone() {
    let place = Place::new();
    let store = place.store().await;
    store.enqueue(jobs(1)).await.unwrap();
    let raw = place.raw().await;
    raw.execute_unprepared(
        "CREATE TRIGGER bad BEFORE INSERT ON tasker_jobs WHEN new.params = '{\"bad\":1}'
         BEGIN SELECT raise(ABORT, 'no such job is wanted'); END",
    )
    .await
    .unwrap();
    // On one thread all of them are asked before the writer gets its turn, so they share a batch.
    let calls = (0..20).map(|i| {
        let params = if i == 7 { "{\"bad\":1}" } else { "{}" };
        store.enqueue(vec![NewJob::new("send-mail", params)])
    });
    let answers = futures_util::future::join_all(calls).await;
    let failed: Vec<usize> = (0..20).filter(|&i| answers[i].is_err()).collect();
    assert_eq!(failed, [7]);
    assert_eq!(store.queues().await.unwrap()[0].queued, 20);
}

#[tokio::test]
async fn a_claim_whose_caller_went_away_is_undone() {
    let place = Place::new();
    let store = place.store().await;
    store.enqueue(jobs(3)).await.unwrap();
    let worker = worker(&store).await;
    let mut calls = Vec::new();
    for _ in 0..3 {
        let mut call = Box::pin(store.settle(wanting(worker, 1, Vec::new())));
        assert!(call.as_mut().now_or_never().is_none());
        calls.push(call);
    }
    // Let the writer take them up before their callers go.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    drop(calls);
    // What follows is written after whatever the writer does about it.
    store.enqueue(Vec::new()).await.unwrap();
    store.promote(1).await.unwrap();
    store.promote(1).await.unwrap();
    let queue = store.queues().await.unwrap().remove(0);
    assert_eq!((queue.queued, queue.running), (3, 0));
    assert_eq!(
        claim(&store, worker, 3).await[0].attempt,
        1,
        "no attempt was spent"
    );
}

#[tokio::test]
async fn a_write_of_another_handle_is_noticed_and_our_own_is_told_as_what_it_is() {
    let place = Place::new();
    let (ours, theirs) = (place.store().await, place.store().await);
    let mut wakes = ours.work_wakes();
    let until_due = async |wakes: &mut tasker_store::Wakes| {
        let mut ready = 0;
        loop {
            let wake = tokio::time::timeout(Duration::from_secs(10), wakes.next()).await;
            match wake.expect("the write is noticed") {
                Wake::Due(_) => return ready,
                wake => ready += usize::from(wake == Wake::Ready),
            }
        }
    };
    theirs.enqueue(vec![in_an_hour()]).await.unwrap();
    assert_eq!(until_due(&mut wakes).await, 0);
    assert!(wakes.are_prompt());
    ours.enqueue(jobs(1)).await.unwrap();
    theirs.enqueue(vec![in_an_hour()]).await.unwrap();
    let ready = until_due(&mut wakes).await;
    assert_eq!(ready, 2, "once by ourselves, once with what they wrote");
}

#[tokio::test]
async fn a_beat_of_another_handle_makes_nobody_look() {
    let place = Place::new();
    let (ours, theirs) = (place.store().await, place.store().await);
    let worker = worker(&theirs).await;
    let mut wakes = ours.work_wakes();
    theirs.enqueue(vec![in_an_hour()]).await.unwrap();
    let due = async |wakes: &mut tasker_store::Wakes| {
        let wake = tokio::time::timeout(Duration::from_secs(10), wakes.next()).await;
        wake.expect("the write is noticed")
    };
    while !matches!(due(&mut wakes).await, Wake::Due(_)) {}
    for _ in 0..3 {
        theirs.beat(worker).await.unwrap();
        // It changes nothing but what a look at the clock says.
        assert!(matches!(due(&mut wakes).await, Wake::Due(_)));
    }
}

fn in_an_hour() -> NewJob {
    NewJob {
        due: tasker_store::Due::In(Duration::from_secs(3600)),
        ..NewJob::new("send-mail", "{}")
    }
}

#[tokio::test]
async fn a_second_handle_works_on_a_runtime_of_its_own() {
    let place = Place::new();
    let store = place.store().await;
    let worker = worker(&store).await;
    let second = store.detach().await.unwrap();
    let beats = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move { second.beat(worker).await })
    });
    let beat = tokio::task::spawn_blocking(move || beats.join().unwrap())
        .await
        .unwrap();
    assert_eq!(
        beat.unwrap(),
        tasker_store::Beat::Alive { cancel: Vec::new() }
    );
}

#[test]
fn a_store_outlives_the_runtime_its_writer_was_on() {
    let place = Place::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let store = first.block_on(place.store());
    first.block_on(store.enqueue(jobs(1))).unwrap();
    drop(first);
    runtime().block_on(async {
        store.enqueue(jobs(1)).await.unwrap();
        assert_eq!(drain(&store, 10).await.len(), 2);
    });
}

#[tokio::test]
async fn a_store_in_memory_is_whole_behind_one_connection() {
    let store = SqlStore::connect("sqlite::memory:").await.unwrap();
    store.open(Migrate::Up).await.unwrap();
    let other = SqlStore::connect("sqlite::memory:").await.unwrap();
    other.open(Migrate::Up).await.unwrap();
    store.enqueue(jobs(10)).await.unwrap();
    let second = store.detach().await.unwrap();
    assert_eq!(second.queues().await.unwrap()[0].queued, 10);
    assert_eq!(drain(&store, 4).await.len(), 10);
    assert!(
        other.queues().await.unwrap().is_empty(),
        "two stores in memory are two"
    );
}
