//! Handlers that use up the application's connections: the store has its own.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use tasker::{Registry, State, States, Tasker, task};
use tasker_store::SqlStore;

use crate::place::{On, Place};
use crate::process::soon;
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    if on == On::Sqlite {
        return Vec::new();
    }
    trials!(
        on,
        [a_hundred_handlers_with_one_connection_stop_neither_finishes_nor_heartbeats]
    )
}

/// Use the application's connection for a while.
#[task(max_attempts = 1)]
async fn borrow(connection: State<DatabaseConnection>, millis: u64) -> anyhow::Result<()> {
    let tx = connection.begin().await?;
    tx.execute_unprepared("select 1").await?;
    tokio::time::sleep(Duration::from_millis(millis)).await;
    tx.commit().await?;
    Ok(())
}

/// X-C5, X-C6.
async fn a_hundred_handlers_with_one_connection_stop_neither_finishes_nor_heartbeats(on: On) {
    const LEASE: Duration = Duration::from_secs(2);
    let place = Place::new(on).await;
    let mut options = ConnectOptions::new(place.space().driver_url());
    options
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(60));
    let connection = Database::connect(options).await.unwrap();
    let store = SqlStore::connect(place.url()).await.unwrap();
    let mut registry = Registry::default();
    registry.add::<Borrow>().unwrap();
    let mut states = States::default();
    states.insert::<DatabaseConnection>(State::from(Arc::new(connection)));
    let tasker = Tasker::builder()
        .store(Arc::new(store))
        .registry(registry)
        .states(states);
    let tasker = tasker.connect().await.unwrap();
    // The first holds the connection for longer than the lease, and all others wait for it.
    let millis = std::iter::once(3 * LEASE.as_millis() as u64).chain([5; 299]);
    let jobs = Borrow::enqueue_many(millis.map(BorrowParams::new)).on(&tasker);
    let jobs = jobs.await.unwrap();
    let worker = tasker
        .worker()
        .concurrency(100)
        .lease(LEASE)
        .until_empty(true)
        .build()
        .unwrap();
    // Somebody who would rescue them.
    let rescuer = place.work(&[]).await;
    let summary = soon(worker.run()).await.unwrap();
    assert_eq!((summary.succeeded, summary.failed), (300, 0));
    for job in [&jobs[0], &jobs[299]] {
        assert_eq!(job.job().await.unwrap().attempt, 1);
        assert!(place.attempts(job.id()).await.is_empty());
    }
    rescuer.terminate();
    rescuer.ended().await.well();
}
