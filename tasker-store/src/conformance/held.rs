//! Jobs that are claimed ahead of time and held: they have not been started, until the worker says so.

use super::Case;
use super::bench::{Bench, LEASE, claim, claim_from, finish, job, succeeded};
use crate::job::NewJob;
use crate::lease::WorkerId;
use crate::settle::{Claim, Claimed, Fate, Outcome, Settle, Settled};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "held",
        &[],
        [
            the_first_ones_start_and_the_others_are_held_under_numbers,
            a_claim_from_some_queues_holds_in_the_same_order,
            what_was_held_comes_back_from_the_dead_with_its_attempt,
            what_was_started_does_not,
            what_was_held_may_come_back_for_ever,
            one_that_must_not_start_twice_was_not_started_by_being_held,
            a_held_job_whose_cancel_was_asked_for_is_canceled,
            a_worker_that_leaves_gives_back_what_it_held,
            a_worker_that_is_replaced_gives_back_what_it_held,
            a_start_rides_with_any_outcome,
            a_lower_number_takes_nothing_back,
            a_worker_off_the_list_starts_nothing,
            unheard_jobs_say_under_which_number_they_are_held,
            a_job_claimed_again_is_held_no_more,
        ]
    )
}

/// Claims three jobs, of which one starts at once.
fn holding() -> Claim {
    Claim {
        start: 1,
        held: 10,
        ..claim(3)
    }
}

async fn start(b: &Bench, worker: WorkerId, held: i64, claim: Option<Claim>) -> Settled {
    let settle = Settle {
        worker,
        finishes: Vec::new(),
        started: Some(held),
        claim,
    };
    b.store.settle(settle).await.expect("settle")
}

/// A worker that has claimed three of these jobs and holds the second and third as 12 and 13.
async fn held(b: &Bench, job: NewJob) -> (WorkerId, Vec<Claimed>) {
    for _ in 0..3 {
        let id = crate::job::JobId::generate();
        b.add(NewJob { id, ..job.clone() }).await;
    }
    let worker = b.worker().await;
    let jobs = b.claim_as(worker, holding()).await;
    assert_eq!(numbers(&jobs), [None, Some(12), Some(13)]);
    (worker, jobs)
}

fn numbers(jobs: &[Claimed]) -> Vec<Option<i64>> {
    jobs.iter().map(|job| job.held).collect()
}

/// The state and the attempts of each.
async fn standing(b: &Bench, jobs: &[Claimed]) -> Vec<(JobState, u32)> {
    let mut standing = Vec::new();
    for job in jobs {
        let job = b.job(job.id).await;
        standing.push((job.state, job.attempt));
    }
    standing
}

async fn die(b: &Bench) -> u64 {
    b.advance(LEASE + 1);
    let sweep = b.store.rescue(100).await.expect("rescue");
    assert!(!sweep.more);
    sweep.done
}

async fn the_first_ones_start_and_the_others_are_held_under_numbers(b: Bench) {
    let (_, jobs) = held(&b, job("hello")).await;
    assert_eq!(
        standing(&b, &jobs).await,
        [(JobState::Running, 1); 3],
        "a claim spends the attempt"
    );
}

async fn a_claim_from_some_queues_holds_in_the_same_order(b: Bench) {
    for (queue, priority) in [("mail", 1), ("mail", 5), ("default", 3), ("other", 9)] {
        b.add(NewJob {
            queue: queue.into(),
            priority,
            ..job("hello")
        })
        .await;
    }
    let worker = b.worker().await;
    let some = Claim {
        start: 1,
        held: 0,
        ..claim_from(&[("mail", 2), ("default", 2)], 3)
    };
    let jobs = b.claim_as(worker, some).await;
    let order: Vec<(i16, Option<i64>)> = jobs.iter().map(|job| (job.priority, job.held)).collect();
    assert_eq!(order, [(5, None), (3, Some(2)), (1, Some(3))]);
}

async fn what_was_held_comes_back_from_the_dead_with_its_attempt(b: Bench) {
    let (_, jobs) = held(&b, job("hello")).await;
    assert_eq!(die(&b).await, 3);
    let queued = JobState::Queued;
    assert_eq!(
        standing(&b, &jobs).await,
        [(queued, 1), (queued, 0), (queued, 0)]
    );
    assert_eq!(b.failures(jobs[0].id).await.len(), 1);
    assert_eq!(b.failures(jobs[1].id).await, []);
    assert_eq!(b.job(jobs[1].id).await.error, None);
    let other = b.worker().await;
    let again = b.claim(other, 10).await;
    assert_eq!(
        again.iter().map(|job| job.id).collect::<Vec<_>>(),
        jobs.iter().map(|job| job.id).collect::<Vec<_>>(),
        "they keep their places"
    );
    assert!(
        again
            .iter()
            .zip(&jobs)
            .all(|(new, old)| new.token > old.token)
    );
    let fate = b.end(other, &jobs[1], succeeded()).await;
    assert_eq!(fate, Fate::Stale, "the lease they were held under is over");
}

async fn what_was_started_does_not(b: Bench) {
    let (worker, jobs) = held(&b, job("hello")).await;
    assert!(start(&b, worker, 12, None).await.started);
    die(&b).await;
    let queued = JobState::Queued;
    assert_eq!(
        standing(&b, &jobs).await,
        [(queued, 1), (queued, 1), (queued, 0)]
    );
}

async fn what_was_held_may_come_back_for_ever(b: Bench) {
    let once = NewJob {
        max_attempts: Some(1),
        ..job("hello")
    };
    let id = b.add(once).await;
    for _ in 0..3 {
        let worker = b.worker().await;
        let none = Claim {
            start: 0,
            ..holding()
        };
        assert_eq!(numbers(&b.claim_as(worker, none).await), [Some(11)]);
        die(&b).await;
        assert_eq!(b.state(id).await, JobState::Queued);
    }
}

async fn one_that_must_not_start_twice_was_not_started_by_being_held(b: Bench) {
    let once = NewJob {
        at_most_once: true,
        ..job("hello")
    };
    let (_, jobs) = held(&b, once).await;
    die(&b).await;
    let (failed, queued) = (JobState::Failed, JobState::Queued);
    assert_eq!(
        standing(&b, &jobs).await,
        [(failed, 1), (queued, 0), (queued, 0)]
    );
}

async fn a_held_job_whose_cancel_was_asked_for_is_canceled(b: Bench) {
    let (_, jobs) = held(&b, job("hello")).await;
    b.store.cancel(jobs[2].id).await.expect("cancel");
    die(&b).await;
    assert_eq!(b.state(jobs[1].id).await, JobState::Queued);
    assert_eq!(b.state(jobs[2].id).await, JobState::Canceled);
}

async fn a_worker_that_leaves_gives_back_what_it_held(b: Bench) {
    let once = NewJob {
        at_most_once: true,
        ..job("hello")
    };
    let (worker, jobs) = held(&b, once).await;
    assert!(start(&b, worker, 12, None).await.started);
    b.store.leave(worker).await.expect("leave");
    let (failed, queued) = (JobState::Failed, JobState::Queued);
    assert_eq!(
        standing(&b, &jobs).await,
        [(failed, 1), (failed, 1), (queued, 0)]
    );
}

async fn a_worker_that_is_replaced_gives_back_what_it_held(b: Bench) {
    let (worker, jobs) = held(&b, job("hello")).await;
    assert!(start(&b, worker, 12, None).await.started);
    let next = crate::lease::NewWorker {
        replaces: vec![worker],
        ..super::bench::new_worker(WorkerId::generate())
    };
    b.store.join(next).await.expect("join");
    assert_eq!(b.state(jobs[2].id).await, JobState::Queued);
    b.store.rescue(100).await.expect("rescue");
    let queued = JobState::Queued;
    assert_eq!(
        standing(&b, &jobs).await,
        [(queued, 1), (queued, 1), (queued, 0)]
    );
}

async fn a_start_rides_with_any_outcome(b: Bench) {
    let snoozed = Outcome::Snoozed {
        due: crate::clock::Due::In(super::bench::secs(60)),
    };
    for outcome in [succeeded(), snoozed] {
        for with_claim in [false, true] {
            let (worker, jobs) = held(&b, job("hello")).await;
            let settle = Settle {
                worker,
                finishes: vec![finish(&jobs[0], outcome.clone())],
                started: Some(12),
                claim: with_claim.then(|| claim(1)),
            };
            let settled = b.store.settle(settle).await.expect("settle");
            assert!(settled.started && settled.jobs.is_empty());
            assert!(matches!(settled.fates[..], [Fate::Applied(_)]));
            die(&b).await;
            let queued = JobState::Queued;
            assert_eq!(standing(&b, &jobs[1..]).await, [(queued, 1), (queued, 0)]);
            for job in &jobs[1..] {
                b.store.cancel(job.id).await.expect("cancel");
            }
        }
    }
}

async fn a_lower_number_takes_nothing_back(b: Bench) {
    let (worker, jobs) = held(&b, job("hello")).await;
    assert!(start(&b, worker, 13, None).await.started);
    assert!(
        start(&b, worker, 13, Some(claim(1))).await.started,
        "said twice, true twice"
    );
    assert!(start(&b, worker, 11, None).await.started);
    die(&b).await;
    assert_eq!(standing(&b, &jobs).await, [(JobState::Queued, 1); 3]);
}

async fn a_worker_off_the_list_starts_nothing(b: Bench) {
    let (worker, _) = held(&b, job("hello")).await;
    die(&b).await;
    for claim in [None, Some(claim(1))] {
        assert!(!start(&b, worker, 12, claim).await.started);
    }
    let unsaid = b.settle(worker, Vec::new(), Some(claim(1))).await;
    assert!(!unsaid.started, "nothing was said of any");
}

async fn unheard_jobs_say_under_which_number_they_are_held(b: Bench) {
    let (worker, jobs) = held(&b, job("hello")).await;
    let unheard = b.store.unheard(worker, vec![jobs[1].lease()]).await;
    assert_eq!(numbers(&unheard.expect("unheard")), [None, Some(13)]);
}

async fn a_job_claimed_again_is_held_no_more(b: Bench) {
    let (_, jobs) = held(&b, job("hello")).await;
    die(&b).await;
    let worker = b.worker().await;
    assert_eq!(numbers(&b.claim(worker, 3).await), [None; 3]);
    die(&b).await;
    let attempts: Vec<u32> = (standing(&b, &jobs).await.into_iter())
        .map(|(_, attempt)| attempt)
        .collect();
    assert_eq!(attempts, [2, 1, 1]);
}
