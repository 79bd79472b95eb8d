//! SQLite's one write lock, in the hands of the caller's own transaction; and a database in memory, whose one connection
//! is the lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use sea_orm::{ConnectOptions, Database};
use tasker::{JobState, Tasker};

use crate::place::{DATABASES, Place, states};
use crate::process::soon;
use crate::run;
use crate::tasks::{Clumsy, Probe, SendMail, SendMailParams};
use crate::worker::{Working, drain};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "sqlite/lock/a_handler_that_enqueues_past_its_own_transaction_is_told",
            || run(a_handler_that_enqueues_past_its_own_transaction_is_told()),
        ),
        Trial::test("sqlite-memory/lock/one_connection_is_shared", || {
            run(one_connection_is_shared())
        }),
        Trial::test(
            "sqlite-memory/lock/an_enqueue_past_a_transaction_is_told",
            || run(an_enqueue_past_a_transaction_is_told()),
        ),
    ]
}

/// The worker's own writes wait for the same lock meanwhile, and go on.
async fn a_handler_that_enqueues_past_its_own_transaction_is_told() {
    let place = Place::new(&DATABASES[0]).await;
    let job = Clumsy::enqueue().on(&place.tasker).await.unwrap();
    let working = Working::start(&place.tasker);
    let begun = Instant::now();
    let row = soon(job.wait()).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(row.state, JobState::Failed);
    let error = row.error.unwrap();
    assert!(error.contains("`.within(&tx)`"), "{error}");
    let span = Duration::from_secs(5)..Duration::from_secs(12);
    assert!(span.contains(&took), "{took:?}");
    let after = SendMail::enqueue(SendMailParams::new(1)).on(&place.tasker);
    soon(after.await.unwrap().result()).await.unwrap();
    working.stop().await;
}

async fn in_memory() -> Tasker {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    let states = states(&Arc::new(Probe::default()), &db);
    let tasker = Tasker::builder().database(db).states(states);
    tasker.connect().await.unwrap()
}

async fn one_connection_is_shared() {
    let tasker = in_memory().await;
    let lost = tasker.begin().await.unwrap();
    let job = SendMail::enqueue(SendMailParams::new(1)).on(&tasker);
    job.within(&lost).await.unwrap();
    lost.rollback().await.unwrap();
    let tx = tasker.begin().await.unwrap();
    let job = SendMail::enqueue(SendMailParams::new(2)).on(&tasker);
    let job = job.within(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(drain(&tasker).await.0.succeeded, 1);
    assert_eq!(job.result().await.unwrap(), "order 2 is on its way");
}

async fn an_enqueue_past_a_transaction_is_told() {
    let tasker = in_memory().await;
    let tx = tasker.begin().await.unwrap();
    let job = || SendMail::enqueue(SendMailParams::new(1)).on(&tasker);
    let begun = Instant::now();
    let error = soon(job()).await.unwrap_err().to_string();
    let took = begun.elapsed();
    assert!(error.contains("`.within(&tx)`"), "{error}");
    let span = Duration::from_secs(5)..Duration::from_secs(10);
    assert!(span.contains(&took), "{took:?}");
    job().within(&tx).await.unwrap();
    tx.commit().await.unwrap();
    job().await.unwrap();
    assert_eq!(drain(&tasker).await.0.succeeded, 2);
}
