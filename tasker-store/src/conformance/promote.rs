//! Waiting jobs become ready when their time has come.

use super::Case;
use super::bench::{Bench, ids, job, job_in, retry_in, secs};
use crate::job::{JobId, NewJob};
use crate::settle::Sweep;
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "promote",
        &[],
        [
            a_job_is_ready_when_its_time_has_come,
            retries_are_promoted_too,
            a_sweep_is_bounded_and_says_that_there_is_more,
            promoted_jobs_stand_in_the_order_of_their_due_times,
            nothing_to_do_is_nothing_done,
            a_job_may_wait_longer_than_milliseconds_of_31_bits_count,
        ]
    )
}

async fn a_job_is_ready_when_its_time_has_come(b: Bench) {
    let soon = b.add(job_in(10)).await;
    let later = b.add(job_in(25)).await;
    b.advance(9);
    let sweep = b.store.promote(9).await.expect("promote");
    assert_eq!((sweep.done, sweep.more), (0, false));
    assert_eq!(sweep.next_in, Some(secs(1)));
    b.advance(1);
    let sweep = b.store.promote(9).await.expect("promote");
    assert_eq!((sweep.done, sweep.more), (1, false));
    assert_eq!(sweep.next_in, Some(secs(15)));
    assert_eq!(b.state(soon).await, JobState::Queued);
    assert_eq!(b.state(later).await, JobState::Scheduled);
}

async fn retries_are_promoted_too(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.end(worker, &claimed, retry_in(10)).await;
    b.advance(10);
    assert_eq!(b.store.promote(9).await.expect("promote").done, 1);
    let job = b.job(claimed.id).await;
    assert_eq!((job.state, job.attempt), (JobState::Queued, 1));
}

async fn a_sweep_is_bounded_and_says_that_there_is_more(b: Bench) {
    b.add_all((0..25).map(|_| job_in(1)).collect()).await;
    b.advance(2);
    let mut sweeps = Vec::new();
    for _ in 0..4 {
        let sweep = b.store.promote(10).await.expect("promote");
        sweeps.push((sweep.done, sweep.more));
    }
    assert_eq!(sweeps, [(10, true), (10, true), (5, false), (0, false)]);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 100).await.len(), 25);
}

async fn promoted_jobs_stand_in_the_order_of_their_due_times(b: Bench) {
    let jobs: Vec<NewJob> = [9, 3, 6].map(job_in).into();
    let added = b.add_all(jobs).await;
    b.advance(10);
    b.store.promote(9).await.expect("promote");
    let late = b.add(job("hello")).await;
    let worker = b.worker().await;
    let expected: Vec<JobId> = vec![added[1], added[2], added[0], late];
    assert_eq!(ids(&b.claim(worker, 9).await), expected);
}

/// X-C17: 2^31 ms are 24.8 days.
async fn a_job_may_wait_longer_than_milliseconds_of_31_bits_count(b: Bench) {
    const DAY: u64 = 24 * 3600;
    let (worker, failed) = b.running(job("hello")).await;
    b.end(worker, &failed, retry_in(25 * DAY)).await;
    let year = b.add(job_in(366 * DAY)).await;
    let sweep = b.store.promote(9).await.expect("promote");
    assert_eq!((sweep.done, sweep.next_in), (0, Some(secs(25 * DAY))));
    b.advance(25 * DAY - 1);
    assert_eq!(b.store.promote(9).await.expect("promote").done, 0);
    b.advance(1);
    let sweep = b.store.promote(9).await.expect("promote");
    assert_eq!((sweep.done, sweep.next_in), (1, Some(secs(341 * DAY))));
    b.advance(341 * DAY);
    assert_eq!(b.store.promote(9).await.expect("promote").done, 1);
    assert_eq!(b.state(year).await, JobState::Queued);
}

async fn nothing_to_do_is_nothing_done(b: Bench) {
    b.add(job("hello")).await;
    let sweep = b.store.promote(9).await.expect("promote");
    assert_eq!(sweep, Sweep::default());
}
