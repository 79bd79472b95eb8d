//! Attempts that are not the last: retry, snooze, release.

use super::Case;
use super::bench::{Bench, at, failure, ids, job, retry_in, secs, snooze_in, succeeded};
use crate::attempt::FailureKind;
use crate::clock::Due;
use crate::job::NewJob;
use crate::settle::{Fate, Outcome};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "retry",
        &[],
        [
            a_retry_waits_and_keeps_the_attempt_spent,
            a_retry_due_now_is_queued,
            a_retry_at_an_instant_waits_for_it,
            a_job_without_end_is_retried_without_end,
            a_snooze_gives_the_attempt_back_and_the_token_grows,
            a_snooze_due_now_is_queued,
            a_snooze_keeps_earlier_attempts_spent,
            a_released_outcome_is_ready_at_once,
            a_release_due_later_waits,
            a_release_after_a_retry_waits_as_retrying,
            a_release_due_now_is_queued,
            what_must_not_start_twice_is_failed_by_a_release,
            several_releases_are_answered_in_order,
        ]
    )
}

async fn a_retry_waits_and_keeps_the_attempt_spent(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(2);
    let fate = b.end(worker, &claimed, retry_in(10)).await;
    assert_eq!(fate, Fate::Applied(JobState::Retrying));
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.attempt), (JobState::Retrying, 1));
    assert_eq!((job.due_at, job.finished_at), (at(12), None));
    assert_eq!(b.failures(job.id).await, [FailureKind::Error]);
    assert_eq!(b.claim(worker, 5).await, []);
    b.advance(10);
    b.store.promote(5).await.expect("promote");
    let again = b.take(worker).await;
    assert_eq!(again.attempt, 2);
    assert_eq!(again.token, claimed.token + 1);
    let started = b.job(claimed.id).await.started_at;
    assert_eq!(started, Some(at(12)), "when the latest attempt started");
}

async fn a_retry_due_now_is_queued(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let fate = b.end(worker, &claimed, retry_in(0)).await;
    assert_eq!(fate, Fate::Applied(JobState::Queued));
    assert_eq!(b.take(worker).await.attempt, 2);
}

async fn a_retry_at_an_instant_waits_for_it(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let outcome = Outcome::Retry {
        failure: failure("rate limit"),
        due: Due::At(at(40)),
    };
    b.end(worker, &claimed, outcome).await;
    assert_eq!(b.job(claimed.id).await.due_at, at(40));
}

async fn a_job_without_end_is_retried_without_end(b: Bench) {
    let endless = NewJob {
        max_attempts: None,
        ..job("hello")
    };
    let (worker, mut claimed) = b.running(endless).await;
    for attempt in 1..=20 {
        assert_eq!(claimed.attempt, attempt);
        b.end(worker, &claimed, retry_in(0)).await;
        claimed = b.take(worker).await;
    }
    assert_eq!(b.failures(claimed.id).await.len(), 20);
}

async fn a_snooze_gives_the_attempt_back_and_the_token_grows(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(1);
    let fate = b.end(worker, &claimed, snooze_in(10)).await;
    assert_eq!(fate, Fate::Applied(JobState::Scheduled));
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.attempt), (JobState::Scheduled, 0));
    assert_eq!((job.due_at, job.error), (at(11), None));
    assert_eq!(b.failures(job.id).await, [], "a snooze is no failure");
    b.advance(10);
    b.store.promote(5).await.expect("promote");
    let again = b.take(worker).await;
    assert_eq!((again.attempt, again.token), (1, claimed.token + 1));
}

async fn a_snooze_due_now_is_queued(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let fate = b.end(worker, &claimed, snooze_in(0)).await;
    assert_eq!(fate, Fate::Applied(JobState::Queued));
    assert_eq!(b.job(claimed.id).await.attempt, 0);
}

async fn a_snooze_keeps_earlier_attempts_spent(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    b.end(worker, &first, retry_in(0)).await;
    let second = b.take(worker).await;
    let fate = b.end(worker, &second, snooze_in(10)).await;
    assert_eq!(
        fate,
        Fate::Applied(JobState::Scheduled),
        "snooze leads there"
    );
    assert_eq!(b.job(first.id).await.attempt, 1);
}

async fn a_released_outcome_is_ready_at_once(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let fate = b.end(worker, &claimed, Outcome::Released).await;
    assert_eq!(fate, Fate::Applied(JobState::Queued));
    assert_eq!(b.job(claimed.id).await.attempt, 0);
    assert_eq!(b.failures(claimed.id).await, []);
    let again = b.take(worker).await;
    assert_eq!((again.attempt, again.token), (1, claimed.token + 1));
}

async fn a_release_due_later_waits(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    let later = Due::In(secs(10));
    let fates = b.store.release(vec![claimed.lease()], later).await;
    let expected = [Fate::Applied(JobState::Scheduled)];
    assert_eq!(fates.expect("release"), expected);
    let job = b.job(claimed.id).await;
    assert_eq!((job.attempt, job.due_at), (0, at(10)));
}

async fn a_release_after_a_retry_waits_as_retrying(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    b.end(worker, &first, retry_in(0)).await;
    let second = b.take(worker).await;
    let later = Due::In(secs(10));
    let fates = b.store.release(vec![second.lease()], later).await;
    let expected = [Fate::Applied(JobState::Retrying)];
    assert_eq!(fates.expect("release"), expected);
    assert_eq!(b.job(first.id).await.attempt, 1);
    assert_eq!(b.failures(first.id).await.len(), 1);
}

async fn a_release_due_now_is_queued(b: Bench) {
    for due in [Due::Now, Due::At(at(-5))] {
        let (worker, claimed) = b.running(job("hello")).await;
        let fates = b.store.release(vec![claimed.lease()], due).await;
        let expected = [Fate::Applied(JobState::Queued)];
        assert_eq!(fates.expect("release"), expected, "{due:?}");
        let again = b.take(worker).await;
        b.end(worker, &again, succeeded()).await;
    }
}

async fn what_must_not_start_twice_is_failed_by_a_release(b: Bench) {
    let once = || NewJob {
        at_most_once: true,
        max_attempts: None,
        ..job("hello")
    };
    let (_, claimed) = b.running(once()).await;
    let fates = b.store.release(vec![claimed.lease()], Due::Now).await;
    let expected = [Fate::Applied(JobState::Failed)];
    assert_eq!(fates.expect("release"), expected);
    let (worker, other) = b.running(once()).await;
    let fate = b.end(worker, &other, Outcome::Released).await;
    assert_eq!(fate, expected[0], "the outcome is the same as the call");
    for id in ids(&[claimed, other]) {
        let job = b.job(id).await;
        assert_eq!((job.state, job.attempt), (JobState::Failed, 1));
        assert_eq!(job.finished_at, Some(at(0)));
        assert_eq!(b.failures(id).await, [FailureKind::Interrupted]);
    }
}

async fn several_releases_are_answered_in_order(b: Bench) {
    b.add_all((0..3).map(|_| job("hello")).collect()).await;
    let worker = b.worker().await;
    let jobs = b.claim(worker, 3).await;
    b.end(worker, &jobs[1], succeeded()).await;
    let leases = jobs.iter().rev().map(|job| job.lease()).collect();
    let fates = b.store.release(leases, Due::Now).await.expect("release");
    let queued = Fate::Applied(JobState::Queued);
    assert_eq!(fates, [queued, Fate::Stale, queued]);
}
