//! Several processes at one file, and somebody who does not let go of its lock.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, TransactionTrait};
use tasker::Tasker;

use crate::place::{On, Place};
use crate::process::{soon, until};
use crate::tasks::{Append, AppendParams};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    match on {
        On::Sqlite => trials!(
            on,
            [
                a_lock_held_for_seconds_makes_everybody_wait_and_nothing_else,
                a_lock_held_for_longer_than_the_lease_loses_no_job
            ]
        ),
        On::Postgres => trials!(
            on,
            [schemas_side_by_side_do_not_wait_for_each_others_migrations]
        ),
        On::MySql => Vec::new(),
    }
}

/// One schema's migration stands still in the middle; that of another is done meanwhile.
async fn schemas_side_by_side_do_not_wait_for_each_others_migrations(on: On) {
    let server = servers::shared(on.server()).await;
    let (stuck, free) = (server.installation().await, server.installation().await);
    // A schema that somebody makes and may yet undo: who wants to make it too waits for that.
    let mut options = ConnectOptions::new(server.url());
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    let making = other.begin().await.unwrap();
    let make = format!("create schema {}", stuck.name());
    making.execute_unprepared(&make).await.unwrap();
    let url = stuck.url();
    let waiting = tokio::spawn(async move { Tasker::connect(&url).await });
    let waits = "select count(*)::text from pg_stat_activity where wait_event_type = 'Lock' and query like 'CREATE SCHEMA%'";
    until("its migration stands still", async || {
        server.text(waits).await != "0"
    })
    .await;

    soon(Tasker::connect(&free.url())).await.unwrap();
    assert!(!waiting.is_finished());
    making.rollback().await.unwrap();
    soon(waiting).await.unwrap().unwrap();
}

/// X-C11, with a lease that outlives the lock.
async fn a_lock_held_for_seconds_makes_everybody_wait_and_nothing_else(on: On) {
    let runs = locked_out(on, "20s").await;
    assert!(runs.iter().all(|runs| *runs == 1), "{runs:?}");
}

/// X-C11, with a lease that does not: what runs meanwhile may run again.
async fn a_lock_held_for_longer_than_the_lease_loses_no_job(on: On) {
    let runs = locked_out(on, "2s").await;
    let twice = runs.iter().sum::<usize>() - runs.len();
    assert!(twice <= 8, "{twice} runs too many");
}

/// Locks the database for 3 s in the middle of the work; gives how often each job was run.
async fn locked_out(on: On, lease: &str) -> Vec<usize> {
    const JOBS: usize = 300;
    let place = Place::new(on).await;
    let worker = place.work(&["--concurrency", "8", "--lease", lease]).await;
    let params = || AppendParams::new(place.file()).takes(5);
    let jobs = Append::enqueue_many((0..JOBS).map(|_| params())).on(&place.tasker);
    jobs.await.expect("the store takes them");
    until("it works", async || place.ran() > 0).await;
    let lock = place.lock().await;
    let before = place.ran();
    // Asked for under the lock, there when it is gone.
    let tasker = place.tasker.clone();
    let late = Append::enqueue(params()).on(&tasker).into_future();
    let late = tokio::spawn(late);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!late.is_finished());
    // What was claimed ends; nothing else can be.
    assert!(place.ran() <= before + 16);
    lock.release().await;
    let late = late.await.expect("it does not panic");
    late.expect("the store takes it");
    place.all_succeed().await;
    worker.terminate();
    worker.ended().await.well();

    assert_eq!(place.succeeded().await, (JOBS + 1, JOBS + 1));
    let runs = place.runs();
    assert_eq!(runs.len(), JOBS + 1);
    runs.values().map(Vec::len).collect()
}
