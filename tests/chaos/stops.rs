//! SIGTERM, SIGINT, and the end by itself.

use std::time::{Duration, Instant};

use tasker::JobState;

use crate::place::{On, Place};
use crate::process::soon;
use crate::tasks::{Append, AppendParams, Hold, HoldParams, Hopeless, Stubborn};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    match on {
        On::Sqlite => trials!(
            on,
            [
                a_stop_lets_jobs_end_and_claims_no_more,
                after_the_grace_time_jobs_are_told_to_end_and_then_given_back,
                a_second_signal_ends_at_once_and_gives_jobs_back,
                work_until_empty_tells_by_its_exit_code_whether_a_job_failed
            ]
        ),
        On::Postgres | On::MySql => Vec::new(),
    }
}

/// How long handlers have after their token has fired.
const HARD_LIMIT: Duration = Duration::from_secs(3);

/// X-B1: the first part.
async fn a_stop_lets_jobs_end_and_claims_no_more(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&[]).await;
    let running = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let running = running.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    worker.terminate();
    worker.log("stopping").await;
    let waiting = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let waiting = waiting.await.unwrap();
    worker.order("end 1");
    let ended = worker.ended().await.well();
    assert_eq!(ended.out, "started 1 attempt 1\ndone 1\n");
    assert_eq!(place.job(running.id()).await.state, JobState::Succeeded);
    let row = place.job(waiting.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
    assert!(place.tasker.workers().await.unwrap().is_empty());
}

/// X-B1, X-B3: one handler gives in, one goes on, one is a thread that nobody can end.
async fn after_the_grace_time_jobs_are_told_to_end_and_then_given_back(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&["--grace", "1s", "--lease", "5s"]).await;
    let deaf = [false, true].map(|deaf| HoldParams::new().deaf(deaf));
    let held = Hold::enqueue_many(deaf).on(&place.tasker).await.unwrap();
    let stubborn = Stubborn::enqueue().on(&place.tasker).await.unwrap();
    for number in 1..=3 {
        worker.hear(&format!("started {number} attempt 1")).await;
    }
    let signaled = Instant::now();
    worker.terminate();
    worker.hear("told to end 1").await;
    worker.hear("told to end 2").await;
    let told = signaled.elapsed();
    assert!(told >= Duration::from_secs(1), "{told:?}");
    place.reaches(held[0].id(), JobState::Queued).await;
    worker.ended().await.well();
    let took = signaled.elapsed();
    let limit = Duration::from_secs(1) + HARD_LIMIT;
    assert!(took >= limit, "{took:?}");
    assert!(took <= limit + Duration::from_secs(1), "{took:?}");

    for id in [held[0].id(), held[1].id(), stubborn.id()] {
        let row = place.job(id).await;
        assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
        assert!(place.attempts(id).await.is_empty());
    }
    let mut next = place.work(&[]).await;
    next.hear("started 2 attempt 1").await;
    next.order("end 2");
    soon(held[1].result()).await.unwrap();
}

/// X-B2.
async fn a_second_signal_ends_at_once_and_gives_jobs_back(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&[]).await;
    let held = Hold::enqueue(HoldParams::new().deaf(true)).on(&place.tasker);
    let held = held.await.unwrap();
    let stubborn = Stubborn::enqueue().on(&place.tasker).await.unwrap();
    worker.hear("started 1 attempt 1").await;
    worker.hear("started 2 attempt 1").await;
    worker.interrupt();
    worker.log("stopping").await;
    let signaled = Instant::now();
    worker.terminate();
    let ended = worker.ended().await;
    let took = signaled.elapsed();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.err);
    ended.unharmed();
    assert!(took <= Duration::from_millis(1500), "{took:?}");
    for id in [held.id(), stubborn.id()] {
        let row = place.job(id).await;
        assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
        assert!(place.attempts(id).await.is_empty());
    }
    assert!(place.tasker.workers().await.unwrap().is_empty());
}

async fn work_until_empty_tells_by_its_exit_code_whether_a_job_failed(on: On) {
    let place = Place::new(on).await;
    let append = || Append::enqueue(AppendParams::new(place.file())).on(&place.tasker);
    append().await.unwrap();
    place.drain(&[]).ended().await.well();

    append().await.unwrap();
    Hopeless::enqueue().on(&place.tasker).await.unwrap();
    let ended = place.drain(&[]).ended().await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
    assert!(ended.err.contains("error: 1 job failed"), "{}", ended.err);
    assert_eq!(place.succeeded().await, (2, 3));

    // A failure of the past is not one of this run.
    append().await.unwrap();
    place.drain(&[]).ended().await.well();
    assert_eq!(place.runs().len(), 3);
}
