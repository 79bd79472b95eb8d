//! A program without `#[tasker::main]`: connect, install, enqueue, work, in a process of its own.
//!
//! There is one process-wide tasker and no way to take it out again, so everything stands in one test.
#![allow(
    clippy::unwrap_used,
    reason = "a panic with its place is what a test is for"
)]

use tasker::{Error, JobQuery, Tasker, task};

/// Give the number of a job that this enqueues, on whatever tasker is the current one.
#[task]
async fn parent() -> tasker::Result<i64> {
    Ok(Child::enqueue().await?.number())
}

/// As `parent`, on a thread of its own.
#[task]
fn plain_parent() -> tasker::Result<i64> {
    Ok(Child::enqueue().blocking()?.number())
}

#[task]
async fn child() {}

async fn jobs(tasker: &Tasker, alias: &str) -> usize {
    let query = JobQuery {
        alias: Some(alias.into()),
        ..JobQuery::default()
    };
    tasker.jobs().list(query).await.unwrap().len()
}

#[tokio::test]
async fn there_is_one_tasker_for_the_process_and_handlers_use_their_own() {
    let error = Child::enqueue().await.unwrap_err();
    assert!(matches!(error, Error::NotInstalled), "{error:?}");
    for part in [
        "no tasker is installed",
        "`tasker.install()`",
        "`.on(&tasker)`",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    assert!(matches!(Tasker::current(), Err(Error::NotInstalled)));

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
    let installed = Tasker::connect(url).await.unwrap();
    installed.install().unwrap();
    let other = Tasker::connect("memory:").await.unwrap();
    for again in [&installed, &other] {
        let error = again.install().unwrap_err();
        assert!(matches!(error, Error::AlreadyInstalled), "{error:?}");
        assert!(error.to_string().contains("`.on(&tasker)`"), "{error}");
    }

    let job = Child::enqueue().await.unwrap();
    assert_eq!(
        (jobs(&installed, "child").await, jobs(&other, "child").await),
        (1, 0)
    );
    let parents = [
        Parent::enqueue().on(&other).await.unwrap(),
        PlainParent::enqueue().on(&other).await.unwrap(),
    ];
    let worker = other.worker().until_empty(true).build().unwrap();
    assert_eq!(worker.run().await.unwrap().succeeded, 4);
    // The one that ran them, although another is installed.
    assert_eq!(
        (jobs(&installed, "child").await, jobs(&other, "child").await),
        (1, 2)
    );
    assert_ne!(
        parents[0].result().await.unwrap(),
        parents[1].result().await.unwrap()
    );

    // Run in place, the installed one is the current one.
    Parent::run().await.unwrap();
    assert_eq!(jobs(&installed, "child").await, 2);
    let worker = installed.worker().until_empty(true).build().unwrap();
    assert_eq!(worker.run().await.unwrap().succeeded, 2);
    job.result().await.unwrap();
}
