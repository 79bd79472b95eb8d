//! Jobs of workers that died are taken back.

use super::Case;
use super::bench::{Bench, LEASE, at, claim_knowing, ids, job, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use crate::attempt::FailureKind;
use crate::job::NewJob;
use crate::settle::{Claimed, Fate};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "rescue",
        &[],
        [
            a_job_is_safe_while_its_worker_beats,
            an_orphan_is_ready_again_with_its_attempt_spent,
            an_orphan_of_the_last_attempt_fails,
            an_orphan_that_must_not_start_twice_fails,
            an_orphan_whose_cancel_was_asked_for_is_canceled,
            more_orphans_than_the_limit_are_all_rescued_by_repeating,
            the_jobs_of_the_living_are_left_alone,
            only_running_jobs_are_rescued,
            an_orphan_of_an_unknown_task_is_not_discarded,
            a_rescued_job_keeps_its_place,
            the_next_sweep_is_when_the_next_lease_is_over,
        ]
    )
}

async fn a_job_is_safe_while_its_worker_beats(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    for _ in 0..20 {
        b.advance(LEASE - 1);
        let sweep = b.store.rescue(9).await.expect("rescue");
        assert_eq!((sweep.done, sweep.more), (0, false));
        b.store.beat(worker).await.expect("beat");
    }
    let fate = b.end(worker, &claimed, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
    assert_eq!(b.failures(claimed.id).await, []);
}

async fn an_orphan_is_ready_again_with_its_attempt_spent(b: Bench) {
    let (dead, claimed) = b.running(job("hello")).await;
    b.advance(LEASE + 1);
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (1, false));
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.attempt), (JobState::Queued, 1));
    assert!(job.error.is_some(), "it says what happened");
    let attempts = b.store.attempts(job.id).await.expect("attempts");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].kind, FailureKind::WorkerLost);
    assert_eq!(attempts[0].worker, Some(dead), "it names the worker");
    assert_eq!((attempts[0].attempt, attempts[0].token), (1, claimed.token));
    assert_eq!(attempts[0].ended_at, at(LEASE as i64 + 1));
    let other = b.worker().await;
    let again = b.take(other).await;
    assert_eq!((again.attempt, again.token), (2, claimed.token + 1));
}

async fn an_orphan_of_the_last_attempt_fails(b: Bench) {
    let poison = NewJob {
        max_attempts: Some(2),
        ..job("hello")
    };
    let id = b.add(poison).await;
    for expected in [JobState::Queued, JobState::Failed] {
        let worker = b.worker().await;
        b.take(worker).await;
        b.advance(LEASE + 1);
        b.store.rescue(9).await.expect("rescue");
        assert_eq!(b.state(id).await, expected);
    }
    assert_eq!(b.failures(id).await, [FailureKind::WorkerLost; 2]);
    assert!(b.job(id).await.finished_at.is_some());
}

async fn an_orphan_that_must_not_start_twice_fails(b: Bench) {
    let once = NewJob {
        at_most_once: true,
        max_attempts: None,
        ..job("hello")
    };
    let (_, claimed) = b.running(once).await;
    b.advance(LEASE + 1);
    b.store.rescue(9).await.expect("rescue");
    assert_eq!(b.state(claimed.id).await, JobState::Failed);
    assert_eq!(b.failures(claimed.id).await, [FailureKind::WorkerLost]);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await, [], "it never starts again");
}

async fn an_orphan_whose_cancel_was_asked_for_is_canceled(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    b.advance(LEASE + 1);
    b.store.rescue(9).await.expect("rescue");
    assert_eq!(b.state(claimed.id).await, JobState::Canceled);
    assert_eq!(b.failures(claimed.id).await, [FailureKind::WorkerLost]);
}

async fn more_orphans_than_the_limit_are_all_rescued_by_repeating(b: Bench) {
    b.add_all((0..25).map(|_| job("hello")).collect()).await;
    let (first, second) = (b.worker().await, b.worker().await);
    assert_eq!(b.claim(first, 17).await.len(), 17);
    assert_eq!(b.claim(second, 17).await.len(), 8);
    b.advance(LEASE + 1);
    let mut done = 0;
    loop {
        let sweep = b.store.rescue(10).await.expect("rescue");
        assert!(sweep.done <= 10, "a sweep is bounded");
        assert!(sweep.done > 0 || !sweep.more, "a sweep gets on");
        done += sweep.done;
        if !sweep.more {
            break;
        }
    }
    assert_eq!(done, 25);
    let worker = b.worker().await;
    let again = b.claim(worker, 100).await;
    assert_eq!(again.len(), 25);
    assert!(again.iter().all(|job| job.attempt == 2));
}

async fn the_jobs_of_the_living_are_left_alone(b: Bench) {
    let (_, orphan) = b.running(job("hello")).await;
    b.advance(LEASE - 1);
    let (_, safe) = b.running(job("hello")).await;
    b.advance(2);
    assert_eq!(b.store.rescue(9).await.expect("rescue").done, 1);
    assert_eq!(b.state(orphan.id).await, JobState::Queued);
    assert_eq!(b.state(safe.id).await, JobState::Running);
    assert_eq!(b.store.workers().await.expect("workers").len(), 1);
}

async fn only_running_jobs_are_rescued(b: Bench) {
    let (worker, ended) = b.running(job("hello")).await;
    b.end(worker, &ended, succeeded()).await;
    let waiting = b.add(job("hello")).await;
    b.advance(LEASE * 1_000);
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (0, false));
    assert_eq!(b.state(waiting).await, JobState::Queued);
    assert_eq!(b.state(ended.id).await, JobState::Succeeded);
}

async fn an_orphan_of_an_unknown_task_is_not_discarded(b: Bench) {
    declare_tasks(&b, &["mail"]).await;
    b.add_all(vec![job("novelty"), job("mail")]).await;
    let worker = b.worker().await;
    let known = claim_knowing(&["novelty", "mail"], 5);
    let jobs: Vec<Claimed> = b.claim_as(worker, known).await;
    assert_eq!(jobs.len(), 2);
    enable(&b, "mail", false).await;
    b.advance(LEASE + 1);
    assert_eq!(b.store.rescue(9).await.expect("rescue").done, 2);
    for id in ids(&jobs) {
        assert_eq!(b.state(id).await, JobState::Queued);
    }
}

async fn a_rescued_job_keeps_its_place(b: Bench) {
    let (_, orphan) = b.running(job("hello")).await;
    b.advance(1);
    let waiting = b.add(job("hello")).await;
    b.advance(LEASE);
    b.store.rescue(9).await.expect("rescue");
    assert_eq!(b.job(orphan.id).await.due_at, at(0));
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 9).await), [orphan.id, waiting]);
}

async fn the_next_sweep_is_when_the_next_lease_is_over(b: Bench) {
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!(sweep.next_in, None, "there is nobody to watch");
    let first = b.worker().await;
    b.advance(10);
    b.worker().await;
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!(sweep.next_in, Some(secs(LEASE - 10)));
    b.store.beat(first).await.expect("beat");
    b.advance(1);
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!(sweep.next_in, Some(secs(LEASE - 1)));
}
