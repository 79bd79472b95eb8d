//! Schedules that are created, changed and run by hand while programs run.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tasker::schedule::{Gap, Rule};
use tasker::{
    Backfilled, Error, Instant, Job, JobQuery, JobState, Schedule, ScheduleSource, ScheduleState,
};
use tasker_store::Admin;

use crate::harness::Bench;
use crate::schedules::{patient, until};
use crate::tasks::{Echo, EchoParams};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

pub(crate) fn text(text: &str) -> EchoParams {
    EchoParams::new().text(text)
}

pub(crate) async fn read(bench: &Bench, name: &str) -> Schedule {
    let found = bench.tasker.schedules().get(name).await.unwrap();
    found.unwrap_or_else(|| panic!("schedule `{name}` is not in the store"))
}

/// The jobs of `echo`, the oldest first.
pub(crate) async fn echoes(bench: &Bench) -> Vec<Job> {
    let query = JobQuery {
        alias: Some("echo".into()),
        limit: 10_000,
        ..JobQuery::default()
    };
    let mut jobs = bench.tasker.jobs().list(query).await.unwrap();
    jobs.reverse();
    jobs
}

pub(crate) fn planned(jobs: &[Job]) -> Vec<Instant> {
    let occurrence = |job: &Job| job.occurrence.expect("a schedule made it").at;
    jobs.iter().map(occurrence).collect()
}

/// Waits until the schedule is there and stands as `wanted` says.
pub(crate) async fn becomes(
    bench: &Bench,
    name: &str,
    wanted: impl Fn(&Schedule) -> bool,
) -> Schedule {
    until(async || {
        let found = bench.tasker.schedules().get(name).await.unwrap();
        found.is_some_and(|schedule| wanted(&schedule))
    })
    .await;
    read(bench, name).await
}

/// Whether its next occurrence is computed.
pub(crate) fn is_planned(schedule: &Schedule) -> bool {
    schedule.next_run_at.is_some()
}

/// What is wrong, with its cause.
pub(crate) fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let error = outcome.expect_err("it makes no sense");
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// D-02, D-49, D-45.
#[tokio::test]
async fn a_draft_does_not_run_until_it_is_made_active() {
    let (bench, clock) = Bench::at("2025-06-01T11:55:00Z").await;
    let schedules = bench.tasker.schedules();
    let draft = schedules
        .create::<Echo>("noon", "daily 12:00", text("noon"))
        .draft()
        .await
        .unwrap();
    assert_eq!(draft.state, ScheduleState::Draft);
    assert_eq!(draft.rule, "daily 12:00");
    // What is not there is absent, not a number that means so.
    assert_eq!((draft.start_at, draft.end_at), (None, None));
    assert_eq!((draft.last_run_at, draft.next_run_at), (None, None));
    assert_eq!((draft.max_executions, draft.deleted_at), (None, None));
    let working = bench.work_with(patient);
    becomes(&bench, "hourly", is_planned).await;
    clock.advance(HOUR);
    becomes(&bench, "hourly", |hourly| hourly.executions == 1).await;
    assert_eq!(read(&bench, "noon").await, draft, "nobody touched it");
    let active = schedules.update("noon").active().await.unwrap();
    assert_eq!(active.state, ScheduleState::Active);
    let set = becomes(&bench, "noon", is_planned).await;
    assert_eq!(set.next_run_at, Some(at("2025-06-02T12:00:00Z")));
    assert_eq!(set.state, ScheduleState::Active);
    clock.advance(24 * HOUR);
    let ran = becomes(&bench, "noon", |noon| noon.last_outcome.is_some()).await;
    assert_eq!(
        (ran.executions, ran.last_outcome),
        (1, Some(JobState::Succeeded))
    );
    assert_eq!(ran.last_run_at, Some(at("2025-06-02T12:00:00Z")));
    assert_eq!(ran.next_run_at, Some(at("2025-06-03T12:00:00Z")));
    working.stop().await;
}

/// D-46.
#[tokio::test]
async fn the_third_of_three_runs_completes_it() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let made = bench
        .tasker
        .schedules()
        .create::<Echo>("thrice", "hourly :30", text("thrice"))
        .max_executions(3)
        .queue("slow")
        .await
        .unwrap();
    assert_eq!(made.source, ScheduleSource::Runtime);
    let working = bench.work_with(patient);
    becomes(&bench, "thrice", is_planned).await;
    for run in 1..=3 {
        clock.advance(HOUR);
        becomes(&bench, "thrice", |thrice| thrice.executions == run).await;
    }
    let over = read(&bench, "thrice").await;
    assert_eq!(
        (over.state, over.next_run_at),
        (ScheduleState::Completed, None)
    );
    assert!(
        bench
            .tasker
            .schedules()
            .next("thrice", 3)
            .await
            .unwrap()
            .is_empty()
    );
    let before = becomes(&bench, "hourly", is_planned).await.executions;
    clock.advance(3 * HOUR);
    becomes(&bench, "hourly", |hourly| hourly.executions > before).await;
    working.stop().await;
    let jobs = echoes(&bench).await;
    assert_eq!(
        planned(&jobs),
        ["12:30", "13:30", "14:30"].map(|time| at(&format!("2025-06-01T{time}:00Z")))
    );
    assert!(jobs.iter().all(|job| job.queue == "slow"));
}

/// D-46: its end has passed while nobody was there.
#[tokio::test]
async fn past_its_end_it_is_completed_without_a_run() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    bench
        .tasker
        .schedules()
        .create::<Echo>("brief", "hourly", text("brief"))
        .end(at("2025-06-01T14:00:00Z"))
        .await
        .unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "brief", is_planned).await;
    working.stop().await;
    clock.advance(24 * HOUR);
    let working = bench.work_with(patient);
    let over = becomes(&bench, "brief", |brief| {
        brief.state == ScheduleState::Completed
    })
    .await;
    assert_eq!((over.executions, over.next_run_at), (0, None));
    working.stop().await;
    assert_eq!(echoes(&bench).await, []);
}

/// D-35: nothing before the start, from which its grid is laid.
#[tokio::test]
async fn a_start_in_the_future_is_the_first_occurrence() {
    let (bench, clock) = Bench::at("2024-10-29T00:00:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("grid", "every 2d", text("grid"))
        .start(at("2024-10-30T10:00:00Z"))
        .end(at("2024-11-03T10:00:00Z"))
        .await
        .unwrap();
    let expected = [30, 1, 3].map(|day| {
        let month = if day == 30 { 10 } else { 11 };
        at(&format!("2024-{month}-{day:02}T10:00:00Z"))
    });
    assert_eq!(schedules.next("grid", 9).await.unwrap(), expected);
    let working = bench.work_with(patient);
    let set = becomes(&bench, "grid", is_planned).await;
    assert_eq!(set.next_run_at, Some(expected[0]));
    clock.advance(34 * HOUR);
    becomes(&bench, "grid", |grid| grid.executions == 1).await;
    working.stop().await;
    assert_eq!(planned(&echoes(&bench).await), expected[..1]);
}

#[tokio::test]
async fn run_now_makes_one_more_job_and_moves_nothing() {
    let (bench, _clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("noon", "daily 12:00", text("now"))
        .draft()
        .await
        .unwrap();
    let before = read(&bench, "noon").await;
    let job = schedules.run_now("noon").await.unwrap();
    assert!(job.is_new());
    bench.drain().await;
    assert_eq!(job.result().await.unwrap(), json!("now"));
    let ran = job.job().await.unwrap();
    assert_eq!(planned(&[ran]), [at("2025-06-01T12:03:00Z")], "this moment");
    let after = read(&bench, "noon").await;
    assert_eq!((after.extra_jobs, after.executions), (1, 0));
    assert_eq!((after.last_run_at, after.next_run_at), (None, None));
    assert_eq!(after.last_outcome, Some(JobState::Succeeded));
    assert_eq!((after.state, after.version), (before.state, before.version));
    let again = schedules.run_now("noon").await.unwrap();
    assert_ne!(again.id(), job.id(), "each call makes one");
}

#[tokio::test]
async fn a_backfill_makes_each_occurrence_once() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("half", "hourly :30", text("half"))
        .await
        .unwrap();
    let working = bench.work_with(patient);
    becomes(&bench, "half", is_planned).await;
    for run in 1..=2 {
        clock.advance(HOUR);
        becomes(&bench, "half", |half| half.executions == run).await;
    }
    working.stop().await;
    // It fired at 12:30 and 13:30; from 09:30 on there are five, and what is to come is its own.
    let (from, to) = (at("2025-06-01T09:30:00Z"), at("2025-06-02T00:00:00Z"));
    let first = schedules.backfill("half", from, to).await.unwrap();
    assert_eq!(first, Backfilled { made: 3, there: 2 });
    let second = schedules.backfill("half", from, to).await.unwrap();
    assert_eq!(second, Backfilled { made: 0, there: 5 });
    let mut occurrences = planned(&echoes(&bench).await);
    occurrences.sort();
    let expected = (9..=13).map(|hour| at(&format!("2025-06-01T{hour:02}:30:00Z")));
    assert_eq!(occurrences, expected.collect::<Vec<_>>());
    let after = read(&bench, "half").await;
    assert_eq!((after.executions, after.extra_jobs), (2, 3));
    assert_eq!(after.last_run_at, Some(at("2025-06-01T13:30:00Z")));
    // One that was made before its schedule came to it is not made by the schedule again.
    clock.advance(HOUR);
    let early = (at("2025-06-01T14:30:00Z"), at("2025-06-01T15:00:00Z"));
    let early = schedules.backfill("half", early.0, early.1).await.unwrap();
    assert_eq!(early, Backfilled { made: 1, there: 0 });
    let working = bench.work_with(patient);
    becomes(&bench, "half", |half| half.executions == 3).await;
    working.stop().await;
    assert_eq!(echoes(&bench).await.len(), 6);
    let turned = told(schedules.backfill("half", to, from).await);
    assert!(turned.contains("turn it round"), "{turned}");
}

#[tokio::test]
async fn a_long_backfill_is_made_in_batches() {
    let (bench, _clock) = Bench::at("2025-06-01T12:00:00Z").await;
    let schedules = bench.tasker.schedules();
    schedules
        .create::<Echo>("often", "every 1m", text("often"))
        .draft()
        .await
        .unwrap();
    let to = at("2025-06-01T12:00:00Z");
    let from = to - TimeDelta::minutes(1_249);
    let done = schedules.backfill("often", from, to).await.unwrap();
    assert_eq!(
        done,
        Backfilled {
            made: 1_250,
            there: 0
        }
    );
    let jobs = echoes(&bench).await;
    let occurrences = planned(&jobs);
    assert!(occurrences.is_sorted(), "the oldest first");
    assert_eq!((occurrences[0], occurrences[1_249]), (from, to));
}

/// told before anything is stored, in the words of the compiler.
#[tokio::test]
async fn what_makes_no_sense_is_told_before_it_is_stored() {
    let (bench, _clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let schedules = bench.tasker.schedules();
    let with_rule = |rule: &str| schedules.create::<Echo>("bad", rule, text("bad"));
    for rule in ["61 * * * *", "0 0 30 2 *", "TZ=UTC", "", "daily 25:00"] {
        let compiler = Rule::parse(rule).expect_err("it does not compile either");
        let said = told(with_rule(rule).await);
        assert_eq!(said, format!("schedule `bad`: {compiler}"));
    }
    let good = || with_rule("daily 12:00");
    let cases = [
        (told(good().tz("").await), "a time zone is missing"),
        (
            told(good().tz("Europe/Lodnon").await),
            "did you mean `Europe/London`?",
        ),
        (
            told(with_rule("TZ=Asia/Tokyo daily 12:00").tz("UTC").await),
            "leave one of them out",
        ),
        (told(with_rule("every 5m").gap(Gap::Skip).await), "gap"),
        (
            told(with_rule("at 2025-05-31T12:00Z").await),
            "does not come true any more",
        ),
        (
            told(good().end(at("2025-06-01T12:00:00Z")).await),
            "give a later one",
        ),
        (
            told(
                with_rule("daily 12:00")
                    .end(at("2025-06-02T11:59:59Z"))
                    .await,
            ),
            "does not come true before the end",
        ),
        (
            told(
                good()
                    .start(at("2025-06-03T00:00:00Z"))
                    .end(at("2025-06-02T00:00:00Z"))
                    .await,
            ),
            "the end is before the start",
        ),
        (told(good().max_executions(0).await), "at least 1"),
        (told(good().queue("").await), "is not a queue name"),
        (
            told(schedules.create::<Echo>(" ", "daily 12:00", text("")).await),
            "is not a name of a schedule",
        ),
    ];
    for (said, part) in cases {
        assert!(said.contains(part), "lacks `{part}`: {said}");
    }
    let by_alias =
        |alias: &str, params| schedules.create_by_alias("bad", alias, "daily 12:00", params);
    let cases = [
        (
            told(by_alias("ehco", json!({})).await),
            "did you mean `echo`?",
        ),
        (told(by_alias("nested", json!({})).await), "address"),
        (
            told(by_alias("echo", json!({ "txet": "hi" })).await),
            "did you mean `text`?",
        ),
        (told(by_alias("echo", json!({ "text": 7 })).await), "text"),
        (told(by_alias("echo", json!([])).await), "JSON object"),
    ];
    for (said, part) in cases {
        assert!(said.contains(part), "lacks `{part}`: {said}");
    }
    assert_eq!(bench.store.schedules().await.unwrap(), []);
}
