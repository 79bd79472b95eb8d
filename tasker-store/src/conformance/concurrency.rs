//! Many at once: nothing is done twice, nothing is lost.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::Case;
use super::bench::{Bench, LEASE, claim, finish, job, succeeded};
use crate::admin::Changed;
use crate::job::{Enqueued, JobId, NewJob};
use crate::lease::WorkerId;
use crate::settle::{Fate, Finish, Settle};
use crate::state::JobState;
use crate::store::Store;

const RACERS: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "concurrency",
        &[],
        [
            no_job_is_claimed_twice,
            every_enqueue_is_taken_once,
            racing_enqueues_of_one_id_make_one_job,
            racing_finishes_of_one_lease_apply_one,
            racing_rescuers_rescue_each_orphan_once,
            a_finish_and_a_rescue_do_not_both_win,
            a_finish_and_a_cancel_end_the_job_once,
        ]
    )
}

/// Runs one task per racer, all let off together, and gives their answers.
async fn race<T, F>(b: &Bench, task: impl Fn(usize, Arc<dyn Store>) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(RACERS));
    let racers: Vec<JoinHandle<T>> = (0..RACERS)
        .map(|racer| {
            let (gate, run) = (Arc::clone(&gate), task(racer, Arc::clone(&b.store)));
            tokio::spawn(async move {
                gate.wait().await;
                run.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.expect("no racer panics"));
    }
    answers
}

async fn no_job_is_claimed_twice(b: Bench) {
    const JOBS: usize = 1_000;
    b.add_all((0..JOBS).map(|_| job("hello")).collect()).await;
    let mut workers = Vec::new();
    for _ in 0..RACERS {
        workers.push(b.worker().await);
    }
    let runs = race(&b, |racer, store| work(store, workers[racer])).await;
    let runs: Vec<JobId> = runs.concat();
    let distinct: HashSet<&JobId> = runs.iter().collect();
    assert_eq!((runs.len(), distinct.len()), (JOBS, JOBS));
    for id in runs {
        let job = b.job(id).await;
        assert_eq!((job.state, job.attempt), (JobState::Succeeded, 1));
    }
}

/// Works until nothing is ready, seven jobs at a time.
async fn work(store: Arc<dyn Store>, worker: WorkerId) -> Vec<JobId> {
    let mut done = Vec::new();
    let mut finishes: Vec<Finish> = Vec::new();
    loop {
        let count = finishes.len();
        let settle = Settle {
            started: None,
            worker,
            finishes,
            claim: Some(claim(7)),
        };
        let settled = store.settle(settle).await.expect("settle");
        let applied = vec![Fate::Applied(JobState::Succeeded); count];
        assert_eq!(settled.fates, applied, "nobody else has these");
        if settled.jobs.is_empty() {
            return done;
        }
        done.extend(settled.jobs.iter().map(|job| job.id));
        let ended = settled.jobs.iter().map(|job| finish(job, succeeded()));
        finishes = ended.collect();
    }
}

fn number(answer: &Enqueued) -> i64 {
    match answer {
        Enqueued::New { number, .. } => *number,
        refused => panic!("the job was not taken: {refused:?}"),
    }
}

async fn every_enqueue_is_taken_once(b: Bench) {
    let answers = race(&b, |_, store| async move {
        let mut numbers = Vec::new();
        for _ in 0..20 {
            let jobs = vec![job("hello"), job("mail")];
            let answers = store.enqueue(jobs).await.expect("enqueue");
            numbers.extend(answers.iter().map(number));
        }
        numbers
    });
    let numbers: Vec<i64> = answers.await.concat();
    let distinct: HashSet<&i64> = numbers.iter().collect();
    assert_eq!((numbers.len(), distinct.len()), (RACERS * 40, RACERS * 40));
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 1_000).await.len(), RACERS * 40);
}

async fn racing_enqueues_of_one_id_make_one_job(b: Bench) {
    let new = job("hello");
    let numbers = race(&b, |_, store| {
        let jobs = vec![new.clone()];
        async move { number(&store.enqueue(jobs).await.expect("enqueue")[0]) }
    });
    let numbers: HashSet<i64> = numbers.await.into_iter().collect();
    assert_eq!(numbers.len(), 1, "all get the same answer");
    let worker = b.worker().await;
    b.take(worker).await;
}

async fn racing_finishes_of_one_lease_apply_one(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let follow_up = || Finish {
        follow_ups: vec![job("mail")],
        ..finish(&claimed, succeeded())
    };
    let fates = race(&b, |_, store| {
        let settle = Settle {
            started: None,
            worker,
            finishes: vec![follow_up()],
            claim: None,
        };
        async move { store.settle(settle).await.expect("settle").fates[0] }
    });
    let fates = fates.await;
    let stale = fates.iter().filter(|fate| **fate == Fate::Stale).count();
    assert_eq!(stale, RACERS - 1, "one is applied: {fates:?}");
    assert_eq!(b.claim(worker, 99).await.len(), 1, "one follow-up");
}

async fn racing_rescuers_rescue_each_orphan_once(b: Bench) {
    const ORPHANS: u64 = 100;
    b.add_all((0..ORPHANS).map(|_| job("hello")).collect())
        .await;
    let dead = b.worker().await;
    let jobs = b.claim(dead, 200).await;
    b.advance(LEASE + 1);
    let done = race(&b, |_, store| async move {
        let mut done = 0;
        loop {
            let sweep = store.rescue(9).await.expect("rescue");
            done += sweep.done;
            if !sweep.more {
                return done;
            }
        }
    });
    let mut done: u64 = done.await.into_iter().sum();
    // A rescuer may pass over rows that another has in hand, so a last sweep may find some.
    done += b.store.rescue(ORPHANS as u32).await.expect("rescue").done;
    assert_eq!(done, ORPHANS);
    for claimed in jobs {
        let job = b.job(claimed.id).await;
        assert_eq!((job.state, job.attempt), (JobState::Queued, 1));
        assert_eq!(b.failures(job.id).await.len(), 1, "rescued once");
    }
}

async fn a_finish_and_a_rescue_do_not_both_win(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(LEASE + 1);
    let answers = race(&b, |racer, store| {
        let settle = Settle {
            started: None,
            worker,
            finishes: vec![finish(&claimed, succeeded())],
            claim: None,
        };
        async move {
            if racer % 2 == 0 {
                store.rescue(9).await.expect("rescue").done == 1
            } else {
                let settled = store.settle(settle).await.expect("settle");
                settled.fates[0] != Fate::Stale
            }
        }
    });
    let won: Vec<bool> = answers.await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let is_finished = won.iter().skip(1).step_by(2).any(|won| *won);
    let expected = match is_finished {
        true => (JobState::Succeeded, 0),
        false => (JobState::Queued, 1),
    };
    let failures = b.failures(claimed.id).await.len();
    assert_eq!((b.state(claimed.id).await, failures), expected);
}

async fn a_finish_and_a_cancel_end_the_job_once(b: Bench) {
    let new = NewJob {
        max_attempts: Some(1),
        ..job("hello")
    };
    let (worker, claimed) = b.running(new).await;
    let answers = race(&b, |racer, store| {
        let settle = Settle {
            started: None,
            worker,
            finishes: vec![finish(&claimed, succeeded())],
            claim: None,
        };
        let id = claimed.id;
        async move {
            if racer == 0 {
                let settled = store.settle(settle).await.expect("settle");
                return Err(settled.fates[0]);
            }
            Ok(store.cancel(id).await.expect("cancel"))
        }
    });
    let answers = answers.await;
    let was_asked = answers.contains(&Ok(Changed::Requested));
    let ended = match was_asked {
        true => JobState::Canceled,
        false => JobState::Succeeded,
    };
    assert!(answers.contains(&Err(Fate::Applied(ended))), "{answers:?}");
    assert_eq!(b.state(claimed.id).await, ended, "the finish decides");
}
