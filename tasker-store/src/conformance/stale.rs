//! Fencing: what an attempt writes after its lease went to somebody else changes nothing.

use super::Case;
use super::bench::{Bench, LEASE, failed, finish, job, retry_in, secs, snooze_in, succeeded};
use crate::attempt::{Level, Progress};
use crate::clock::Due;
use crate::job::Job;
use crate::lease::{Lease, WorkerId};
use crate::settle::{Claimed, Fate, Finish, NewLine, Note, NoteBody, Outcome};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "stale",
        &[],
        [
            nothing_is_written_while_another_attempt_runs,
            nothing_is_written_after_another_attempt_ended,
            nothing_is_written_between_the_rescue_and_the_next_claim,
            a_second_finish_changes_nothing,
            a_released_lease_is_over,
            the_same_worker_is_fenced_from_its_own_earlier_attempt,
            a_lease_without_a_job_is_stale_everywhere,
        ]
    )
}

/// Every write that an attempt can make, each of which must be told `Stale` and change nothing.
async fn refuses_every_write(b: &Bench, worker: WorkerId, stale: &Claimed) {
    let before = b.find(stale.id).await;
    let outcomes = [
        Outcome::Succeeded {
            output: Some("1".into()),
        },
        failed(),
        retry_in(5),
        snooze_in(5),
        Outcome::Canceled(super::bench::failure("stale")),
        Outcome::Released,
    ];
    for outcome in outcomes {
        let finish = Finish {
            note: Some(body()),
            follow_ups: vec![job("report")],
            ..finish(stale, outcome.clone())
        };
        let settled = b.settle(worker, vec![finish], None).await;
        assert_eq!(settled.fates, [Fate::Stale], "{outcome:?}");
    }
    writes_nothing_else(b, stale.lease()).await;
    assert_eq!(b.find(stale.id).await, before, "the job is as it was");
    let log = b.store.log(stale.id).await.expect("log");
    assert_eq!(log, [], "no line of a stale attempt is kept");
}

async fn writes_nothing_else(b: &Bench, lease: Lease) {
    for due in [Due::Now, Due::In(secs(5))] {
        let fates = b.store.release(vec![lease], due).await.expect("release");
        assert_eq!(fates, [Fate::Stale], "release");
    }
    let note = Note {
        lease,
        body: body(),
    };
    let fates = b.store.note(vec![note]).await.expect("note");
    assert_eq!(fates, [Fate::Stale], "note");
}

fn body() -> NoteBody {
    NoteBody {
        progress: Some(Progress { done: 9, total: 9 }),
        lines: vec![NewLine {
            age: secs(0),
            level: Level::Warn,
            message: "from the past".into(),
        }],
    }
}

/// A job that was rescued from one worker and claimed by another.
async fn taken_over(b: &Bench) -> (WorkerId, Claimed, WorkerId, Claimed) {
    let (frozen, stale) = b.running(job("hello")).await;
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    let other = b.worker().await;
    let current = b.take(other).await;
    assert!(current.token > stale.token, "the token grows");
    assert_eq!(current.attempt, 2);
    (frozen, stale, other, current)
}

async fn nothing_is_written_while_another_attempt_runs(b: Bench) {
    let (frozen, stale, other, current) = taken_over(&b).await;
    refuses_every_write(&b, frozen, &stale).await;
    let fate = b.end(other, &current, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
}

async fn nothing_is_written_after_another_attempt_ended(b: Bench) {
    let (frozen, stale, other, current) = taken_over(&b).await;
    let output = Some("\"of the other\"".to_string());
    let outcome = Outcome::Succeeded {
        output: output.clone(),
    };
    b.end(other, &current, outcome).await;
    refuses_every_write(&b, frozen, &stale).await;
    let Job {
        state,
        output: kept,
        ..
    } = b.job(stale.id).await;
    assert_eq!((state, kept), (JobState::Succeeded, output));
}

async fn nothing_is_written_between_the_rescue_and_the_next_claim(b: Bench) {
    let (frozen, stale) = b.running(job("hello")).await;
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    refuses_every_write(&b, frozen, &stale).await;
    assert_eq!(b.state(stale.id).await, JobState::Queued);
}

async fn a_second_finish_changes_nothing(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.end(worker, &claimed, failed()).await;
    refuses_every_write(&b, worker, &claimed).await;
    assert_eq!(b.failures(claimed.id).await.len(), 1);
}

async fn a_released_lease_is_over(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let lease = vec![claimed.lease()];
    b.store.release(lease, Due::Now).await.expect("release");
    refuses_every_write(&b, worker, &claimed).await;
}

async fn the_same_worker_is_fenced_from_its_own_earlier_attempt(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    b.end(worker, &first, snooze_in(0)).await;
    let second = b.take(worker).await;
    assert_eq!(second.attempt, first.attempt, "the attempt is no guard");
    refuses_every_write(&b, worker, &first).await;
    let fate = b.end(worker, &second, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
}

async fn a_lease_without_a_job_is_stale_everywhere(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let nobody = Claimed {
        id: crate::job::JobId::generate(),
        ..claimed.clone()
    };
    refuses_every_write(&b, worker, &nobody).await;
    let ahead = Claimed {
        token: claimed.token + 1,
        ..claimed
    };
    refuses_every_write(&b, worker, &ahead).await;
}
