//! `Enqueue::within`: jobs in the application's transaction.

use std::time::{Duration, Instant};

use sea_orm::{Database, TransactionTrait};
use serde_json::json;
use tasker::{JobQuery, JobState, Tasker, WorkerEvent};
use tasker_store::ErrorKind;

use crate::place::{Place, leave_effect};
use crate::process::soon;
use crate::tasks::{RelayBlocking, SendMail, SendMailParams};
use crate::worker::{Working, drain};

async fn jobs(place: &Place) -> Vec<tasker::Job> {
    let jobs = place.tasker.jobs().list(JobQuery::default()).await;
    jobs.expect("the store answers")
}

/// D-55.
pub(crate) async fn an_order_and_its_mail_are_there_together_or_not_at_all(place: Place) {
    let mail = |order| SendMail::enqueue(SendMailParams::new(order)).on(&place.tasker);
    let tx = place.tasker.begin().await.unwrap();
    leave_effect(&tx, 1, 0).await.unwrap();
    let lost = mail(1).within(&tx).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(
        (place.effects().await, jobs(&place).await),
        (vec![], vec![])
    );
    assert!(matches!(
        lost.job().await,
        Err(tasker::Error::JobGone(id)) if id == lost.id()
    ));

    // Any transaction of the application's will do.
    let tx = place.db.begin().await.unwrap();
    leave_effect(&tx, 2, 0).await.unwrap();
    let job = mail(2).within(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(place.effects().await, [(2, 0)]);
    assert_eq!(job.job().await.unwrap().state, JobState::Queued);
    assert_eq!(jobs(&place).await.len(), 1);

    assert_eq!(drain(&place.tasker).await.0.succeeded, 1);
    assert_eq!(job.result().await.unwrap(), "order 2 is on its way");
}

pub(crate) async fn many_jobs_and_jobs_by_alias_go_into_it_too(place: Place) {
    for commit in [false, true] {
        let tx = place.tasker.begin().await.unwrap();
        let orders = (0..300).map(SendMailParams::new);
        let many = SendMail::enqueue_many(orders).on(&place.tasker).within(&tx);
        let many = many.await.unwrap();
        let by_alias = (place.tasker)
            .enqueue_by_alias("Send_Mail", json!({"order": 300}))
            .within(&tx);
        let by_alias = by_alias.await.unwrap();
        let quiet = SendMail::enqueue_many([SendMailParams::new(301)]).within(&tx);
        let quiet = quiet.quiet().on(&place.tasker).await.unwrap();
        assert_eq!((many.len(), quiet.len()), (300, 1));
        match commit {
            true => tx.commit().await.unwrap(),
            false => tx.rollback().await.unwrap(),
        }
        assert_eq!(by_alias.job().await.is_ok(), commit);
        let there = many[299].job().await;
        assert_eq!(
            there.is_ok_and(|job| job.params == r#"{"order":299}"#),
            commit
        );
    }
    assert_eq!(drain(&place.tasker).await.0.succeeded, 302);
}

pub(crate) async fn options_come_in_any_order(place: Place) {
    let tx = place.tasker.begin().await.unwrap();
    let job = SendMail::enqueue(SendMailParams::new(1))
        .queue("never")
        .within(&tx)
        .priority(3)
        .delay(Duration::from_secs(60))
        .tag("tenant:42")
        .quiet()
        .on(&place.tasker)
        .within(&tx)
        .queue("bulk")
        .max_attempts(2);
    let job = job.await.unwrap();
    tx.commit().await.unwrap();
    let row = job.job().await.unwrap();
    assert_eq!(
        (row.queue.as_str(), row.priority, row.max_attempts, row.tags),
        ("bulk", 3, Some(2), vec!["tenant:42".to_owned()])
    );
    assert_eq!(row.state, JobState::Scheduled);
}

pub(crate) async fn a_blocking_handler_enqueues_within_its_transaction(place: Place) {
    RelayBlocking::enqueue().on(&place.tasker).await.unwrap();
    let (summary, events) = drain(&place.tasker).await;
    assert_eq!(summary.succeeded, 2, "{events:?}");
}

pub(crate) async fn a_transaction_elsewhere_is_refused(place: Place) {
    let elsewhere = Database::connect("sqlite::memory:").await.unwrap();
    let tx = elsewhere.begin().await.unwrap();
    let job = || SendMail::enqueue(SendMailParams::new(1));
    let Err(tasker::Error::Store(error)) = job().within(&tx).on(&place.tasker).await else {
        panic!("it was taken");
    };
    if place.db.get_database_backend() == elsewhere.get_database_backend() {
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(
            error.to_string().contains("the store's own database"),
            "{error}"
        );
    } else {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("Sqlite"), "{error}");
    }
    let memory = Tasker::connect("memory:").await.unwrap();
    let Err(tasker::Error::Store(error)) = job().within(&tx).on(&memory).await else {
        panic!("it was taken");
    };
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(
        error.to_string().contains("`memory` has no transactions"),
        "{error}"
    );
    assert!(memory.begin().await.is_err());
}

pub(crate) async fn a_job_is_found_soon_after_the_commit(place: Place) {
    let mut working = Working::start(&place.tasker);
    // Until it looks every two seconds only.
    for _ in 0..6 {
        working.event(|event| event == WorkerEvent::Idle).await;
    }
    let tx = place.tasker.begin().await.unwrap();
    let job = SendMail::enqueue(SendMailParams::new(1)).on(&place.tasker);
    let job = job.within(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let committed = Instant::now();
    soon(working.event(|event| event == WorkerEvent::Started(job.id()))).await;
    let took = committed.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    working.stop().await;
}
