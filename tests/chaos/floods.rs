//! Very many jobs that want something at the same moment.
//!
//! A sweep takes them in bounded batches, each a short transaction of its own, and claims go on in between. With
//! `TASKER_TEST_FLOOD=1000000` in the environment the flood is as high as the cases say; what it took is told on stdout.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tasker_store::{
    Admin, Claim, Finish, JobId, Keep, Lease, Migrate, NewJob, NewWorker, Outcome, Queues,
    Retention, Settle, SqlStore, Store, Sweep, WorkerId,
};

use crate::place::{On, Place};
use crate::{Trials, trials};

/// How many rows a sweep of the maintenance takes at a time.
const BATCH: u32 = 500;
/// What no statement may take, whatever stands in the store.
const SLOW: Duration = Duration::from_secs(5);

pub(crate) fn trials(on: On) -> Trials {
    trials!(
        on,
        [
            jobs_due_at_the_same_moment_become_ready_in_batches_while_others_are_claimed,
            jobs_past_their_retention_go_in_batches_while_others_are_claimed
        ]
    )
}

/// X-F1.
async fn jobs_due_at_the_same_moment_become_ready_in_batches_while_others_are_claimed(on: On) {
    let flood = Flood::of(on, Duration::from_secs(3600)).await;
    flood
        .place
        .sql("update tasker_jobs set due_at = 1700000000000000")
        .await;
    let claiming = flood.claims();
    let sweeps = flood.sweep(async |store| store.promote(BATCH).await).await;
    claiming.stop.store(true, Ordering::Relaxed);
    let claims = claiming.done.await.expect("claims do not panic");
    assert_eq!(sweeps.jobs, flood.jobs);
    let unique: HashSet<JobId> = claims.jobs.iter().map(|lease| lease.job).collect();
    assert_eq!(unique.len(), claims.jobs.len(), "each is claimed once");
    assert_eq!(claims.jobs.len() + flood.ready().await, flood.jobs);
    flood.tell("promote", &sweeps, &claims);
}

/// X-F8.
async fn jobs_past_their_retention_go_in_batches_while_others_are_claimed(on: On) {
    let flood = Flood::of(on, Duration::from_secs(3600)).await;
    let end = "update tasker_jobs set state = 'succeeded', finished_at = due_at, prune_at = 1700000000000000";
    flood.place.sql(end).await;
    let others = (0..2 * BATCH).map(|_| job(Duration::ZERO)).collect();
    flood.store.enqueue(others).await.expect("enqueue");
    let claiming = flood.claims();
    let sweeps = flood.sweep(async |store| store.prune(BATCH).await).await;
    claiming.stop.store(true, Ordering::Relaxed);
    let claims = claiming.done.await.expect("claims do not panic");
    assert_eq!(sweeps.jobs, flood.jobs);
    assert_eq!(claims.jobs.len() + flood.ready().await, 2 * BATCH as usize);
    flood.tell("prune", &sweeps, &claims);
}

struct Flood {
    place: Place,
    store: SqlStore,
    jobs: usize,
}

/// What a kind of call took.
struct Took {
    jobs: usize,
    each: Vec<Duration>,
}

struct Claims {
    jobs: Vec<Lease>,
    each: Vec<Duration>,
}

struct Claiming {
    stop: Arc<AtomicBool>,
    done: tokio::task::JoinHandle<Claims>,
}

/// How many jobs a flood has: `usual`, unless the environment says otherwise.
pub(crate) fn height(usual: usize) -> usize {
    let height = std::env::var("TASKER_TEST_FLOOD").ok();
    let height = height.map(|text| text.parse().expect("TASKER_TEST_FLOOD is a number"));
    height.unwrap_or(usual)
}

pub(crate) fn job(due_in: Duration) -> NewJob {
    NewJob {
        due: tasker_store::Due::In(due_in),
        retention: Retention {
            succeeded: Keep::Forever,
            unsuccessful: Keep::Forever,
        },
        ..NewJob::new(
            "flood",
            r#"{"text":"a hundred bytes or so of what somebody wants done"}"#,
        )
    }
}

impl Flood {
    /// A store with many jobs due in so long.
    async fn of(on: On, due_in: Duration) -> Self {
        let jobs = height(6_000);
        let place = Place::new(on).await;
        let store = SqlStore::connect(place.url()).await.expect("it is there");
        store.open(Migrate::Check).await.expect("it is made");
        let mut left = jobs;
        while left > 0 {
            let some = left.min(1_000);
            let new = (0..some).map(|_| job(due_in)).collect();
            store.enqueue(new).await.expect("enqueue");
            left -= some;
        }
        Self { place, store, jobs }
    }

    /// Sweeps until nothing is left.
    async fn sweep(&self, sweep: impl AsyncFn(&SqlStore) -> tasker_store::Result<Sweep>) -> Took {
        let mut took = Took {
            jobs: 0,
            each: Vec::new(),
        };
        loop {
            let begun = Instant::now();
            let swept = sweep(&self.store).await.expect("a sweep is done");
            took.each.push(begun.elapsed());
            let done = usize::try_from(swept.done).expect("few");
            assert!(done <= BATCH as usize, "{done} at once");
            took.jobs += done;
            if !swept.more {
                break;
            }
        }
        // No batch was cut into smaller ones, as many would be if each found others in its way.
        assert!(
            took.each.len() <= self.jobs.div_ceil(BATCH as usize) + 2,
            "{} sweeps",
            took.each.len()
        );
        took
    }

    /// How many jobs are ready.
    async fn ready(&self) -> usize {
        let queues = self.store.queues().await.expect("the store answers");
        let ready: u64 = queues.iter().map(|queue| queue.queued).sum();
        usize::try_from(ready).expect("few")
    }

    /// Claims and ends jobs, as a busy worker does, until told to stop.
    fn claims(&self) -> Claiming {
        let stop = Arc::new(AtomicBool::new(false));
        let (store, told) = (self.store.clone(), Arc::clone(&stop));
        let done = tokio::spawn(async move {
            let worker = WorkerId::generate();
            store.join(announcement(worker)).await.expect("join");
            let mut claims = Claims {
                jobs: Vec::new(),
                each: Vec::new(),
            };
            let mut held: Vec<Lease> = Vec::new();
            loop {
                let mut next = settle(worker, &held);
                if told.load(Ordering::Relaxed) {
                    next.claim = None;
                    store.settle(next).await.expect("settle");
                    return claims;
                }
                let begun = Instant::now();
                let settled = store.settle(next).await.expect("settle");
                claims.each.push(begun.elapsed());
                held = settled.jobs.iter().map(|job| job.lease()).collect();
                claims.jobs.extend(&held);
            }
        });
        Claiming { stop, done }
    }

    fn tell(&self, what: &str, sweeps: &Took, claims: &Claims) {
        let most = sweeps.each.iter().max().copied().unwrap_or_default();
        let whole: Duration = sweeps.each.iter().sum();
        let mut each = claims.each.clone();
        each.sort_unstable();
        let (p99, worst) = (each[each.len() * 99 / 100], each[each.len() - 1]);
        println!(
            "{} {what}: {} jobs in {} sweeps, {whole:?}, the longest {most:?}; {} claims of {} jobs, p50 {:?} p99 {p99:?}, the longest {worst:?}",
            self.place.on.name(),
            sweeps.jobs,
            sweeps.each.len(),
            each.len(),
            claims.jobs.len(),
            each[each.len() / 2],
        );
        assert!(
            most < SLOW && worst < SLOW,
            "a sweep {most:?}, a claim {worst:?}"
        );
    }
}

pub(crate) fn settle(worker: WorkerId, held: &[Lease]) -> Settle {
    let finish = |lease: &Lease| Finish {
        lease: *lease,
        outcome: Outcome::Succeeded { output: None },
        note: None,
        follow_ups: Vec::new(),
    };
    Settle {
        started: None,
        worker,
        finishes: held.iter().map(finish).collect(),
        claim: Some(Claim {
            queues: Queues::All,
            limit: 100,
            known: Arc::from(["flood".to_owned()]),
            start: u32::MAX,
            held: 0,
        }),
    }
}

pub(crate) fn announcement(id: WorkerId) -> NewWorker {
    NewWorker {
        id,
        name: "flood".into(),
        named: false,
        host: "here".into(),
        pid: 1,
        process: String::new(),
        lease: Duration::from_secs(3600),
        concurrency: 100,
        queues: Vec::new(),
        replaces: Vec::new(),
    }
}
