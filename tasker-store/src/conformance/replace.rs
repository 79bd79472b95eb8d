//! Unique jobs: what becomes of the job that holds a key, where a new one is to replace or reschedule it.

use super::Case;
use super::bench::{Bench, at, failed, retry_in, secs};
use super::unique::{existing, keyed, on_conflict, told, with};
use crate::clock::Due;
use crate::job::{Enqueued, Job, JobId, Keep, NewJob, Occurrence, Retention};
use crate::schedule::ScheduleId;
use crate::state::JobState;
use crate::unique::{Holds, OnConflict, Unique};

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "replace",
        &[],
        [
            a_replaced_job_is_the_new_one_under_its_old_id,
            a_job_replaced_into_a_new_queue_is_claimed_from_there,
            a_rescheduled_job_keeps_all_but_its_due_time,
            a_paused_job_that_is_changed_stays_paused,
            a_started_job_is_neither_replaced_nor_rescheduled,
            an_ended_job_is_neither_replaced_nor_rescheduled,
            changes_within_one_call_come_in_order,
        ]
    )
}

async fn a_replaced_job_is_the_new_one_under_its_old_id(b: Bench) {
    let id = b.add(keyed("k")).await;
    let before = b.job(id).await;
    b.advance(10);
    let new = NewJob {
        queue: "mail".into(),
        priority: -3,
        params: r#"{"z": 1, "a": "\u0000 'quote' ; -- $1 ?", "z": 2}"#.into(),
        shape: i64::MIN + 1,
        due: Due::In(secs(60)),
        max_attempts: None,
        at_most_once: true,
        retention: Retention {
            succeeded: Keep::Forever,
            unsuccessful: Keep::For(secs(0)),
        },
        tags: vec!["ä 'x'".into(), "b,c".into()],
        occurrence: Some(Occurrence {
            schedule: ScheduleId::generate(),
            at: at(5),
        }),
        missed: vec![at(3), at(4)],
        ..on_conflict("k", OnConflict::Replace)
    };
    let expected = Job {
        queue: new.queue.clone(),
        priority: new.priority,
        state: JobState::Scheduled,
        params: new.params.clone(),
        shape: new.shape,
        max_attempts: None,
        at_most_once: true,
        tags: new.tags.clone(),
        due_at: at(70),
        occurrence: new.occurrence,
        missed: new.missed.clone(),
        ..before
    };
    let replaced = Enqueued::Replaced {
        id,
        number: expected.number,
        state: JobState::Scheduled,
    };
    assert_eq!(b.fate(new.clone()).await, replaced);
    assert_eq!(b.job(id).await, expected);
    assert_eq!(b.find(new.id).await, None);
    let without = NewJob {
        id: JobId::generate(),
        missed: Vec::new(),
        ..new
    };
    b.fate(without).await;
    assert!(b.job(id).await.missed.is_empty(), "replaced as a whole");
    // Its retention is the new one's too: nothing of a failure is kept.
    b.advance(60);
    b.store.promote(10).await.expect("promote");
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, failed()).await;
    assert_eq!(b.find(id).await, None);
}

async fn a_job_replaced_into_a_new_queue_is_claimed_from_there(b: Bench) {
    let later = NewJob {
        due: Due::In(secs(3600)),
        ..keyed("k")
    };
    let id = b.add(later).await;
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await, []);
    let new = NewJob {
        queue: "never seen before".into(),
        ..on_conflict("k", OnConflict::Replace)
    };
    assert_eq!(told(&b.fate(new).await), ("replaced", Some(id)));
    let claimed = b.take(worker).await;
    assert_eq!(
        (claimed.id, claimed.queue.as_str()),
        (id, "never seen before")
    );
}

async fn a_rescheduled_job_keeps_all_but_its_due_time(b: Bench) {
    let id = b.add(keyed("k")).await;
    let before = b.job(id).await;
    let later = NewJob {
        params: r#"{"other": true}"#.into(),
        priority: 5,
        due: Due::At(at(60)),
        ..on_conflict("k", OnConflict::Reschedule)
    };
    let rescheduled = |state| Enqueued::Rescheduled {
        id,
        number: before.number,
        state,
    };
    assert_eq!(b.fate(later).await, rescheduled(JobState::Scheduled));
    let expected = Job {
        state: JobState::Scheduled,
        due_at: at(60),
        ..before.clone()
    };
    assert_eq!(b.job(id).await, expected);
    let now = on_conflict("k", OnConflict::Reschedule);
    assert_eq!(b.fate(now).await, rescheduled(JobState::Queued));
    assert_eq!(b.job(id).await, before);
}

async fn a_paused_job_that_is_changed_stays_paused(b: Bench) {
    for asked in [OnConflict::Replace, OnConflict::Reschedule] {
        let key = format!("{asked:?}");
        let id = b.add(keyed(&key)).await;
        b.store.pause(id).await.expect("pause");
        let new = NewJob {
            due: Due::In(secs(60)),
            ..on_conflict(&key, asked)
        };
        b.fate(new).await;
        let job = b.job(id).await;
        assert_eq!((job.state, job.due_at), (JobState::Paused, at(60)));
        b.store.resume(id).await.expect("resume");
        assert_eq!(b.state(id).await, JobState::Scheduled);
    }
}

async fn a_started_job_is_neither_replaced_nor_rescheduled(b: Bench) {
    let (worker, claimed) = b.running(keyed("k")).await;
    let retry = retry_in(60);
    for outcome in [None, Some(retry)] {
        if let Some(outcome) = outcome {
            b.end(worker, &claimed, outcome).await;
        }
        let before = b.job(claimed.id).await;
        for asked in [OnConflict::Replace, OnConflict::Reschedule] {
            let new = NewJob {
                params: r#"{"other": true}"#.into(),
                ..on_conflict("k", asked)
            };
            assert_eq!(b.fate(new).await, existing(&before), "{asked:?}");
            assert_eq!(b.job(claimed.id).await, before, "{asked:?}");
        }
    }
}

async fn an_ended_job_is_neither_replaced_nor_rescheduled(b: Bench) {
    let kept = Unique {
        holds: Holds::WHILE_KEPT,
        ..Unique::new("k")
    };
    let id = b.add(with(kept.clone())).await;
    b.store.cancel(id).await.expect("cancel");
    let before = b.job(id).await;
    for on_conflict in [OnConflict::Replace, OnConflict::Reschedule] {
        let unique = Unique {
            on_conflict,
            ..kept.clone()
        };
        assert_eq!(b.fate(with(unique)).await, existing(&before));
        assert_eq!(b.job(id).await, before);
    }
}

async fn changes_within_one_call_come_in_order(b: Bench) {
    let numbered = |n: u32, asked, due| NewJob {
        params: format!(r#"{{"n": {n}}}"#),
        due,
        ..on_conflict("k", asked)
    };
    let later = |seconds| Due::In(secs(seconds));
    let jobs = vec![
        numbered(0, OnConflict::Replace, Due::Now),
        numbered(1, OnConflict::Replace, later(10)),
        numbered(2, OnConflict::Existing, Due::Now),
        numbered(3, OnConflict::Replace, Due::Now),
        numbered(4, OnConflict::Skip, Due::Now),
        numbered(5, OnConflict::Reschedule, later(20)),
    ];
    let id = jobs[0].id;
    let fates = b.fates(jobs).await;
    let number = b.job(id).await.number;
    use JobState::{Queued, Scheduled};
    let expected = [
        Enqueued::New { id, number },
        Enqueued::Replaced {
            id,
            number,
            state: Scheduled,
        },
        Enqueued::Existing {
            id,
            number,
            state: Scheduled,
        },
        Enqueued::Replaced {
            id,
            number,
            state: Queued,
        },
        Enqueued::Skipped {
            id,
            number,
            state: Queued,
        },
        Enqueued::Rescheduled {
            id,
            number,
            state: Scheduled,
        },
    ];
    assert_eq!(fates, expected);
    let job = b.job(id).await;
    assert_eq!((job.params.as_str(), job.due_at), (r#"{"n": 3}"#, at(20)));
}
