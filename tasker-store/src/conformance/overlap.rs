//! X-D15: what happens to an occurrence while a job of the one before is unfinished.

use super::Case;
use super::bench::{Bench, at, retry_in, secs, succeeded};
use super::schedules::{declare, new_schedule, occurrence, planned, schedule};
use super::steps::one_step;
use crate::job::{JobId, NewJob};
use crate::schedule::{
    Fire, Fired, LOOK_AGAIN, NewSchedule, Overlap, Schedule, ScheduleState, Then, Waiting,
};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "overlap",
        &[],
        [
            x_d15_allow_runs_side_by_side,
            x_d15_skip_makes_one_at_a_time,
            x_d15_one_waits_behind_the_unfinished_job,
            x_d15_of_several_one_is_made_and_one_waits,
            x_d15_what_waits_is_made_when_the_job_has_failed_or_is_gone,
            x_d15_a_retry_is_waited_for,
            x_d15_the_last_occurrence_may_wait,
            x_d15_a_pause_and_a_retirement_forget_what_waits,
            x_d15_what_waits_survives_a_change_of_the_policy,
            x_d15_a_cancel_comes_with_the_new_job,
            x_d15_a_stale_step_cancels_nothing,
            x_d15_of_several_the_last_one_counts_where_the_others_are_canceled,
        ]
    )
}

/// A step at the planned moments, in seconds: what came of it, and the jobs it was given.
async fn step(b: &Bench, overlap: Overlap, moments: &[i64]) -> (Fired, Vec<JobId>) {
    let read = schedule(b, "hello").await;
    step_of(b, &read, overlap, moments, Then::Next(at(9_000))).await
}

async fn step_of(
    b: &Bench,
    read: &Schedule,
    overlap: Overlap,
    moments: &[i64],
    then: Then,
) -> (Fired, Vec<JobId>) {
    let jobs: Vec<NewJob> = (moments.iter())
        .map(|moment| occurrence(read, at(*moment)))
        .collect();
    let ids = jobs.iter().map(|job| job.id).collect();
    let step = Fire {
        jobs,
        overlap,
        then,
        ..one_step(read)
    };
    (b.store.fire(step).await.expect("fire"), ids)
}

fn applied(jobs: usize) -> Fired {
    Fired::Applied { jobs }
}

async fn waiting(b: &Bench) -> Option<i64> {
    let waiting = schedule(b, "hello").await.waiting;
    waiting.map(|waiting| (waiting.at - at(0)).num_seconds())
}

/// The names of the schedules to look at, and in how many seconds there are more.
async fn due(b: &Bench) -> (usize, Option<u64>) {
    let due = b.store.due(9).await.expect("due");
    let fire_in = b.store.outlook().await.expect("outlook").fire_in;
    match due.schedules.is_empty() {
        true => assert_eq!(fire_in, due.next_in),
        false => assert_eq!(fire_in, Some(secs(0))),
    }
    (due.schedules.len(), due.next_in.map(|span| span.as_secs()))
}

async fn x_d15_allow_runs_side_by_side(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(200);
    assert_eq!(step(&b, Overlap::Allow, &[60, 120]).await.0, applied(2));
    assert_eq!(step(&b, Overlap::Allow, &[180]).await.0, applied(1));
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await.len(), 3);
}

async fn x_d15_skip_makes_one_at_a_time(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(300);
    let (fired, ids) = step(&b, Overlap::Skip, &[60, 120, 180]).await;
    assert_eq!(fired, applied(1), "the others would overlap with it");
    assert_eq!(step(&b, Overlap::Skip, &[240]).await.0, applied(0));
    assert_eq!(waiting(&b).await, None);
    let worker = b.worker().await;
    let first = b.take(worker).await;
    assert_eq!(first.id, ids[0], "the oldest");
    assert_eq!(step(&b, Overlap::Skip, &[250]).await.0, applied(0));
    b.end(worker, &first, succeeded()).await;
    assert_eq!(step(&b, Overlap::Skip, &[260]).await.0, applied(1));
}

async fn x_d15_one_waits_behind_the_unfinished_job(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    assert_eq!(step(&b, Overlap::QueueOne, &[60]).await.0, applied(1));
    let worker = b.worker().await;
    let first = b.take(worker).await;
    assert_eq!((waiting(&b).await, due(&b).await), (None, (0, Some(8_940))));

    let read = schedule(&b, "hello").await;
    let new = NewJob {
        missed: vec![at(80), at(100)],
        ..occurrence(&read, at(120))
    };
    let waits = Fire {
        jobs: vec![new],
        overlap: Overlap::QueueOne,
        then: Then::Next(at(9_000)),
        ..one_step(&read)
    };
    assert_eq!(b.store.fire(waits).await.expect("fire"), applied(0));
    let after = schedule(&b, "hello").await;
    let expected = Waiting {
        at: at(120),
        missed: vec![at(80), at(100)],
    };
    assert_eq!(after.waiting, Some(expected));
    assert_eq!((after.executions, after.last_run_at), (1, Some(at(60))));
    assert_eq!(b.claim(worker, 9).await, [], "it is no job yet");
    let soon = LOOK_AGAIN.as_secs();
    assert_eq!(due(&b).await, (0, Some(soon)), "nobody tells of an end");

    // What waited comes first in the next step; the later one is left out.
    let (fired, _) = step(&b, Overlap::QueueOne, &[120, 180]).await;
    assert_eq!((fired, waiting(&b).await), (applied(0), Some(120)));

    b.end(worker, &first, succeeded()).await;
    assert_eq!(due(&b).await.0, 1, "it waits no longer");
    let (fired, ids) = step(&b, Overlap::QueueOne, &[120]).await;
    assert_eq!((fired, waiting(&b).await), (applied(1), None));
    assert_eq!(b.take(worker).await.id, ids[0]);
    let after = schedule(&b, "hello").await;
    assert_eq!((after.executions, after.last_run_at), (2, Some(at(120))));
    assert_eq!(due(&b).await, (0, Some(8_940)));
}

async fn x_d15_of_several_one_is_made_and_one_waits(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(300);
    let (fired, ids) = step(&b, Overlap::QueueOne, &[60, 120, 180]).await;
    assert_eq!((fired, waiting(&b).await), (applied(1), Some(120)));
    let worker = b.worker().await;
    assert_eq!(b.take(worker).await.id, ids[0]);
    // A step that forgets it leaves it out.
    let (fired, _) = step(&b, Overlap::QueueOne, &[]).await;
    assert_eq!((fired, waiting(&b).await), (applied(0), None));
}

async fn x_d15_what_waits_is_made_when_the_job_has_failed_or_is_gone(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    let (_, ids) = step(&b, Overlap::QueueOne, &[60]).await;
    step(&b, Overlap::QueueOne, &[90]).await;
    assert_eq!((waiting(&b).await, due(&b).await.0), (Some(90), 0));
    b.store.cancel(ids[0]).await.expect("cancel");
    assert_eq!(due(&b).await.0, 1, "it was canceled");
    let (_, ids) = step(&b, Overlap::QueueOne, &[90, 120]).await;
    assert_eq!((waiting(&b).await, due(&b).await.0), (Some(120), 0));
    b.store.delete(ids[0], true).await.expect("delete");
    assert_eq!(due(&b).await.0, 1, "it was deleted");
}

async fn x_d15_a_retry_is_waited_for(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    step(&b, Overlap::QueueOne, &[60, 90]).await;
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, retry_in(5)).await;
    assert_eq!((waiting(&b).await, due(&b).await.0), (Some(90), 0));
    b.advance(5);
    b.store.promote(9).await.expect("promote");
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, succeeded()).await;
    assert_eq!(due(&b).await.0, 1);
}

async fn x_d15_the_last_occurrence_may_wait(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(60);
    let overlap = Overlap::QueueOne;
    let (fired, ids) = step_of(&b, &read, overlap, &[60, 90], Then::Completed).await;
    assert_eq!(fired, applied(1));
    let read = schedule(&b, "hello").await;
    assert_eq!(read.state, ScheduleState::Completed);
    assert_eq!((waiting(&b).await, due(&b).await), (Some(90), (0, Some(1))));
    b.store.cancel(ids[0]).await.expect("cancel");
    assert_eq!(due(&b).await.0, 1);
    let (fired, _) = step_of(&b, &read, overlap, &[90], Then::Completed).await;
    assert_eq!((fired, due(&b).await), (applied(1), (0, None)));
    let read = schedule(&b, "hello").await;
    assert_eq!((read.state, read.executions), (ScheduleState::Completed, 2));
    let (fired, _) = step_of(&b, &read, overlap, &[99], Then::Completed).await;
    assert_eq!(fired, Fired::Stale, "nothing waits any more");
}

async fn x_d15_a_pause_and_a_retirement_forget_what_waits(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    step(&b, Overlap::QueueOne, &[60, 90]).await;
    let pause = async |paused| b.store.pause_schedule("hello", paused).await;
    assert!(pause(true).await.expect("pause_schedule"));
    assert_eq!(
        due(&b).await,
        (0, None),
        "a held schedule waits for nothing"
    );
    assert!(pause(false).await.expect("pause_schedule"));
    assert_eq!(waiting(&b).await, None);

    let (_, ids) = step(&b, Overlap::QueueOne, &[120]).await;
    assert_eq!((ids.len(), waiting(&b).await), (1, Some(120)));
    b.advance(4_000);
    declare(&b, Vec::new()).await;
    assert_eq!(due(&b).await, (0, None));
    declare(&b, vec![new_schedule("hello")]).await;
    let back = schedule(&b, "hello").await;
    assert_eq!((back.state, back.waiting), (ScheduleState::Active, None));
}

async fn x_d15_what_waits_survives_a_change_of_the_policy(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    step(&b, Overlap::QueueOne, &[60, 90]).await;
    let changed = NewSchedule {
        overlap: Overlap::Allow,
        ..new_schedule("hello")
    };
    declare(&b, vec![changed]).await;
    assert_eq!(waiting(&b).await, Some(90));
    let (fired, _) = step(&b, Overlap::Allow, &[90, 120]).await;
    assert_eq!((fired, waiting(&b).await), (applied(2), None));
}

async fn x_d15_a_cancel_comes_with_the_new_job(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    let overlap = Overlap::CancelPrevious;
    let (_, first) = step(&b, overlap, &[60]).await;
    let worker = b.worker().await;
    let running = b.take(worker).await;
    let (fired, second) = step(&b, overlap, &[120]).await;
    assert_eq!(fired, applied(1));
    let old = b.job(first[0]).await;
    assert_eq!((old.state, old.cancel_requested), (JobState::Running, true));
    assert_eq!(b.state(second[0]).await, JobState::Queued);
    // A job that does not run yet is canceled at once.
    let (_, third) = step(&b, overlap, &[180]).await;
    assert_eq!(b.state(second[0]).await, JobState::Canceled);
    assert_eq!(b.state(third[0]).await, JobState::Queued);
    b.end(worker, &running, succeeded()).await;
    assert_eq!(b.state(first[0]).await, JobState::Canceled);
    assert_eq!(schedule(&b, "hello").await.executions, 3);
    // Without an occurrence nothing is canceled.
    step(&b, overlap, &[]).await;
    assert_eq!(b.state(third[0]).await, JobState::Queued);
}

async fn x_d15_a_stale_step_cancels_nothing(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(60);
    let old = schedule(&b, "hello").await;
    let (_, ids) = step(&b, Overlap::CancelPrevious, &[60]).await;
    let then = Then::Next(at(9_000));
    let (fired, _) = step_of(&b, &old, Overlap::CancelPrevious, &[120], then).await;
    assert_eq!(fired, Fired::Stale);
    assert_eq!(b.state(ids[0]).await, JobState::Queued);
}

async fn x_d15_of_several_the_last_one_counts_where_the_others_are_canceled(b: Bench) {
    planned(&b, "hello", 60).await;
    b.advance(200);
    let (fired, ids) = step(&b, Overlap::CancelPrevious, &[60, 120, 180]).await;
    assert_eq!(fired, applied(1));
    assert_eq!(b.find(ids[0]).await, None);
    assert_eq!(b.state(ids[2]).await, JobState::Queued);
    assert_eq!(schedule(&b, "hello").await.last_run_at, Some(at(180)));
}
