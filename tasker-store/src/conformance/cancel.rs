//! Cancel: at once where the job is not running, else by asking its worker.

use super::Case;
use super::bench::{Bench, at, claim, failed, finish, job, job_in, retry_in, snooze_in, succeeded};
use crate::admin::Changed;
use crate::attempt::FailureKind;
use crate::clock::Due;
use crate::job::JobId;
use crate::settle::{Fate, Outcome};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "cancel",
        &[],
        [
            a_job_that_is_not_running_ends_at_once,
            a_running_job_is_asked_to_end,
            a_canceled_run_ends_canceled_and_keeps_its_output,
            a_canceled_run_ends_canceled_whatever_its_outcome,
            a_canceled_run_that_is_released_ends_canceled,
            a_cancel_after_the_finish_changes_nothing,
            a_cancel_of_a_job_that_is_not_there_is_unknown,
            a_request_is_over_with_the_run,
        ]
    )
}

async fn a_job_that_is_not_running_ends_at_once(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.end(worker, &claimed, retry_in(60)).await;
    let added = b
        .add_all(vec![job("hello"), job_in(60), job("hello")])
        .await;
    b.store.pause(added[2]).await.expect("pause");
    b.advance(1);
    for id in added.into_iter().chain([claimed.id]) {
        let before = b.state(id).await;
        let changed = b.store.cancel(id).await.expect("cancel");
        assert_eq!(changed, Changed::Now(JobState::Canceled), "from {before}");
        let job = b.job(id).await;
        assert_eq!(
            (job.state, job.finished_at),
            (JobState::Canceled, Some(at(1)))
        );
    }
    b.advance(120);
    assert_eq!(b.store.promote(9).await.expect("promote").done, 0);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await, [], "none of them ever starts");
}

async fn a_running_job_is_asked_to_end(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    for _ in 0..2 {
        let asked = b.store.cancel(claimed.id).await.expect("cancel");
        assert_eq!(asked, Changed::Requested);
    }
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.cancel_requested), (JobState::Running, true));
    assert_eq!(job.finished_at, None);
}

async fn a_canceled_run_ends_canceled_and_keeps_its_output(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    let output = Some("\"done all the same\"".to_string());
    let outcome = Outcome::Succeeded {
        output: output.clone(),
    };
    let fate = b.end(worker, &claimed, outcome).await;
    assert_eq!(fate, Fate::Applied(JobState::Canceled));
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.output), (JobState::Canceled, output));
}

async fn a_canceled_run_ends_canceled_whatever_its_outcome(b: Bench) {
    for outcome in [
        failed(),
        retry_in(0),
        retry_in(9),
        snooze_in(0),
        snooze_in(9),
    ] {
        let (worker, claimed) = b.running(job("hello")).await;
        b.store.cancel(claimed.id).await.expect("cancel");
        let finishes = vec![finish(&claimed, outcome.clone())];
        let settled = b.settle(worker, finishes, Some(claim(5))).await;
        let expected = [Fate::Applied(JobState::Canceled)];
        assert_eq!(settled.fates, expected, "{outcome:?}");
        assert_eq!(settled.jobs, [], "it does not start again");
        assert_eq!(b.job(claimed.id).await.finished_at, Some(at(0)));
        let failures = b.failures(claimed.id).await;
        let expected = match outcome {
            Outcome::Snoozed { .. } => &[][..],
            _ => &[FailureKind::Error],
        };
        assert_eq!(failures, expected, "{outcome:?}");
    }
}

async fn a_canceled_run_that_is_released_ends_canceled(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    let fates = b.store.release(vec![claimed.lease()], Due::Now).await;
    let expected = [Fate::Applied(JobState::Canceled)];
    assert_eq!(fates.expect("release"), expected);
    let (worker, other) = b.running(job("hello")).await;
    b.store.cancel(other.id).await.expect("cancel");
    let fate = b.end(worker, &other, Outcome::Released).await;
    assert_eq!(fate, expected[0]);
    let job = b.job(other.id).await;
    assert_eq!((job.attempt, job.finished_at), (1, Some(at(0))));
}

async fn a_cancel_after_the_finish_changes_nothing(b: Bench) {
    for (outcome, state) in [
        (succeeded(), JobState::Succeeded),
        (failed(), JobState::Failed),
    ] {
        let id = b.ended(job("hello"), outcome).await;
        let before = b.job(id).await;
        let changed = b.store.cancel(id).await.expect("cancel");
        assert_eq!(changed, Changed::Not(state));
        assert_eq!(b.job(id).await, before, "the finish came first");
    }
    let id = b.add(job("hello")).await;
    b.store.cancel(id).await.expect("cancel");
    let again = b.store.cancel(id).await.expect("cancel");
    assert_eq!(again, Changed::Not(JobState::Canceled));
}

async fn a_cancel_of_a_job_that_is_not_there_is_unknown(b: Bench) {
    let changed = b.store.cancel(JobId::generate()).await.expect("cancel");
    assert_eq!(changed, Changed::Unknown);
}

async fn a_request_is_over_with_the_run(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    b.end(worker, &claimed, succeeded()).await;
    b.store.rerun(claimed.id).await.expect("rerun");
    assert!(!b.job(claimed.id).await.cancel_requested);
    let again = b.take(worker).await;
    let fate = b.end(worker, &again, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
}
