//! `Context::finish_in`: effects and outcome in one transaction of the handler's.

use std::time::Duration;

use tasker::{JobId, JobState, WorkerEvent};
use tasker_store::{Due, Keep, Lease, NewJob, Retention};

use crate::place::Place;
use crate::process::{soon, until};
use crate::tasks::{Book, BookParams, ByHand, How, Relay, Stepwise};
use crate::worker::{Working, drain};

async fn book(place: &Place, how: How) -> tasker::JobHandle<u32> {
    let job = Book::enqueue(BookParams::new(how)).on(&place.tasker);
    job.await.expect("the store takes it")
}

async fn log(place: &Place, job: JobId) -> Vec<String> {
    let log = place.tasker.jobs().log(job).await;
    let log = log.expect("the store answers").into_iter();
    log.map(|line| line.message).collect()
}

/// Nothing looks like a lost lease, and the job has ended in these states, in this order.
fn ended(events: &[WorkerEvent], job: JobId, states: &[JobState]) {
    let ends: Vec<JobState> = (events.iter())
        .filter_map(|event| match event {
            WorkerEvent::Ended(id, state) if *id == job => Some(*state),
            WorkerEvent::LostLease(_) | WorkerEvent::Fenced => panic!("{events:?}"),
            _ => None,
        })
        .collect();
    assert_eq!(ends, states);
}

pub(crate) async fn effects_and_outcome_are_there_together(place: Place) {
    let job = book(&place, How::Commit).await;
    let (summary, events) = drain(&place.tasker).await;
    assert_eq!((summary.succeeded, summary.retried), (1, 0));
    ended(&events, job.id(), &[JobState::Succeeded]);
    assert_eq!(place.effects().await, [(job.number(), 1)]);
    assert_eq!(
        job.result().await.unwrap(),
        1,
        "what was finished with counts"
    );
    let row = job.job().await.unwrap();
    assert_eq!((row.attempt, row.token), (1, 1));
    assert_eq!(row.progress.map(|progress| progress.done), Some(1));
    assert_eq!(log(&place, job.id()).await, ["attempt 1"]);
}

pub(crate) async fn after_a_rollback_what_the_handler_returns_counts(place: Place) {
    let job = book(&place, How::RollBackOnce).await;
    let (summary, events) = drain(&place.tasker).await;
    assert_eq!((summary.succeeded, summary.retried), (1, 1));
    ended(
        &events,
        job.id(),
        &[JobState::Retrying, JobState::Succeeded],
    );
    assert_eq!(place.effects().await, [(job.number(), 2)]);
    assert_eq!(job.result().await.unwrap(), 2);
    let attempts = place.tasker.jobs().attempts(job.id()).await.unwrap();
    let attempts: Vec<_> = (attempts.iter())
        .map(|attempt| (attempt.attempt, attempt.message.as_str()))
        .collect();
    assert_eq!(attempts, [(1, "no luck")]);
}

pub(crate) async fn what_is_said_after_a_rollback_is_kept(place: Place) {
    let job = book(&place, How::RollBackOnce).await;
    drain(&place.tasker).await;
    let said = ["attempt 1", "after 1", "attempt 2"];
    assert_eq!(log(&place, job.id()).await, said);
}

pub(crate) async fn an_error_after_the_commit_changes_nothing(place: Place) {
    let job = book(&place, How::CommitAndFail).await;
    let (summary, events) = drain(&place.tasker).await;
    assert_eq!((summary.succeeded, summary.retried), (1, 0));
    ended(&events, job.id(), &[JobState::Succeeded]);
    assert_eq!(place.effects().await, [(job.number(), 1)]);
    let attempts = place.tasker.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts, []);
    assert_eq!(job.job().await.unwrap().error, None);
}

/// X-A4.
pub(crate) async fn a_handler_that_has_lost_its_lease_is_told(place: Place) {
    let job = Stepwise::enqueue().on(&place.tasker).await.unwrap();
    let mut working = Working::start(&place.tasker);
    place.probe.hear("begin").await;
    let token = job.job().await.unwrap().token;
    let lease = Lease {
        job: job.id(),
        token,
    };
    let later = Due::In(Duration::from_secs(3600));
    let store = place.tasker.store().await.unwrap();
    store.release(vec![lease], later).await.unwrap();

    place.probe.go_on(2);
    place.probe.hear("finish").await;
    place.probe.hear("lost").await;
    place.probe.go_on(1);
    working
        .event(|event| event == WorkerEvent::LostLease(job.id()))
        .await;
    assert_eq!(place.effects().await, []);
    let row = job.job().await.unwrap();
    let expected = (JobState::Scheduled, 0, None);
    assert_eq!((row.state, row.attempt, row.output), expected);
    let (summary, _) = working.stop().await;
    assert_eq!(summary.succeeded, 0);
}

pub(crate) async fn a_cancel_that_was_asked_for_stands(place: Place) {
    let job = Stepwise::enqueue().on(&place.tasker).await.unwrap();
    let working = Working::start(&place.tasker);
    place.probe.hear("begin").await;
    job.cancel().await.unwrap();
    place.probe.go_on(3);
    until("it is canceled", async || {
        job.job().await.unwrap().state == JobState::Canceled
    })
    .await;
    let output = job.job().await.unwrap().output;
    assert_eq!(output.as_deref(), Some("\"finished\""));
    assert_eq!(place.effects().await, [(job.number(), 1)]);
    let (summary, events) = working.stop().await;
    assert_eq!((summary.canceled, summary.succeeded), (1, 0));
    ended(&events, job.id(), &[JobState::Canceled]);
}

pub(crate) async fn a_job_that_goes_with_the_commit_is_no_lost_one(place: Place) {
    let job = NewJob {
        retention: Retention {
            succeeded: Keep::For(Duration::ZERO),
            ..Retention::default()
        },
        ..NewJob::new("book", r#"{"how":"commit"}"#)
    };
    let id = job.id;
    let store = place.tasker.store().await.unwrap();
    store.enqueue(vec![job]).await.unwrap();
    let (summary, events) = drain(&place.tasker).await;
    assert_eq!(summary.succeeded, 1);
    ended(&events, id, &[JobState::Succeeded]);
    assert_eq!(place.effects().await.len(), 1);
    assert_eq!(place.tasker.jobs().get(id).await.unwrap(), None);
}

pub(crate) async fn a_job_and_the_one_it_enqueues_are_one_step(place: Place) {
    let job = Relay::enqueue().on(&place.tasker).await.unwrap();
    let (summary, _) = drain(&place.tasker).await;
    // The first attempt has left nothing behind.
    assert_eq!((summary.succeeded, summary.retried), (2, 1));
    assert_eq!(job.job().await.unwrap().attempt, 2);
}

pub(crate) async fn a_task_run_by_hand_has_nothing_to_finish(place: Place) {
    let job = ByHand::enqueue().on(&place.tasker).await.unwrap();
    drain(&place.tasker).await;
    assert_eq!(job.result().await.unwrap(), 101, "what it returned");
    assert_eq!(place.effects().await, [(0, 1)]);
}

pub(crate) async fn a_stop_in_the_middle_leaves_no_effects(place: Place) {
    let job = Stepwise::enqueue().on(&place.tasker).await.unwrap();
    let working = Working::start(&place.tasker);
    place.probe.hear("begin").await;
    place.probe.go_on(2);
    place.probe.hear("finish").await;
    place.probe.hear("commit").await;
    working.stopper.stop_now();
    let (summary, _) = soon(working.stop()).await;
    assert_eq!((summary.released, summary.succeeded), (1, 0));
    assert_eq!(place.effects().await, []);
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
}
