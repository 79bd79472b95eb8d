//! How attempts end: outcomes, follow-ups, retention of nothing, and the claim of the same exchange.

use super::Case;
use super::bench::{
    Bench, at, claim, failed, failure, finish, ids, job, job_in, retry_in, succeeded,
};
use super::enqueue::{declare_tasks, enable};
use crate::attempt::{FailureKind, Level, Progress};
use crate::error::ErrorKind;
use crate::job::{JobId, Keep, NewJob, Retention};
use crate::lease::Lease;
use crate::settle::{Failure, Fate, Finish, NewLine, NoteBody, Outcome, Settle};
use crate::state::JobState;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "settle",
        &[],
        [
            a_success_keeps_its_output,
            a_failure_leaves_an_attempt,
            a_handler_can_cancel_itself,
            every_kind_of_failure_is_kept,
            the_error_is_that_of_the_latest_failure,
            fates_come_in_the_order_of_the_finishes,
            the_claim_comes_after_the_finishes,
            a_finish_brings_its_last_note,
            follow_ups_are_enqueued_with_the_finish,
            a_follow_up_is_not_lost_to_a_disabled_task,
            a_follow_up_over_the_limits_stops_the_whole_call,
            a_retention_of_zero_deletes_at_once,
            a_retention_of_zero_is_for_its_own_ending_only,
            a_batch_of_hundreds_is_settled_at_once,
        ]
    )
}

async fn a_success_keeps_its_output(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(7);
    let output = Some(r#"{"b": "ü\u0000", "a": [1, 2.50]}"#.to_string());
    let outcome = Outcome::Succeeded {
        output: output.clone(),
    };
    let fate = b.end(worker, &claimed, outcome).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.output), (JobState::Succeeded, output));
    assert_eq!(
        (job.started_at, job.finished_at),
        (Some(at(0)), Some(at(7)))
    );
    assert_eq!((job.attempt, job.error), (1, None));
    assert_eq!(job.worker, Some(worker), "kept as the last one");
    assert_eq!(b.failures(job.id).await, []);
}

async fn a_failure_leaves_an_attempt(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(7);
    let outcome = Outcome::Failed(failure("disk 'full' ü"));
    let fate = b.end(worker, &claimed, outcome).await;
    assert_eq!(fate, Fate::Applied(JobState::Failed));
    let job = b.job(claimed.id).await;
    assert_eq!(job.error.as_deref(), Some("disk 'full' ü"));
    assert_eq!((job.finished_at, job.output), (Some(at(7)), None));
    let attempts = b.store.attempts(job.id).await.expect("attempts");
    assert_eq!(attempts.len(), 1);
    let attempt = &attempts[0];
    assert_eq!((attempt.attempt, attempt.token), (1, claimed.token));
    assert_eq!(
        (attempt.worker, attempt.kind),
        (Some(worker), FailureKind::Error)
    );
    assert_eq!((attempt.started_at, attempt.ended_at), (Some(at(0)), at(7)));
    assert_eq!(attempt.message, "disk 'full' ü");
}

async fn a_handler_can_cancel_itself(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let outcome = Outcome::Canceled(Failure {
        kind: FailureKind::Canceled,
        message: "no longer wanted".into(),
    });
    let fate = b.end(worker, &claimed, outcome).await;
    assert_eq!(fate, Fate::Applied(JobState::Canceled));
    assert_eq!(b.failures(claimed.id).await, [FailureKind::Canceled]);
    assert_eq!(b.job(claimed.id).await.finished_at, Some(at(0)));
}

async fn every_kind_of_failure_is_kept(b: Bench) {
    for kind in FailureKind::ALL {
        let message = kind.as_str().to_string();
        let outcome = Outcome::Failed(Failure { kind, message });
        let id = b.ended(job("hello"), outcome).await;
        assert_eq!(b.failures(id).await, [kind]);
    }
}

async fn the_error_is_that_of_the_latest_failure(b: Bench) {
    let (worker, mut claimed) = b.running(job("hello")).await;
    for message in ["first", "second"] {
        let outcome = Outcome::Retry {
            failure: failure(message),
            due: crate::clock::Due::Now,
        };
        b.end(worker, &claimed, outcome).await;
        assert_eq!(b.job(claimed.id).await.error.as_deref(), Some(message));
        claimed = b.take(worker).await;
    }
    b.end(worker, &claimed, succeeded()).await;
    let job = b.job(claimed.id).await;
    assert_eq!(job.error.as_deref(), Some("second"), "cleared by nothing");
    let attempts = b.store.attempts(job.id).await.expect("attempts");
    let told: Vec<_> = attempts
        .iter()
        .map(|a| (a.attempt, a.message.as_str()))
        .collect();
    assert_eq!(told, [(1, "first"), (2, "second")], "the oldest first");
}

async fn fates_come_in_the_order_of_the_finishes(b: Bench) {
    b.add_all((0..4).map(|_| job("hello")).collect()).await;
    let worker = b.worker().await;
    let jobs = b.claim(worker, 4).await;
    let unknown = Finish {
        lease: Lease {
            job: JobId::generate(),
            token: 1,
        },
        ..finish(&jobs[0], succeeded())
    };
    let finishes = vec![
        finish(&jobs[2], failed()),
        unknown,
        finish(&jobs[0], succeeded()),
        finish(&jobs[2], succeeded()),
        finish(&jobs[1], retry_in(9)),
    ];
    let settled = b.settle(worker, finishes, None).await;
    let expected = [
        Fate::Applied(JobState::Failed),
        Fate::Stale,
        Fate::Applied(JobState::Succeeded),
        Fate::Stale,
        Fate::Applied(JobState::Retrying),
    ];
    assert_eq!(settled.fates, expected);
    assert_eq!(b.state(jobs[2].id).await, JobState::Failed);
    assert_eq!(b.state(jobs[3].id).await, JobState::Running);
}

async fn the_claim_comes_after_the_finishes(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let follow_up = job("mail");
    let finishes = vec![Finish {
        follow_ups: vec![follow_up.clone()],
        ..finish(&claimed, retry_in(0))
    }];
    let settled = b.settle(worker, finishes, Some(claim(5))).await;
    assert_eq!(settled.fates, [Fate::Applied(JobState::Queued)]);
    assert_eq!(ids(&settled.jobs), [claimed.id, follow_up.id]);
    assert_eq!((settled.jobs[0].attempt, settled.jobs[1].attempt), (2, 1));
}

async fn a_finish_brings_its_last_note(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let progress = Some(Progress { done: 2, total: 2 });
    let line = NewLine {
        age: Duration::ZERO,
        level: Level::Info,
        message: "almost there".into(),
    };
    let finishes = vec![Finish {
        note: Some(NoteBody {
            progress,
            lines: vec![line],
        }),
        ..finish(&claimed, succeeded())
    }];
    b.settle(worker, finishes, None).await;
    assert_eq!(b.job(claimed.id).await.progress, progress);
    let log = b.store.log(claimed.id).await.expect("log");
    assert_eq!((log.len(), log[0].message.as_str()), (1, "almost there"));
}

async fn follow_ups_are_enqueued_with_the_finish(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let (now, later) = (job("mail"), job_in(60));
    let with = |lease| Finish {
        lease,
        follow_ups: vec![now.clone(), later.clone()],
        ..finish(&claimed, succeeded())
    };
    let stale = Lease {
        token: claimed.token + 1,
        ..claimed.lease()
    };
    let settled = b.settle(worker, vec![with(stale)], None).await;
    assert_eq!(settled.fates, [Fate::Stale]);
    assert_eq!(
        b.find(now.id).await,
        None,
        "a stale finish enqueues nothing"
    );
    b.settle(worker, vec![with(claimed.lease())], None).await;
    assert_eq!(b.state(now.id).await, JobState::Queued);
    assert_eq!(b.state(later.id).await, JobState::Scheduled);
    let settled = b.settle(worker, vec![with(claimed.lease())], None).await;
    assert_eq!(settled.fates, [Fate::Stale]);
    assert_eq!(b.claim(worker, 5).await.len(), 1, "once is enough");
}

async fn a_follow_up_is_not_lost_to_a_disabled_task(b: Bench) {
    declare_tasks(&b, &["mail"]).await;
    let (worker, claimed) = b.running(job("hello")).await;
    enable(&b, "mail", false).await;
    let follow_up = job("mail");
    let finishes = vec![Finish {
        follow_ups: vec![follow_up.clone()],
        ..finish(&claimed, succeeded())
    }];
    let settled = b.settle(worker, finishes, Some(claim(5))).await;
    assert_eq!(settled.fates, [Fate::Applied(JobState::Succeeded)]);
    assert_eq!(settled.jobs, [], "parked");
    enable(&b, "mail", true).await;
    assert_eq!(ids(&b.claim(worker, 5).await), [follow_up.id]);
}

async fn a_follow_up_over_the_limits_stops_the_whole_call(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let bad = NewJob {
        queue: String::new(),
        ..job("mail")
    };
    let good = b.add(job("mail")).await;
    let settle = Settle {
        started: None,
        worker,
        finishes: vec![Finish {
            follow_ups: vec![bad],
            ..finish(&claimed, succeeded())
        }],
        claim: Some(claim(5)),
    };
    let error = b.store.settle(settle).await.expect_err("not acceptable");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(b.state(claimed.id).await, JobState::Running);
    assert_eq!(b.state(good).await, JobState::Queued, "nothing was changed");
}

async fn a_retention_of_zero_deletes_at_once(b: Bench) {
    let kept = Retention {
        succeeded: Keep::For(Duration::ZERO),
        unsuccessful: Keep::For(Duration::ZERO),
    };
    let new = || NewJob {
        retention: kept,
        ..job("hello")
    };
    for outcome in [succeeded(), failed()] {
        let (worker, claimed) = b.running(new()).await;
        let fate = b.end(worker, &claimed, outcome).await;
        assert!(matches!(fate, Fate::Applied(state) if state.is_final()));
        assert_eq!(b.find(claimed.id).await, None);
        assert_eq!(b.failures(claimed.id).await, []);
        let again = b.end(worker, &claimed, succeeded()).await;
        assert_eq!(again, Fate::Stale);
    }
    let id = b.add(new()).await;
    b.store.cancel(id).await.expect("cancel");
    assert_eq!(b.find(id).await, None, "a cancel ends it too");
}

async fn a_retention_of_zero_is_for_its_own_ending_only(b: Bench) {
    let new = NewJob {
        retention: Retention {
            succeeded: Keep::For(Duration::ZERO),
            ..Retention::DEFAULT
        },
        ..job("hello")
    };
    let id = b.ended(new, failed()).await;
    assert_eq!(b.state(id).await, JobState::Failed);
}

async fn a_batch_of_hundreds_is_settled_at_once(b: Bench) {
    b.add_all((0..700).map(|_| job("hello")).collect()).await;
    let worker = b.worker().await;
    let first = b.claim(worker, 350).await;
    let outcomes = |place: usize| match place % 3 {
        0 => succeeded(),
        1 => failed(),
        _ => retry_in(0),
    };
    let finishes = first.iter().enumerate();
    let finishes = finishes.map(|(place, job)| finish(job, outcomes(place)));
    let settled = b
        .settle(worker, finishes.collect(), Some(claim(1_000)))
        .await;
    assert_eq!(settled.fates.len(), 350);
    for (place, fate) in settled.fates.iter().enumerate() {
        let state = [JobState::Succeeded, JobState::Failed, JobState::Queued][place % 3];
        assert_eq!(*fate, Fate::Applied(state), "finish {place}");
    }
    let retried = (0..350).filter(|place| place % 3 == 2).count();
    assert_eq!(settled.jobs.len(), 350 + retried);
}
