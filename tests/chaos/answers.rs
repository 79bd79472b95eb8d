//! Answers that are lost after the server has done what was asked: nobody knows, and nothing may come of it.

use servers::{Proxy, Server};
use tasker::JobState;

use crate::place::{On, Place};
use crate::process::{soon, until};
use crate::tasks::{Hold, HoldParams, Long, LongParams};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    if on == On::Sqlite {
        return Vec::new();
    }
    trials!(
        on,
        with on.server().can_start(),
        [
            a_claim_whose_answer_is_lost_is_started_all_the_same,
            a_finish_whose_answer_is_lost_counts_once,
        ]
    )
}

/// Without the comparison it would be under the lease of a live worker that does not know of it, for ever.
async fn a_claim_whose_answer_is_lost_is_started_all_the_same(on: On) {
    let server = Server::start(on.server()).await;
    let mut place = Place::within(on, &server).await;
    let proxy = Proxy::to(server.port()).await;
    place.reached_by(place.space().url_through(&proxy));
    let words = ["--lease", "60s", "--concurrency", "1"];
    let mut worker = place.work(&words).await;
    // So that it has asked each of its questions once.
    let first = Long::enqueue(LongParams::new(1)).on(&place.tasker);
    soon(first.await.unwrap().wait()).await.unwrap();

    // One statement claims on PostgreSQL; several and a commit on MySQL.
    let tag = "whose answer is lost";
    proxy.lose_answer(tag, (on == On::MySql).then_some(b"COMMIT"));
    let job = Hold::enqueue(HoldParams::new()).tag(tag).on(&place.tasker);
    let job = job.await.unwrap();
    let claimed = place.reaches(job.id(), JobState::Running).await;
    let owner = place.worker(&worker).await.unwrap();
    assert_eq!(claimed.worker, Some(owner.id));
    assert_eq!(worker.rest(), ["started 1"]);

    proxy.cut();
    worker.log("whose answer was lost").await;
    worker.hear("started 2 attempt 1").await;
    worker.order("end 2");
    soon(job.result()).await.unwrap();
    let row = place.job(job.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    assert_eq!((row.token, row.worker), (claimed.token, Some(owner.id)));
    assert!(place.attempts(job.id()).await.is_empty());
    worker.terminate();
    let ended = worker.ended().await.well();
    assert!(ended.out.ends_with("started 2 attempt 1\ndone 2\n"));
}

async fn a_finish_whose_answer_is_lost_counts_once(on: On) {
    let server = Server::start(on.server()).await;
    let mut place = Place::within(on, &server).await;
    let proxy = Proxy::to(server.port()).await;
    place.reached_by(place.space().url_through(&proxy));
    let words = ["--lease", "60s", "--concurrency", "1"];
    let mut worker = place.work(&words).await;
    let job = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let job = job.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    let before = place.job(job.id()).await;

    proxy.lose_answer(*job.id().0.as_bytes(), Some(b"COMMIT"));
    worker.order("end 1");
    worker.hear("done 1").await;
    let ended = place.reaches(job.id(), JobState::Succeeded).await;
    proxy.cut();
    worker.log("the store did not settle").await;
    // The slot is free again, and nothing is said of a lost lease.
    let next = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let next = next.await.unwrap();
    worker.hear("started 2 attempt 1").await;
    worker.order("end 2");
    soon(next.result()).await.unwrap();
    assert_eq!(place.job(job.id()).await, ended);
    assert_eq!((ended.token, ended.attempt), (before.token, 1));
    let log = place.tasker.jobs().log(job.id()).await.unwrap();
    assert_eq!(log.len(), 1, "{log:?}");
    worker.terminate();
    let ended = worker.ended().await.well();
    assert!(
        !ended.err.contains("the lease of this job"),
        "{}",
        ended.err
    );
    until("it has left", async || {
        place.tasker.workers().await.unwrap().is_empty()
    })
    .await;
}
