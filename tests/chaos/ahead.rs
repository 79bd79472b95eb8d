//! Jobs that a worker has claimed ahead of time, when it dies or stops.

use std::time::Instant;

use tasker::JobState;

use crate::place::{LEASE, On, Place, SWEEP};
use crate::tasks::Poison;
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    trials!(
        on,
        [
            held_jobs_of_a_killed_process_come_back_with_their_attempts,
            held_jobs_go_back_at_once_when_their_process_stops,
            a_held_job_that_ends_its_process_fails_in_the_end_and_those_behind_it_succeed
        ]
    )
}

const HOLDING: [&str; 4] = ["--concurrency", "1", "--prefetch", "5"];

/// X-A17: a process that dies.
async fn held_jobs_of_a_killed_process_come_back_with_their_attempts(on: On) {
    let place = Place::new(on).await;
    let jobs = place.holds(4).await;
    let mut first = place.work(&HOLDING).await;
    first.hear("started 1 attempt 1").await;
    first.order("end 1");
    first.hear("started 2 attempt 1").await;
    for job in &jobs[1..] {
        assert_eq!(place.job(*job).await.state, JobState::Running, "held too");
    }
    let killed = Instant::now();
    first.kill().await;
    let mut second = place.work(&["--concurrency", "3"]).await;
    for started in [
        "started 2 attempt 2",
        "started 3 attempt 1",
        "started 4 attempt 1",
    ] {
        second.hear(started).await;
    }
    let took = killed.elapsed();
    assert!(took <= LEASE + SWEEP, "{took:?}");
    assert_eq!(place.attempts(jobs[1]).await.len(), 1);
    assert_eq!(place.attempts(jobs[2]).await, []);
    for number in 2..=4 {
        second.order(&format!("end {number}"));
        second.hear(&format!("done {number}")).await;
    }
    second.terminate();
    second.ended().await.well();
    for job in &jobs {
        assert_eq!(place.job(*job).await.state, JobState::Succeeded);
    }
}

/// X-A17: a process that stops.
async fn held_jobs_go_back_at_once_when_their_process_stops(on: On) {
    let place = Place::new(on).await;
    let jobs = place.holds(3).await;
    let mut first = place.work(&HOLDING).await;
    first.hear("started 1 attempt 1").await;
    first.terminate();
    let mut second = place.work(&["--concurrency", "2"]).await;
    // The first still works.
    second.hear("started 2 attempt 1").await;
    second.hear("started 3 attempt 1").await;
    assert_eq!(place.job(jobs[0]).await.state, JobState::Running);
    first.order("end 1");
    first.ended().await.well();
    assert_eq!(place.attempts(jobs[1]).await, []);
}

/// Invariant 8: what kills its process has been started, and is not held for ever.
async fn a_held_job_that_ends_its_process_fails_in_the_end_and_those_behind_it_succeed(on: On) {
    let place = Place::new(on).await;
    let first = place.holds(1).await[0];
    let poison = Poison::enqueue().on(&place.tasker).await.unwrap();
    let behind = place.holds(1).await[0];
    let mut process = place.work(&HOLDING).await;
    process.hear("started 1 attempt 1").await;
    process.order("end 1");
    for attempt in 1..=2 {
        process.hear(&format!("started 2 attempt {attempt}")).await;
        process.order("die");
        process.ended().await;
        // The one behind it comes back first, since it was not started, and must not be in its way.
        process = place.work(&["--concurrency", "2"]).await;
    }
    process
        .hear_one(|line| line.starts_with("started 3 "))
        .await;
    process.order("end 3");
    process.hear("done 3").await;
    process.terminate();
    process.ended().await.well();
    let row = place.job(poison.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Failed, 2));
    for job in [first, behind] {
        assert_eq!(place.job(job).await.state, JobState::Succeeded);
    }
}
