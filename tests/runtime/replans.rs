//! Schedules that are changed, deleted and found while programs run.

use std::time::Duration;

use serde_json::json;
use tasker::schedule::{Fold, Gap, Rule};
use tasker::{JobQuery, JobState, Registry, ScheduleQuery, ScheduleState, Tasker};
use tasker_store::Store;

use crate::harness::{Bench, Working};
use crate::plans::{HOUR, at, becomes, echoes, is_planned, planned, read, text, told};
use crate::schedules::patient;
use crate::tasks::{Echo, Failing, Nested, NestedParams};

/// D-51: what was read, changed and saved is what is kept; what is not set stays.
#[tokio::test]
async fn an_update_changes_what_is_set() {
    let (bench, _clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    let made = schedules
        .create::<Echo>("noon", "daily 12:00", text("noon"))
        .tz("Europe/London")
        .description("At noon.")
        .max_executions(9)
        .await
        .unwrap();
    let later = made.rule.replace("12:00", "13:00 except weekends");
    let changed = schedules.update("noon").rule(&later).await.unwrap();
    assert_eq!((&changed.rule, changed.next_run_at), (&later, None));
    assert_eq!(
        (&changed.tz, &changed.description, changed.max_executions),
        (&made.tz, &made.description, Some(9))
    );
    assert_eq!(read(&bench, "noon").await, changed);
    let folded = schedules
        .update("noon")
        .gap(Gap::Skip)
        .fold(Fold::Both)
        .max_executions(None)
        .params_of::<Echo>(text("one o'clock"))
        .queue("slow")
        .await
        .unwrap();
    let expected: Rule = format!("{later} gap skip fold both").parse().unwrap();
    assert_eq!(folded.rule.parse::<Rule>().unwrap(), expected);
    assert_eq!(folded.max_executions, None);
    assert_eq!(folded.params, json!({ "text": "one o'clock" }).to_string());
    let plain = schedules
        .update("noon")
        .fold(Fold::First)
        .queue_of_task()
        .version(folded.version)
        .await
        .unwrap();
    assert!(plain.rule.contains("fold first"), "{}", plain.rule);
    assert_eq!(plain.queue, None);
    let late = schedules
        .update("noon")
        .description("x")
        .version(folded.version);
    let late = told(late.await);
    assert!(late.contains("changed meanwhile") && late.contains(&plain.version.to_string()));
    let wrong = [
        told(schedules.update("noon").rule("daily 25:00").await),
        told(schedules.update("noon").params(json!({ "txet": 1 })).await),
        told(
            schedules
                .update("noon")
                .end(at("2025-01-01T00:00:00Z"))
                .await,
        ),
        told(schedules.update("noon").params_of::<Failing>(()).await),
        told(schedules.update("nono").description("x").await),
    ];
    let parts = ["hour", "txet", "later", "`failing`", "did you mean `noon`?"];
    for (said, part) in wrong.iter().zip(parts) {
        assert!(said.contains(part), "lacks `{part}`: {said}");
    }
    assert_eq!(
        read(&bench, "noon").await,
        plain,
        "nothing of that was kept"
    );
}

#[tokio::test]
async fn a_changed_rule_is_what_runs_next() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("often", "hourly :50", text("often"))
        .await
        .unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "often", is_planned).await;
    schedules.update("often").rule("hourly :10").await.unwrap();
    let moved = becomes(&bench, "often", is_planned).await;
    assert_eq!(moved.next_run_at, Some(at("2025-06-01T12:10:00Z")));
    clock.advance(HOUR);
    becomes(&bench, "often", |often| often.executions == 1).await;
    working.stop().await;
    assert_eq!(planned(&echoes(&bench).await), [at("2025-06-01T12:10:00Z")]);
}

#[tokio::test]
async fn schedules_of_code_are_changed_in_code() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    let working = bench.work_with(patient);
    becomes(&bench, "hourly", is_planned).await;
    let update = told(schedules.update("hourly").rule("daily 12:00").await);
    assert!(update.contains("change it there"), "{update}");
    let taken = told(
        schedules
            .create::<Echo>("hourly", "daily 12:00", text(""))
            .await,
    );
    assert!(taken.contains("choose another"), "{taken}");
    let erase = told(schedules.erase("hourly").await);
    assert!(erase.contains("would come back"), "{erase}");
    becomes(&bench, "nightly/night", is_planned).await;
    // Deleted softly it stays deleted, whatever is deployed.
    assert!(schedules.delete("hourly").await.unwrap());
    working.stop().await;
    let working = bench.work_with(patient);
    clock.advance(24 * HOUR);
    becomes(&bench, "nightly/night", |night| night.executions == 1).await;
    working.stop().await;
    let deleted = read(&bench, "hourly").await;
    assert!(deleted.deleted_at.is_some());
    assert_eq!(deleted.executions, 0);
    assert!(schedules.restore("hourly").await.unwrap());
    let names: Vec<String> = (schedules.list().await.unwrap().into_iter())
        .map(|schedule| schedule.name)
        .collect();
    assert_eq!(names, ["hourly", "nightly/night"]);
}

#[tokio::test]
async fn a_deleted_schedule_can_be_restored_until_it_is_erased() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("often", "hourly :30", text("often"))
        .await
        .unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "often", is_planned).await;
    becomes(&bench, "hourly", is_planned).await;
    assert!(schedules.delete("often").await.unwrap());
    assert!(!schedules.delete("often").await.unwrap());
    clock.advance(3 * HOUR);
    becomes(&bench, "hourly", |hourly| hourly.executions == 1).await;
    for said in [
        told(schedules.run_now("often").await),
        told(schedules.update("often").description("x").await),
        told(schedules.create::<Echo>("often", "hourly", text("")).await),
    ] {
        assert!(said.contains("restore it"), "{said}");
    }
    assert!(schedules.next("often", 3).await.unwrap().is_empty());
    assert!(schedules.restore("often").await.unwrap());
    let back = becomes(&bench, "often", is_planned).await;
    let next = at("2025-06-01T15:30:00Z");
    assert_eq!((back.next_run_at, back.executions), (Some(next), 0));
    working.stop().await;
    assert!(schedules.erase("often").await.unwrap());
    assert!(!schedules.erase("often").await.unwrap());
    assert!(!schedules.restore("often").await.unwrap());
    let gone = told(schedules.run_now("often").await);
    assert!(
        gone.contains("no schedule `often` is in the store"),
        "{gone}"
    );
    assert_eq!(echoes(&bench).await, []);
}

/// DESIGN 2.2: a task of another program is known by its mirrored definition.
#[tokio::test]
async fn a_schedule_of_a_task_of_another_program_fires_there() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let elsewhere = Tasker::builder()
        .store(std::sync::Arc::new(bench.store.clone()))
        .registry(Registry::default())
        .connect()
        .await
        .unwrap();
    let create = |params| {
        let schedules = elsewhere.schedules();
        schedules.create_by_alias("from-afar", "Nested", "hourly :30", params)
    };
    let params = json!({ "address": { "street": "Main" } });
    let unknown = told(create(params.clone()).await);
    assert!(unknown.contains("neither in this binary nor in the store"));
    Working::start(&bench.tasker, |worker| worker.until_empty(true))
        .ended()
        .await;
    let missing = told(create(json!({})).await);
    assert!(missing.contains("param `address`: is missing"), "{missing}");
    let made = create(params).await.unwrap();
    assert_eq!(made.alias, "nested", "as its program writes it");
    let by_hand = elsewhere.schedules().run_now("from-afar").await.unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "from-afar", is_planned).await;
    clock.advance(HOUR);
    becomes(&bench, "from-afar", |afar| afar.executions == 1).await;
    assert_eq!(by_hand.result().await.unwrap(), json!("Main 0 None"));
    working.stop().await;
    // The typed form stores the same.
    let address = crate::tasks::Address {
        street: "Main".into(),
        lines: vec![],
    };
    let typed = bench.tasker.schedules();
    let typed = typed.create::<Nested>("typed", "hourly", NestedParams::new(address));
    let params: serde_json::Value = serde_json::from_str(&typed.await.unwrap().params).unwrap();
    assert_eq!(params["address"]["street"], json!("Main"));
}

#[tokio::test]
async fn how_a_schedule_fared_is_kept_beyond_its_jobs() {
    let (bench, clock) = Bench::at("2025-06-01T00:00:00Z").await;
    bench
        .tasker
        .schedules()
        .create::<Failing>("doomed", "daily 12:00", ())
        .await
        .unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "doomed", is_planned).await;
    assert_eq!(read(&bench, "doomed").await.last_outcome, None);
    clock.advance(13 * HOUR);
    let failed = becomes(&bench, "doomed", |doomed| {
        doomed.last_outcome.is_some() || {
            // Its retries wait for a clock that stands still.
            clock.advance(Duration::from_secs(1));
            false
        }
    })
    .await;
    assert_eq!(failed.last_outcome, Some(JobState::Failed));
    let error = failed.last_error.clone().expect("it failed");
    assert!(error.contains("could not save"), "{error}");
    working.stop().await;
    bench.tasker.schedules().pause("doomed").await.unwrap();
    clock.advance(10 * 24 * HOUR);
    while bench.store.prune(100).await.unwrap().more {}
    let query = JobQuery {
        alias: Some("failing".into()),
        ..JobQuery::default()
    };
    assert_eq!(bench.tasker.jobs().list(query).await.unwrap(), []);
    let after = read(&bench, "doomed").await;
    assert_eq!(
        (after.last_outcome, after.last_error),
        (failed.last_outcome, failed.last_error)
    );
}

#[tokio::test]
async fn schedules_are_found_by_what_they_are() {
    let (bench, _clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    for name in ["mail/a", "mail/b", "other"] {
        schedules
            .create::<Echo>(name, "daily 12:00", text(name))
            .await
            .unwrap();
    }
    assert!(schedules.pause("mail/b").await.unwrap());
    let find = async |query: ScheduleQuery| -> Vec<String> {
        let found = schedules.find(query).await.unwrap();
        found.into_iter().map(|schedule| schedule.name).collect()
    };
    let named = ScheduleQuery {
        name: Some("mail/*".into()),
        ..ScheduleQuery::default()
    };
    assert_eq!(find(named.clone()).await, ["mail/a", "mail/b"]);
    let paused = ScheduleQuery {
        states: vec![ScheduleState::Paused],
        ..named
    };
    assert_eq!(find(paused).await, ["mail/b"]);
}
