//! What else an operator does to one job: pause and resume, run once more, delete.

use super::Case;
use super::bench::{Bench, at, failed, job, job_in, retry_in, succeeded};
use crate::admin::Changed;
use crate::job::JobId;
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "operate",
        &[],
        [
            a_held_job_goes_on_as_what_it_was,
            a_held_job_that_came_due_goes_on_as_queued,
            only_a_job_that_waits_can_be_held,
            only_a_held_job_can_go_on,
            an_ended_job_runs_once_more,
            a_rerun_has_all_its_attempts_again,
            only_an_ended_job_is_run_once_more,
            a_deleted_job_is_still_found_by_its_name,
            a_running_job_is_not_deleted,
            a_deleted_job_that_waits_is_back_as_what_it_was,
            a_job_that_is_not_there_is_unknown,
        ]
    )
}

async fn a_held_job_goes_on_as_what_it_was(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.end(worker, &claimed, retry_in(60)).await;
    let added = b.add_all(vec![job("hello"), job_in(60)]).await;
    for (id, state) in [
        (added[0], JobState::Queued),
        (added[1], JobState::Scheduled),
        (claimed.id, JobState::Retrying),
    ] {
        let held = b.store.pause(id).await.expect("pause");
        assert_eq!(held, Changed::Now(JobState::Paused), "from {state}");
        assert_eq!(b.state(id).await, JobState::Paused);
        let resumed = b.store.resume(id).await.expect("resume");
        assert_eq!(resumed, Changed::Now(state));
        assert_eq!(b.state(id).await, state);
    }
}

async fn a_held_job_that_came_due_goes_on_as_queued(b: Bench) {
    let id = b.add(job_in(10)).await;
    b.store.pause(id).await.expect("pause");
    b.advance(11);
    assert_eq!(b.store.promote(5).await.expect("promote").done, 0);
    assert_eq!(b.state(id).await, JobState::Paused, "held is held");
    let resumed = b.store.resume(id).await.expect("resume");
    assert_eq!(resumed, Changed::Now(JobState::Queued));
    let worker = b.worker().await;
    assert_eq!(b.take(worker).await.id, id);
}

async fn only_a_job_that_waits_can_be_held(b: Bench) {
    let ended = b.ended(job("hello"), succeeded()).await;
    let (_, running) = b.running(job("hello")).await;
    let held = b.add(job("hello")).await;
    b.store.pause(held).await.expect("pause");
    for (id, state) in [
        (ended, JobState::Succeeded),
        (running.id, JobState::Running),
        (held, JobState::Paused),
    ] {
        let changed = b.store.pause(id).await.expect("pause");
        assert_eq!(changed, Changed::Not(state));
        assert_eq!(b.state(id).await, state);
    }
}

async fn only_a_held_job_can_go_on(b: Bench) {
    let ended = b.ended(job("hello"), failed()).await;
    let (_, running) = b.running(job("hello")).await;
    let added = b.add_all(vec![job("hello"), job_in(9)]).await;
    for (id, state) in [
        (ended, JobState::Failed),
        (running.id, JobState::Running),
        (added[0], JobState::Queued),
        (added[1], JobState::Scheduled),
    ] {
        let changed = b.store.resume(id).await.expect("resume");
        assert_eq!(changed, Changed::Not(state));
    }
}

async fn an_ended_job_runs_once_more(b: Bench) {
    let succeeded = b.ended(job("hello"), succeeded()).await;
    let failed = b.ended(job("hello"), failed()).await;
    let canceled = b.add(job("hello")).await;
    b.store.cancel(canceled).await.expect("cancel");
    b.advance(10);
    for id in [succeeded, failed, canceled] {
        let token = b.job(id).await.token;
        let history = b.store.attempts(id).await.expect("attempts");
        let changed = b.store.rerun(id).await.expect("rerun");
        assert_eq!(changed, Changed::Now(JobState::Queued));
        let job = b.job(id).await;
        assert_eq!((job.state, job.attempt), (JobState::Queued, 0));
        assert_eq!((job.due_at, job.finished_at), (at(10), None));
        assert_eq!(b.store.attempts(id).await.expect("attempts"), history);
        let worker = b.worker().await;
        let again = b.take(worker).await;
        assert_eq!((again.id, again.attempt, again.token), (id, 1, token + 1));
    }
}

async fn a_rerun_has_all_its_attempts_again(b: Bench) {
    let id = b.ended(job("hello"), failed()).await;
    b.store.rerun(id).await.expect("rerun");
    assert_eq!(b.job(id).await.error.as_deref(), Some("no luck"));
    let worker = b.worker().await;
    let first = b.take(worker).await;
    b.end(worker, &first, retry_in(0)).await;
    let second = b.take(worker).await;
    b.end(worker, &second, succeeded()).await;
    let attempts = b.store.attempts(id).await.expect("attempts");
    let counts: Vec<u32> = attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(counts, [1, 1], "the old history stays, the oldest first");
    assert_eq!(b.job(id).await.attempt, 2);
}

async fn only_an_ended_job_is_run_once_more(b: Bench) {
    let (_, running) = b.running(job("hello")).await;
    let added = b.add_all(vec![job("hello"), job_in(9), job("hello")]).await;
    b.store.pause(added[2]).await.expect("pause");
    for (id, state) in [
        (running.id, JobState::Running),
        (added[0], JobState::Queued),
        (added[1], JobState::Scheduled),
        (added[2], JobState::Paused),
    ] {
        let changed = b.store.rerun(id).await.expect("rerun");
        assert_eq!(changed, Changed::Not(state));
        assert_eq!(b.state(id).await, state);
    }
}

async fn a_deleted_job_is_still_found_by_its_name(b: Bench) {
    let id = b.ended(job("hello"), succeeded()).await;
    b.advance(4);
    let changed = b.store.delete(id, true).await.expect("delete");
    assert_eq!(changed, Changed::Now(JobState::Succeeded));
    assert_eq!(b.job(id).await.deleted_at, Some(at(4)));
    let changed = b.store.delete(id, false).await.expect("delete");
    assert_eq!(changed, Changed::Now(JobState::Succeeded));
    assert_eq!(b.job(id).await.deleted_at, None);
}

async fn a_running_job_is_not_deleted(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    let changed = b.store.delete(claimed.id, true).await.expect("delete");
    assert_eq!(changed, Changed::Not(JobState::Running));
    assert_eq!(b.job(claimed.id).await.deleted_at, None);
}

async fn a_deleted_job_that_waits_is_back_as_what_it_was(b: Bench) {
    let id = b.add(job_in(10)).await;
    b.store.delete(id, true).await.expect("delete");
    b.advance(20);
    let worker = b.worker().await;
    b.store.promote(5).await.expect("promote");
    assert_eq!(b.claim(worker, 5).await, []);
    b.store.delete(id, false).await.expect("delete");
    b.store.promote(5).await.expect("promote");
    assert_eq!(b.take(worker).await.id, id);
}

async fn a_job_that_is_not_there_is_unknown(b: Bench) {
    let id = JobId::generate();
    let answers = [
        b.store.pause(id).await,
        b.store.resume(id).await,
        b.store.rerun(id).await,
        b.store.delete(id, true).await,
    ];
    for answer in answers {
        assert_eq!(answer.expect("admin"), Changed::Unknown);
    }
}
