//! News: every change that others may wait for is told.
//!
//! A wake may be doubled or replaced by a gap, so a case waits until the one it wants has come; it fails when
//! none comes within [`PATIENCE`].

use std::time::Duration;

use super::Case;
use super::bench::{Bench, LEASE, job, job_in, retry_in, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use super::schedules::{declare, fire, new_schedule, occurrence, planned};
use super::unique::on_conflict;
use crate::clock::Due;
use crate::job::{JobId, NewJob};
use crate::schedule::Then;
use crate::state::JobState;
use crate::unique::OnConflict;
use crate::wake::{Wake, Wakes};

/// Real time, and only ever used up by a backend that fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "wakes",
        &[],
        [
            new_ready_jobs_are_told,
            jobs_that_become_ready_again_are_told,
            a_unique_job_that_is_made_due_is_told,
            jobs_that_are_put_off_are_told,
            who_looks_for_work_hears_of_no_ends,
            a_fired_job_is_told,
            every_ending_is_told,
            what_operators_change_is_told,
            every_listener_is_told,
        ]
    )
}

async fn hears(wakes: &mut Wakes, wanted: Wake, after: &str) {
    let heard = async {
        loop {
            let wake = wakes.next().await;
            if wake == wanted || wake == Wake::Gap {
                break;
            }
        }
    };
    let heard = tokio::time::timeout(PATIENCE, heard).await;
    assert!(heard.is_ok(), "no {wanted:?} came after {after}");
}

async fn new_ready_jobs_are_told(b: Bench) {
    let mut wakes = b.store.wakes();
    b.add(job("hello")).await;
    hears(&mut wakes, Wake::Ready, "an enqueue").await;
    b.add(job_in(5)).await;
    b.advance(6);
    let mut wakes = b.store.wakes();
    b.store.promote(9).await.expect("promote");
    hears(&mut wakes, Wake::Ready, "a promotion").await;
}

async fn a_unique_job_that_is_made_due_is_told(b: Bench) {
    for asked in [OnConflict::Replace, OnConflict::Reschedule] {
        let key = format!("{asked:?}");
        let later = NewJob {
            due: Due::In(secs(60)),
            ..on_conflict(&key, asked)
        };
        b.add(later).await;
        let mut wakes = b.store.wakes();
        b.fate(on_conflict(&key, asked)).await;
        hears(&mut wakes, Wake::Ready, &key).await;
    }
}

async fn jobs_that_become_ready_again_are_told(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let mut wakes = b.store.wakes();
    b.end(worker, &claimed, retry_in(0)).await;
    hears(&mut wakes, Wake::Ready, "a retry due now").await;

    let claimed = b.take(worker).await;
    let mut wakes = b.store.wakes();
    let lease = vec![claimed.lease()];
    b.store.release(lease, Due::Now).await.expect("release");
    hears(&mut wakes, Wake::Ready, "a release").await;

    b.take(worker).await;
    b.advance(LEASE + 1);
    let mut wakes = b.store.wakes();
    b.store.rescue(9).await.expect("rescue");
    hears(&mut wakes, Wake::Ready, "a rescue").await;

    b.store.pause(claimed.id).await.expect("pause");
    let mut wakes = b.store.wakes();
    b.store.resume(claimed.id).await.expect("resume");
    hears(&mut wakes, Wake::Ready, "a resume").await;

    b.store.cancel(claimed.id).await.expect("cancel");
    let mut wakes = b.store.wakes();
    b.store.rerun(claimed.id).await.expect("rerun");
    hears(&mut wakes, Wake::Ready, "a rerun").await;
    assert_eq!(b.state(claimed.id).await, JobState::Queued);
}

async fn jobs_that_are_put_off_are_told(b: Bench) {
    let mut wakes = b.store.wakes();
    b.add_all([60, 5, 30].map(job_in).into()).await;
    hears(&mut wakes, Wake::Due(secs(5)), "an enqueue for later").await;

    let (worker, claimed) = b.running(job("hello")).await;
    let mut wakes = b.store.wakes();
    b.end(worker, &claimed, retry_in(7)).await;
    hears(&mut wakes, Wake::Due(secs(7)), "a retry").await;

    b.store.pause(claimed.id).await.expect("pause");
    b.advance(1);
    let mut wakes = b.store.wakes();
    b.store.resume(claimed.id).await.expect("resume");
    hears(&mut wakes, Wake::Due(secs(6)), "a resume").await;

    b.store.delete(claimed.id, true).await.expect("delete");
    let mut wakes = b.store.wakes();
    b.store.delete(claimed.id, false).await.expect("restore");
    hears(&mut wakes, Wake::Due(secs(6)), "a restored job").await;
}

async fn who_looks_for_work_hears_of_no_ends(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let mut wakes = b.store.work_wakes();
    b.end(worker, &claimed, succeeded()).await;
    b.add(job("hello")).await;
    let heard = async {
        loop {
            match wakes.next().await {
                Wake::Ready => break,
                wake => assert!(!matches!(wake, Wake::Finished(_)), "{wake:?}"),
            }
        }
    };
    let heard = tokio::time::timeout(PATIENCE, heard).await;
    assert!(heard.is_ok(), "no Ready came after an enqueue");
}

async fn a_fired_job_is_told(b: Bench) {
    let read = planned(&b, "hello", 0).await;
    let mut wakes = b.store.wakes();
    let jobs = vec![occurrence(&read, super::bench::at(0))];
    fire(&b, &read, jobs, Then::Completed).await;
    hears(&mut wakes, Wake::Ready, "a step of a schedule").await;
}

async fn every_ending_is_told(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let mut wakes = b.store.wakes();
    b.end(worker, &claimed, succeeded()).await;
    let finished = |id: JobId| Wake::Finished(id);
    hears(&mut wakes, finished(claimed.id), "a finish").await;

    let id = b.add(job("hello")).await;
    let mut wakes = b.store.wakes();
    b.store.cancel(id).await.expect("cancel");
    hears(&mut wakes, finished(id), "a cancel").await;

    let once = crate::job::NewJob {
        max_attempts: Some(1),
        ..job("hello")
    };
    let (_, claimed) = b.running(once).await;
    b.advance(LEASE + 1);
    let mut wakes = b.store.wakes();
    b.store.rescue(9).await.expect("rescue");
    hears(&mut wakes, finished(claimed.id), "a rescue that fails").await;
}

async fn what_operators_change_is_told(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    let (_, claimed) = b.running(job("hello")).await;
    let mut wakes = b.store.wakes();
    b.store.cancel(claimed.id).await.expect("cancel");
    hears(&mut wakes, Wake::Control, "a cancel of a running job").await;

    let mut wakes = b.store.wakes();
    b.store.pause_queue("default", true).await.expect("pause");
    hears(&mut wakes, Wake::Control, "a pause of a queue").await;

    let mut wakes = b.store.wakes();
    enable(&b, "hello", false).await;
    hears(&mut wakes, Wake::Control, "a task disabled").await;

    let mut wakes = b.store.wakes();
    declare(&b, vec![new_schedule("hello")]).await;
    hears(&mut wakes, Wake::Control, "a declaration").await;

    let mut wakes = b.store.wakes();
    let paused = b.store.pause_schedule("hello", true).await;
    assert!(paused.expect("pause_schedule"));
    hears(&mut wakes, Wake::Control, "a pause of a schedule").await;
}

async fn every_listener_is_told(b: Bench) {
    let mut listeners = [b.store.wakes(), b.store.wakes()];
    b.add(job("hello")).await;
    for wakes in &mut listeners {
        hears(wakes, Wake::Ready, "an enqueue").await;
    }
}
