//! Enqueueing: options, the dynamic form, results, and what is refused.

use std::time::Duration;

use serde_json::json;
use tasker::{Error, JobQuery, JobState, Registry, Tasker};

use crate::harness::{Bench, soon};
use crate::tasks::{Address, Echo, EchoParams, Failing, Gated, Huge, Nested, NestedParams};

/// Q-01, D-01.
#[tokio::test]
async fn a_job_is_queued_without_waiting_for_its_run() {
    let bench = Bench::new().await;
    let job = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    let row = job.job().await.unwrap();
    assert_eq!(row.state, JobState::Queued);
    assert_eq!(row.queue, "default");
    assert_eq!(row.attempt, 0);
    assert_eq!(row.params, r#"{"text":"hi"}"#);
    assert_eq!(
        (row.output, row.started_at, row.deleted_at),
        (None, None, None)
    );
}

#[tokio::test]
async fn options_beat_the_attribute_and_the_last_wins() {
    let bench = Bench::new().await;
    let job = Gated::enqueue()
        .queue("first")
        .priority(7)
        .max_attempts(9)
        .tag("tenant:42")
        .queue("second")
        .delay(Duration::from_secs(300))
        .on(&bench.tasker)
        .await
        .unwrap();
    let row = job.job().await.unwrap();
    assert_eq!(
        (row.queue.as_str(), row.priority, row.max_attempts),
        ("second", 7, Some(9))
    );
    assert_eq!(row.tags, ["tenant:42"]);
    assert_eq!(row.state, JobState::Scheduled);
    assert_eq!(
        row.due_at - row.enqueued_at,
        chrono::TimeDelta::seconds(300)
    );
}

#[tokio::test]
async fn an_empty_queue_name_means_default_and_a_bad_one_is_refused() {
    let bench = Bench::new().await;
    let job = Echo::enqueue(EchoParams::new())
        .queue("")
        .on(&bench.tasker)
        .await
        .unwrap();
    assert_eq!(job.job().await.unwrap().queue, "default");
    let kept = Echo::enqueue(EchoParams::new())
        .queue("my queue")
        .on(&bench.tasker)
        .await
        .unwrap();
    assert_eq!(kept.job().await.unwrap().queue, "my queue");
    let error = Echo::enqueue(EchoParams::new())
        .queue("a\nb")
        .on(&bench.tasker)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("is not a queue name"), "{error}");
}

/// X-F6: one byte below and above the limit.
#[tokio::test]
async fn params_over_the_limit_are_refused_with_the_cure() {
    let bench = Bench::new().await;
    let frame = r#"{"text":""}"#.len();
    let fits = "x".repeat((1 << 20) - frame);
    Echo::enqueue(EchoParams::new().text(fits.clone()))
        .on(&bench.tasker)
        .await
        .unwrap();
    let error = Echo::enqueue(EchoParams::new().text(fits + "x"))
        .on(&bench.tasker)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("store the data elsewhere"),
        "{error}"
    );
}

#[tokio::test]
async fn many_are_enqueued_in_order() {
    let bench = Bench::new().await;
    let params = ["a", "b", "c"].map(|text| EchoParams::new().text(text));
    let jobs = Echo::enqueue_many(params).on(&bench.tasker).await.unwrap();
    assert_eq!(jobs.len(), 3);
    assert!(
        jobs.windows(2)
            .all(|pair| pair[0].number() < pair[1].number())
    );
    bench.drain().await;
    assert_eq!(bench.probe.rest().await.len(), 3);
    assert_eq!(jobs[2].result().await.unwrap(), "c");
}

#[tokio::test]
async fn by_alias_is_checked_against_the_definition() {
    let bench = Bench::new().await;
    let tasker = &bench.tasker;
    let job = tasker
        .enqueue_by_alias("NESTED", json!({"address": {"street": "High St"}}))
        .await
        .unwrap();
    bench.drain().await;
    assert_eq!(job.result().await.unwrap(), json!("High St 0 None"));

    let missing = tasker
        .enqueue_by_alias("nested", json!({}))
        .await
        .unwrap_err();
    assert!(
        message(&missing).contains("`address`: is missing"),
        "{}",
        message(&missing)
    );
    let wrong = json!({"address": {"street": "High St", "lines": [1, "two"]}});
    let wrong = tasker.enqueue_by_alias("nested", wrong).await.unwrap_err();
    assert!(
        message(&wrong).contains("`address.lines[1]`"),
        "{}",
        message(&wrong)
    );
    let extra = json!({"address": {"street": "High St"}, "adress": 1});
    let extra = tasker.enqueue_by_alias("nested", extra).await.unwrap_err();
    assert!(
        message(&extra).contains("did you mean `address`?"),
        "{}",
        message(&extra)
    );
    let unknown = tasker
        .enqueue_by_alias("nestde", json!({}))
        .await
        .unwrap_err();
    assert!(
        message(&unknown).contains("did you mean `nested`?"),
        "{}",
        message(&unknown)
    );
}

#[tokio::test]
async fn by_alias_reaches_tasks_of_other_binaries_through_the_store() {
    let bench = Bench::new().await;
    let client = Tasker::builder()
        .registry(Registry::default())
        .store(std::sync::Arc::new(bench.store.clone()))
        .connect()
        .await
        .unwrap();
    let early = client
        .enqueue_by_alias("echo", json!({}))
        .await
        .unwrap_err();
    assert!(matches!(early, Error::UnknownTask { .. }), "{early}");
    // A worker that has run once leaves its definitions behind.
    bench.work().stop().await;
    let job = client
        .enqueue_by_alias("echo", json!({"text": "from afar"}))
        .await
        .unwrap();
    let wrong = client
        .enqueue_by_alias("echo", json!({"txt": 1}))
        .await
        .unwrap_err();
    assert!(
        message(&wrong).contains("did you mean `text`?"),
        "{}",
        message(&wrong)
    );
    bench.drain().await;
    assert_eq!(job.result().await.unwrap(), json!("from afar"));
}

#[tokio::test]
async fn a_disabled_task_is_refused_and_its_jobs_are_parked() {
    let bench = Bench::new().await;
    bench.work().stop().await;
    let parked = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    assert!(bench.tasker.tasks().disable("echo").await.unwrap());
    let error = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    bench.drain().await;
    let row = parked.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
    assert!(bench.tasker.tasks().enable("echo").await.unwrap());
    bench.drain().await;
    assert_eq!(parked.job().await.unwrap().state, JobState::Succeeded);
}

#[tokio::test]
async fn a_result_that_cannot_be_had_is_an_error_that_says_why() {
    let bench = Bench::new().await;
    let failing = Failing::enqueue()
        .max_attempts(1)
        .on(&bench.tasker)
        .await
        .unwrap();
    let canceled = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    canceled.cancel().await.unwrap();
    let huge = Huge::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    let error = failing.result().await.unwrap_err().to_string();
    assert!(
        error.ends_with("ended failed: could not save: the disk is full"),
        "{error}"
    );
    let error = canceled.result().await.unwrap_err().to_string();
    assert!(error.contains("ended canceled"), "{error}");
    let error = huge.result().await.unwrap_err().to_string();
    assert!(error.contains("more than is kept"), "{error}");
    assert_eq!(huge.job().await.unwrap().state, JobState::Succeeded);
    let log = bench.tasker.jobs().log(huge.id()).await.unwrap();
    assert!(
        log[0]
            .message
            .contains("output of 2097154 bytes was dropped"),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_result_is_awaited_from_another_process() {
    let bench = Bench::new().await;
    let job = Gated::enqueue().on(&bench.tasker).await.unwrap();
    let waiting = tokio::spawn(async move { job.result().await });
    let working = bench.work();
    assert_eq!(bench.probe.hear().await, "started");
    assert!(!waiting.is_finished());
    bench.probe.open(1);
    assert_eq!(soon(waiting).await.unwrap().unwrap(), 1);
    working.stop().await;
}

#[tokio::test]
async fn whoever_waits_for_a_job_is_told_that_it_was_deleted() {
    let bench = Bench::new().await;
    let job = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    let id = job.id();
    let waiting = tokio::spawn(async move { job.result().await });
    bench.tasker.jobs().delete(id).await.unwrap();
    let error = soon(waiting).await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::JobDeleted(deleted) if deleted == id),
        "{error}"
    );
}

#[tokio::test]
async fn run_in_place_makes_no_job() {
    let bench = Bench::new().await;
    let address = Address {
        street: "High St".into(),
        lines: vec![1],
    };
    let text = Nested::run(NestedParams::new(address)).await.unwrap();
    assert_eq!(text, "High St 1 None");
    assert!(
        bench
            .tasker
            .jobs()
            .list(JobQuery::default())
            .await
            .unwrap()
            .is_empty()
    );
    // The function itself is still just a function.
    assert!(crate::tasks::huge().await.is_ok());
}

/// The error and its causes in one line.
fn message(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}
