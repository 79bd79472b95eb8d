//! One attempt after another: success, failure, panic, time limit, and what a handler can ask for.

use tasker::{JobState, Registry, Tasker};
use tasker_store::{FailureKind, NewJob, Store};

use crate::harness::{Bench, Working};
use crate::tasks::{
    BlockingParent, Chatty, Echo, EchoParams, Ending as How, EndingTask, EndingTaskParams, Endless,
    Failing, Panicking, PanickingThread, Parent, Snoozing, Stubborn, Verbose, VerboseParams,
};

/// Q-02, D-10.
#[tokio::test]
async fn a_job_succeeds_or_fails_after_exactly_its_attempts() {
    let bench = Bench::new().await;
    let good = Echo::enqueue(EchoParams::new().text("Tom"))
        .on(&bench.tasker)
        .await
        .unwrap();
    let bad = Failing::enqueue().on(&bench.tasker).await.unwrap();
    let summary = bench.drain().await;
    assert_eq!(
        (summary.succeeded, summary.failed, summary.retried),
        (1, 1, 1)
    );
    assert_eq!(good.result().await.unwrap(), "Tom");
    let row = bad.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Failed, 2));
    assert_eq!(
        row.error.as_deref(),
        Some("could not save: the disk is full")
    );
    let attempts = bench.tasker.jobs().attempts(bad.id()).await.unwrap();
    let kinds: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.attempt, attempt.kind))
        .collect();
    assert_eq!(kinds, [(1, FailureKind::Error), (2, FailureKind::Error)]);
    let mut said = bench.probe.rest().await;
    said.sort();
    assert_eq!(said, ["Tom", "attempt 1", "attempt 2"]);
}

/// D-54, Q-31, X-G1.
#[tokio::test]
async fn a_panic_is_caught_recorded_with_its_place_and_retried() {
    let bench = Bench::new().await;
    let job = Panicking::enqueue().on(&bench.tasker).await.unwrap();
    let thread = PanickingThread::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    assert_eq!(job.job().await.unwrap().state, JobState::Succeeded);
    let attempts = bench.tasker.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts[0].kind, FailureKind::Panic);
    assert!(
        attempts[0].message.contains("tasks.rs:"),
        "{}",
        attempts[0].message
    );
    assert!(
        attempts[0]
            .message
            .ends_with("the first attempt is no good"),
        "{}",
        attempts[0].message
    );
    let error = thread.job().await.unwrap().error.unwrap();
    assert!(
        error.contains("tasks.rs:") && error.ends_with("no good either"),
        "{error}"
    );
}

/// Q-03, X-G2.
#[tokio::test]
async fn a_time_limit_ends_an_attempt_and_frees_its_slot() {
    let bench = Bench::new().await;
    let endless = Endless::enqueue().on(&bench.tasker).await.unwrap();
    let stubborn = Stubborn::enqueue().on(&bench.tasker).await.unwrap();
    let after = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    bench
        .work_with(|worker| worker.until_empty(true).concurrency(1))
        .ended()
        .await;
    for job in [endless.id(), stubborn.id()] {
        let row = bench.tasker.jobs().get(job).await.unwrap().unwrap();
        assert_eq!(row.state, JobState::Failed);
        let error = row.error.unwrap();
        assert!(error.contains("timeout of 50ms"), "{error}");
        assert_eq!(
            bench.tasker.jobs().attempts(job).await.unwrap()[0].kind,
            FailureKind::Timeout
        );
    }
    assert_eq!(after.job().await.unwrap().state, JobState::Succeeded);
    assert!(bench.probe.rest().await.contains(&"told to end".to_owned()));
}

#[tokio::test]
async fn a_handler_may_discard_cancel_or_say_when_to_retry() {
    let bench = Bench::new().await;
    let job = EndingTaskParams::new;
    let discarded = EndingTask::enqueue(job(How::Discard))
        .on(&bench.tasker)
        .await
        .unwrap();
    let canceled = EndingTask::enqueue(job(How::Cancel))
        .on(&bench.tasker)
        .await
        .unwrap();
    let retried = EndingTask::enqueue(job(How::RetryAfter))
        .on(&bench.tasker)
        .await
        .unwrap();
    bench.drain().await;
    let row = discarded.job().await.unwrap();
    assert_eq!(
        (row.state, row.attempt, row.error.as_deref()),
        (JobState::Failed, 1, Some("hopeless"))
    );
    let row = canceled.job().await.unwrap();
    assert_eq!(
        (row.state, row.attempt, row.error.as_deref()),
        (JobState::Canceled, 1, Some("not wanted"))
    );
    let row = retried.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 2));
}

#[tokio::test]
async fn a_snooze_uses_up_no_attempt() {
    let bench = Bench::new().await;
    let job = Snoozing::enqueue().on(&bench.tasker).await.unwrap();
    let working = bench.work();
    assert_eq!(bench.probe.hear().await, "snooze");
    assert_eq!(bench.probe.hear().await, "snooze");
    bench.probe.open(1);
    assert_eq!(job.result().await.unwrap(), 1);
    let row = job.job().await.unwrap();
    assert_eq!(row.attempt, 1);
    assert!(
        row.token >= 3,
        "the token grows with each claim: {}",
        row.token
    );
    working.stop().await;
}

/// X-B6: the path of the field, a backoff, the end, and the params intact.
#[tokio::test]
async fn params_that_no_longer_decode_fail_the_attempt_not_the_worker() {
    let bench = Bench::new().await;
    let params = r#"{"address":{"street":"High St","lines":[1,"two"]}}"#;
    let job = NewJob {
        max_attempts: Some(2),
        ..NewJob::new("nested", params)
    };
    let id = job.id;
    bench.store.enqueue(vec![job]).await.unwrap();
    let summary = bench.drain().await;
    assert_eq!((summary.retried, summary.failed), (1, 1));
    let row = bench.tasker.jobs().get(id).await.unwrap().unwrap();
    assert_eq!(row.state, JobState::Failed);
    assert_eq!(row.params, params);
    let error = row.error.unwrap();
    assert!(
        error.contains("`address.lines[1]`") && error.contains("\"two\""),
        "{error}"
    );
    assert_eq!(
        bench.tasker.jobs().attempts(id).await.unwrap()[1].kind,
        FailureKind::Params
    );
}

/// X-B6: a missing field with a default and an extra one.
#[tokio::test]
async fn params_of_an_older_release_still_decode() {
    let bench = Bench::new().await;
    let old = NewJob::new("echo", r#"{"gone":[1,2],"text":"old"}"#);
    let older = NewJob::new("echo", "{}");
    bench.store.enqueue(vec![old, older]).await.unwrap();
    assert_eq!(bench.drain().await.succeeded, 2);
    let mut said = bench.probe.rest().await;
    said.sort();
    assert_eq!(said, ["hi", "old"]);
}

/// Q-30, X-B4.
#[tokio::test]
async fn a_job_of_an_unknown_task_waits_for_a_worker_that_knows_it() {
    let bench = Bench::new().await;
    let mut only_failing = Registry::default();
    only_failing.add::<Failing>().unwrap();
    let ignorant = Tasker::builder()
        .registry(only_failing)
        .store(std::sync::Arc::new(bench.store.clone()))
        .states(tasker::States::default());
    let ignorant = ignorant.connect().await.unwrap();
    let job = Echo::enqueue(EchoParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    let error = ignorant.worker().build().unwrap_err().to_string();
    assert!(error.contains("task `failing`: no `State<"), "{error}");
    let mut registry = Registry::default();
    registry.add::<Parent>().unwrap();
    let ignorant = Tasker::builder()
        .registry(registry)
        .store(std::sync::Arc::new(bench.store.clone()));
    let ignorant = ignorant.connect().await.unwrap();
    let mut working = Working::start(&ignorant, |worker| worker);
    working
        .event(|event| event == tasker::WorkerEvent::Idle)
        .await;
    let row = job.job().await.unwrap();
    assert_eq!(
        (row.state, row.attempt, row.token),
        (JobState::Queued, 0, 0)
    );
    let unknown = tasker_store::Admin::unknown(&bench.store).await.unwrap();
    assert_eq!(unknown, [("echo".to_owned(), 1)]);
    bench.drain().await;
    assert_eq!(job.job().await.unwrap().state, JobState::Succeeded);
    working.stop().await;
}

/// D-23.
#[tokio::test]
async fn the_log_of_a_run_keeps_its_order_and_its_last_progress() {
    let bench = Bench::new().await;
    let job = Chatty::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    let log = bench.tasker.jobs().log(job.id()).await.unwrap();
    let said: Vec<_> = log
        .iter()
        .map(|line| (line.level.as_str(), line.message.as_str()))
        .collect();
    assert_eq!(
        said,
        [("info", "first"), ("warn", "second"), ("error", "third")]
    );
    let row = job.job().await.unwrap();
    let (started, ended) = (row.started_at.unwrap(), row.finished_at.unwrap());
    assert!(
        started <= log[0].at && log[2].at <= ended,
        "{started} {log:?} {ended}"
    );
    let progress = row.progress.unwrap();
    assert_eq!((progress.done, progress.total), (2, 2));
}

#[tokio::test]
async fn a_log_is_bounded_and_says_what_it_dropped() {
    let bench = Bench::new().await;
    let job = Verbose::enqueue(VerboseParams::new())
        .on(&bench.tasker)
        .await
        .unwrap();
    bench.drain().await;
    let log = bench.tasker.jobs().log(job.id()).await.unwrap();
    assert_eq!(log.len(), 1001);
    assert_eq!(log[0].message, "line 0");
    assert!(
        log[1000].message.starts_with("1000 more lines dropped"),
        "{}",
        log[1000].message
    );
}

#[tokio::test]
async fn a_handler_enqueues_on_the_tasker_that_runs_it() {
    let bench = Bench::new().await;
    let parent = Parent::enqueue().on(&bench.tasker).await.unwrap();
    let thread = BlockingParent::enqueue().on(&bench.tasker).await.unwrap();
    let summary = bench.drain().await;
    assert_eq!(summary.succeeded, 4);
    assert_eq!(bench.probe.rest().await, ["child", "child"]);
    assert_ne!(
        parent.result().await.unwrap(),
        thread.result().await.unwrap()
    );
}

/// D-28.
#[tokio::test]
async fn runs_of_one_task_do_not_see_each_other() {
    let bench = Bench::new().await;
    let texts: Vec<String> = (0..50).map(|number| format!("text {number}")).collect();
    let params = texts
        .iter()
        .map(|text| EchoParams::new().text(text.as_str()));
    let jobs = Echo::enqueue_many(params).on(&bench.tasker).await.unwrap();
    bench.drain().await;
    for (job, text) in jobs.iter().zip(&texts) {
        assert_eq!(&job.result().await.unwrap(), text);
    }
}
