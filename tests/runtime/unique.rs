//! Unique jobs as an application asks for them: by builder, by attribute, by alias, and on a schedule.

use std::time::Duration;

use serde_json::json;
use tasker::{
    EnqueueFate, Error, Holds, Instant, JobQuery, JobState, OnConflict, State, Task, Tasker,
    WorkerBuilder, task,
};
use tasker_store::{Store, Unique};

use crate::harness::{Bench, Probe, Working, soon};
use crate::made::{made, tasker_of};
use crate::tasks::{Deaf, Echo, EchoParams};

const HOUR: Duration = Duration::from_secs(3600);

/// Remind somebody.
#[task(unique(params(user, day), on_conflict = replace))]
async fn remind(
    probe: State<Probe>,
    #[param(name = "user_id")] user: u32,
    #[param(default = "today")] day: String,
    #[param(default = "")] text: String,
) {
    probe.say(format!("{user} {day} {text}"));
}

/// Build the index anew.
#[task(unique(until = started))]
async fn rebuild(probe: State<Probe>) {
    probe.say("started");
    probe.wait().await;
}

/// Bill the day.
#[task(unique(key = "the bill", period = "1d"))]
async fn bill(probe: State<Probe>) {
    probe.say("billed");
}

made!(Billing like Bill {
    alias: "billing",
    schedules: {
        static RULES: [tasker::ScheduleDefinition; 1] = [tasker::ScheduleDefinition {
            name: None,
            rule: "every 6h",
            tz: None,
            catch_up: tasker::CatchUp::Once,
            overlap: tasker::Overlap::Allow,
            params: || Ok(tasker::Fields::new()),
        }];
        &RULES
    },
});

fn remind_of(user: u32, text: &str) -> RemindParams {
    RemindParams::new(user).text(text)
}

async fn count(tasker: &Tasker, alias: &str) -> usize {
    let query = JobQuery {
        alias: Some(alias.into()),
        ..JobQuery::default()
    };
    tasker.jobs().list(query).await.unwrap().len()
}

/// X-E1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_enqueues_of_one_key_make_one_job() {
    let bench = Bench::new().await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let echo = EchoParams::new().text(n.to_string());
            let enqueue = Echo::enqueue(echo).unique("one").on(&bench.tasker);
            tokio::spawn(enqueue.into_future())
        })
        .collect();
    let mut handles = Vec::new();
    for call in calls {
        handles.push(call.await.unwrap().unwrap());
    }
    let new: Vec<_> = handles.iter().filter(|job| job.is_new()).collect();
    assert_eq!(new.len(), 1, "one is new");
    for job in &handles {
        assert_eq!(job.id(), new[0].id(), "and all are told which");
        if !job.is_new() {
            assert_eq!(job.fate(), EnqueueFate::Existing(JobState::Queued));
        }
    }
    assert_eq!(count(&bench.tasker, "echo").await, 1);
    // Whoever met it has its result too.
    bench.drain().await;
    let text = new[0].result().await.unwrap();
    assert_eq!(handles[99].result().await.unwrap(), text);
}

/// Q-29.
#[tokio::test]
async fn a_job_is_found_by_its_key() {
    let bench = Bench::new().await;
    let holder = || async { bench.tasker.jobs().holder("ECHO", "J").await.unwrap() };
    assert_eq!(holder().await, None);
    let enqueue = || {
        Echo::enqueue(EchoParams::new())
            .unique("J")
            .on(&bench.tasker)
    };
    let first = enqueue().await.unwrap();
    let second = enqueue().await.unwrap();
    assert_eq!(second.fate(), EnqueueFate::Existing(JobState::Queued));
    assert_eq!((first.id(), first.number()), (second.id(), second.number()));
    assert_eq!(holder().await.map(|job| job.id), Some(first.id()));
    bench.drain().await;
    assert_eq!(holder().await, None);
    assert!(enqueue().await.unwrap().is_new(), "the key is free again");
}

#[tokio::test]
async fn each_answer_to_a_conflict_is_told() {
    let bench = Bench::new().await;
    let echo = |text: &str| {
        let params = EchoParams::new().text(text);
        Echo::enqueue(params).unique("k").on(&bench.tasker)
    };
    let first = echo("first").await.unwrap();
    let skipped = echo("second").on_conflict(OnConflict::Skip).await.unwrap();
    assert_eq!(skipped.fate(), EnqueueFate::Skipped(JobState::Queued));
    let later = echo("third").delay(HOUR);
    let moved = later.on_conflict(OnConflict::Reschedule).await.unwrap();
    assert_eq!(moved.fate(), EnqueueFate::Rescheduled(JobState::Scheduled));
    let row = first.job().await.unwrap();
    assert!(row.due_at - row.enqueued_at >= chrono::TimeDelta::hours(1));
    assert_eq!(row.params, r#"{"text":"first"}"#);
    let replaced = echo("fourth").on_conflict(OnConflict::Replace);
    let replaced = replaced.priority(3).await.unwrap();
    assert_eq!(replaced.fate(), EnqueueFate::Replaced(JobState::Queued));
    for job in [&skipped, &moved, &replaced] {
        assert_eq!(job.id(), first.id());
    }
    bench.drain().await;
    assert_eq!(first.result().await.unwrap(), "fourth");
    assert_eq!(bench.probe.rest().await, ["fourth"]);
}

#[tokio::test]
async fn params_make_a_key_however_they_are_given() {
    let bench = Bench::new().await;
    let typed = Echo::enqueue(EchoParams::new()).unique_params();
    let typed = typed.on(&bench.tasker).await.unwrap();
    // The default is left out here.
    let dynamic = bench.tasker.enqueue_by_alias("echo", json!({}));
    let dynamic = dynamic.unique_params().await.unwrap();
    assert_eq!((dynamic.id(), dynamic.is_new()), (typed.id(), false));
    let other = bench
        .tasker
        .enqueue_by_alias("echo", json!({"text": "other"}));
    assert!(other.unique_params().await.unwrap().is_new());
    let chosen = Echo::enqueue(EchoParams::new()).unique_params_of(["text"]);
    let chosen = chosen.on(&bench.tasker).await.unwrap();
    assert_eq!(chosen.id(), typed.id(), "there is no other param");
}

/// X-E3.
#[tokio::test]
async fn of_many_each_is_told_its_fate() {
    let bench = Bench::new().await;
    let there = Echo::enqueue(EchoParams::new().text("7")).unique_params();
    let there = there.on(&bench.tasker).await.unwrap();
    let params = (0..1_000).map(|n| EchoParams::new().text((n % 500).to_string()));
    let many = Echo::enqueue_many(params).unique_params().on(&bench.tasker);
    let jobs = many.await.unwrap();
    assert_eq!(jobs.len(), 1_000);
    for (place, job) in jobs.iter().enumerate() {
        let is_new = place < 500 && place != 7;
        assert_eq!(job.is_new(), is_new, "item {place}");
        assert_eq!(job.id(), jobs[place % 500].id());
    }
    assert_eq!(jobs[7].id(), there.id());
}

#[tokio::test]
async fn the_attribute_makes_every_job_unique() {
    let bench = Bench::new().await;
    let tasker = &bench.tasker;
    let first = Remind::enqueue(remind_of(1, "a")).on(tasker).await.unwrap();
    let other = Remind::enqueue(remind_of(2, "b")).on(tasker).await.unwrap();
    assert!(first.is_new() && other.is_new());
    let again = json!({"user_id": 1, "text": "c"});
    let again = tasker.enqueue_by_alias("remind", again).await.unwrap();
    assert_eq!(again.fate(), EnqueueFate::Replaced(JobState::Queued));
    assert_eq!(again.id(), first.id());
    // The options of a call beat it, one by one.
    let left = Remind::enqueue(remind_of(1, "d")).on_conflict(OnConflict::Existing);
    let left = left.on(tasker).await.unwrap();
    assert_eq!(left.fate(), EnqueueFate::Existing(JobState::Queued));
    let keyed = Remind::enqueue(remind_of(1, "e")).unique("another");
    assert!(keyed.on(tasker).await.unwrap().is_new());
    let free = Remind::enqueue(remind_of(1, "f")).not_unique();
    assert!(free.on(tasker).await.unwrap().is_new());
    bench.drain().await;
    let said = bench.probe.rest().await;
    assert_eq!(said.len(), 4);
    for expected in ["1 today c", "2 today b", "1 today e", "1 today f"] {
        assert!(said.contains(&expected.to_owned()), "{said:?}");
    }
}

#[tokio::test]
async fn until_started_another_may_wait_while_one_runs() {
    let bench = Bench::new().await;
    let working = bench.work();
    let enqueue = || Rebuild::enqueue().on(&bench.tasker);
    let first = enqueue().await.unwrap();
    assert_eq!(bench.probe.hear().await, "started");
    bench.tasker.queues().pause("default").await.unwrap();
    let second = enqueue().await.unwrap();
    assert!(
        second.is_new(),
        "the first has begun and may have missed what is new"
    );
    let third = enqueue().await.unwrap();
    assert_eq!(third.fate(), EnqueueFate::Existing(JobState::Queued));
    assert_eq!(third.id(), second.id());
    bench.tasker.queues().resume("default").await.unwrap();
    bench.probe.open(2);
    first.wait().await.unwrap();
    second.wait().await.unwrap();
    working.stop().await;
}

/// X-E6.
#[tokio::test]
async fn a_job_told_to_end_keeps_others_out_until_it_has() {
    let bench = Bench::new().await;
    let working = bench.work();
    let enqueue = || Deaf::enqueue().unique("k").on(&bench.tasker);
    let first = enqueue().await.unwrap();
    assert_eq!(bench.probe.hear().await, "started");
    first.cancel().await.unwrap();
    let met = enqueue().await.unwrap();
    assert_eq!(met.id(), first.id());
    assert_eq!(met.fate(), EnqueueFate::Existing(JobState::Running));
    bench.probe.open(2);
    assert_eq!(first.wait().await.unwrap().state, JobState::Canceled);
    let second = enqueue().await.unwrap();
    assert!(second.is_new());
    assert_eq!(second.wait().await.unwrap().state, JobState::Succeeded);
    working.stop().await;
}

/// X-E7.
#[tokio::test]
async fn a_period_follows_the_planned_time() {
    let (bench, clock) = Bench::at("2025-06-01T12:55:00Z").await;
    let enqueue = |delay| {
        let echo = Echo::enqueue(EchoParams::new()).unique("k");
        echo.unique_for(HOUR).delay(delay).on(&bench.tasker)
    };
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let at_one = enqueue(minutes(5)).await.unwrap();
    let now = enqueue(minutes(4)).await.unwrap();
    assert!(
        at_one.is_new() && now.is_new(),
        "one before the hour, one after"
    );
    assert_eq!(enqueue(minutes(64)).await.unwrap().id(), at_one.id());
    clock.advance(minutes(10));
    assert_eq!(enqueue(minutes(0)).await.unwrap().id(), at_one.id());
    assert!(enqueue(minutes(55)).await.unwrap().is_new());
}

#[tokio::test]
async fn a_success_is_kept_for_as_long_as_it_counts() {
    let (bench, clock) = Bench::at("2025-06-05T00:00:00Z").await;
    let days = |days: u32| days * 24 * HOUR;
    let enqueue = || {
        let echo = Echo::enqueue(EchoParams::new()).unique("k");
        echo.unique_for(days(7)).on(&bench.tasker)
    };
    let first = enqueue().await.unwrap();
    bench.drain().await;
    // 2025-06-05 is the first day of a period of seven since the epoch.
    clock.advance(days(6));
    bench.store.prune(100).await.unwrap();
    let met = enqueue().await.unwrap();
    assert_eq!(met.fate(), EnqueueFate::Existing(JobState::Succeeded));
    assert_eq!(met.id(), first.id());
    clock.advance(days(1));
    assert!(enqueue().await.unwrap().is_new());
}

/// The first of a day by hand, the others on a schedule: they are left out until the next day.
#[tokio::test]
async fn a_schedule_leaves_out_what_is_there_already() {
    let (bench, clock) = Bench::at("2025-06-01T01:00:00Z").await;
    let tasker = tasker_of::<Billing>(&bench).await;
    let by_hand = tasker.enqueue_by_alias("billing", json!({}));
    assert!(by_hand.await.unwrap().is_new());
    let lease = |worker: WorkerBuilder| worker.lease(365 * 24 * HOUR);
    let working = Working::start(&tasker, lease);
    assert_eq!(bench.probe.hear().await, "billed");
    for hour in [6, 12, 18, 24] {
        let at = format!("2025-06-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
        let at: Instant = at.parse().unwrap();
        plans(&tasker, at).await;
        clock.set(at);
    }
    assert_eq!(bench.probe.hear().await, "billed");
    plans(&tasker, "2025-06-02T06:00:00Z".parse().unwrap()).await;
    working.stop().await;
    assert_eq!(count(&tasker, "billing").await, 2);
    let schedule = tasker.schedules().list().await.unwrap().remove(0);
    assert_eq!(schedule.executions, 1, "what was left out does not count");
}

/// Waits until the one schedule goes on at `next`.
async fn plans(tasker: &Tasker, next: Instant) {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    soon(async {
        loop {
            let schedules = tasker.schedules().list().await.unwrap();
            if schedules.iter().any(|it| it.next_run_at == Some(next)) {
                break;
            }
            tick.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_unique_is_refused_with_the_cure() {
    let bench = Bench::new().await;
    let echo = || Echo::enqueue(EchoParams::new()).on(&bench.tasker);
    let refused = |error: Error| match error {
        Error::Refused { reason, .. } => reason,
        Error::Params { source, .. } => source.to_string(),
        other => panic!("{other}"),
    };
    let reason = refused(echo().unique_for(HOUR).await.unwrap_err());
    assert!(reason.contains(".unique_params()"), "{reason}");
    let states = [JobState::Scheduled, JobState::Queued, JobState::Failed];
    let impossible = echo().unique("k").unique_while(states);
    let reason = refused(impossible.await.unwrap_err());
    assert!(reason.contains("`running` and `retrying` too"), "{reason}");
    let unknown = echo().unique_params_of(["txt"]);
    let reason = refused(unknown.await.unwrap_err());
    assert!(reason.contains("did you mean `text`?"), "{reason}");
    let reason = refused(echo().unique("").await.unwrap_err());
    assert!(reason.contains("a unique key has 1 to"), "{reason}");
    let nothing = echo().unique("k").unique_for(Duration::ZERO);
    let reason = refused(nothing.await.unwrap_err());
    assert!(reason.contains("period of nothing"), "{reason}");
    assert_eq!(count(&bench.tasker, "echo").await, 0);
}

#[test]
fn the_attribute_is_in_the_definition() {
    let unique = Rebuild::definition().unique.expect("it says so");
    assert_eq!(unique.holds, Some(Holds::UNTIL_STARTED));
    let unique = Bill::definition().unique.expect("it says so");
    assert_eq!((unique.period, unique.holds), (Some(24 * HOUR), None));
    let by_store = Unique::within("the bill", 24 * HOUR);
    assert_eq!(by_store.on_conflict, unique.on_conflict);
    assert!(Echo::definition().unique.is_none());
}
