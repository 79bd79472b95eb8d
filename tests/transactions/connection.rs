//! `TaskerBuilder::database`: a store over the application's own connection.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection};
use tasker::{JobState, WorkerEvent};

use crate::place::Place;
use crate::process::{soon, until};
use crate::tasks::{Occupy, OccupyParams, SendMail, SendMailParams};
use crate::worker::Working;

/// X-C5.
pub(crate) async fn a_pool_of_one_connection_serves_a_hundred_handlers(place: Place) {
    let (tasker, _) = place.over(1).await;
    let params = (0..100).map(|_| OccupyParams::new());
    let jobs = Occupy::enqueue_many(params).on(&tasker).await.unwrap();
    let lease = Duration::from_secs(2);
    let working = Working::with(&tasker, |worker| worker.concurrency(100).lease(lease));
    for job in &jobs {
        let row = soon(job.wait()).await.unwrap();
        assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    }
    let (summary, events) = working.stop().await;
    assert_eq!(summary.succeeded, 100);
    keeps_its_lease(&events);
    let numbers: Vec<_> = jobs.iter().map(|job| (job.number(), 1)).collect();
    assert_eq!(place.effects().await, numbers);
}

/// X-C6.
pub(crate) async fn handlers_that_hold_every_connection_for_longer_than_the_lease_keep_their_jobs(
    place: Place,
) {
    let (tasker, _) = place.over(1).await;
    let params = (0..2).map(|_| OccupyParams::new().waits(true));
    let jobs = Occupy::enqueue_many(params).on(&tasker).await.unwrap();
    let lease = Duration::from_secs(1);
    let working = Working::with(&tasker, |worker| worker.lease(lease));
    place.probe.hear("occupied").await;
    let worker = async || tasker.workers().await.unwrap().pop().unwrap();
    let joined = worker().await.lease_until;
    until("it has beaten for three leases", async || {
        worker().await.lease_until > joined + 3 * lease
    })
    .await;
    // Others end meanwhile.
    let mail = SendMail::enqueue(SendMailParams::new(1)).on(&tasker);
    soon(mail.await.unwrap().result()).await.unwrap();
    assert_eq!(jobs[0].job().await.unwrap().state, JobState::Running);
    place.probe.go_on(2);
    for job in &jobs {
        let row = soon(job.wait()).await.unwrap();
        assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    }
    keeps_its_lease(&working.stop().await.1);
}

fn keeps_its_lease(events: &[WorkerEvent]) {
    let bad = events
        .iter()
        .find(|event| matches!(event, WorkerEvent::Fenced | WorkerEvent::LostLease(_)));
    assert_eq!(bad, None, "{events:?}");
}

pub(crate) async fn the_application_begins_over_its_own_connection(place: Place) {
    let (tasker, db) = place.over(1).await;
    assert_eq!(idle(&db), 1);
    let tx = tasker.begin().await.unwrap();
    assert_eq!(idle(&db), 0);
    let job = SendMail::enqueue(SendMailParams::new(1)).within(&tx);
    let job = job.on(&tasker).await.unwrap();
    tx.commit().await.unwrap();
    // It is the store that the URL leads to.
    let found = place.tasker.jobs().get(job.id()).await.unwrap();
    assert_eq!(found.map(|job| job.state), Some(JobState::Queued));
    // Closing the store leaves the application its own.
    tasker.close().await.unwrap();
    db.execute_unprepared("SELECT 1").await.unwrap();
}

/// How many of its connections nobody uses.
fn idle(db: &DatabaseConnection) -> usize {
    match db.get_database_backend() {
        DatabaseBackend::Postgres => db.get_postgres_connection_pool().num_idle(),
        DatabaseBackend::MySql => db.get_mysql_connection_pool().num_idle(),
        _ => db.get_sqlite_connection_pool().num_idle(),
    }
}
