//! Schedules at work: one job per occurrence, on a clock that the test moves.

use std::time::Duration;

use tasker::{JobQuery, JobState, WorkerBuilder};
use tasker_store::{Admin, ScheduleState};

use crate::harness::{Bench, Working};

const HOUR: Duration = Duration::from_secs(3600);

/// D-44, X-D13: no run at registration, one at the hour, the next one computed.
#[tokio::test]
async fn an_hourly_task_runs_once_an_hour() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let working = work(&bench);
    initialised(&bench).await;
    assert!(bench.probe.rest().await.is_empty());
    clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "hourly 2025-06-01T13:00:00+00:00");
    let row = schedule(&bench, "hourly").await;
    assert_eq!((row.state, row.executions), (ScheduleState::Active, 1));
    assert_eq!(
        row.next_run_at.unwrap().to_rfc3339(),
        "2025-06-01T14:00:00+00:00"
    );
    assert_eq!(
        row.last_run_at.unwrap().to_rfc3339(),
        "2025-06-01T13:00:00+00:00"
    );
    clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "hourly 2025-06-01T14:00:00+00:00");
    working.stop().await;
}

/// X-D8, Q-27: five processes, one job for each occurrence.
#[tokio::test]
async fn five_processes_make_one_job_for_an_occurrence() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let mut workings: Vec<Working> = Vec::new();
    for _ in 0..5 {
        let tasker = bench.another().await;
        workings.push(Working::start(&tasker, patient));
    }
    initialised(&bench).await;
    for hour in 13..=16 {
        clock.advance(HOUR);
        assert_eq!(
            bench.probe.hear().await,
            format!("hourly 2025-06-01T{hour}:00:00+00:00")
        );
    }
    for working in workings {
        working.stop().await;
    }
    let of_task = JobQuery {
        alias: Some("hourly".into()),
        ..JobQuery::default()
    };
    assert_eq!(bench.tasker.jobs().list(of_task).await.unwrap().len(), 4);
}

/// Q-26, X-D10: six hours of outage, one job.
#[tokio::test]
async fn an_outage_is_made_good_once() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let working = work(&bench);
    initialised(&bench).await;
    working.stop().await;
    clock.advance(6 * HOUR);
    let working = work(&bench);
    assert_eq!(bench.probe.hear().await, "hourly 2025-06-01T18:00:00+00:00");
    clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "hourly 2025-06-01T19:00:00+00:00");
    working.stop().await;
    assert_eq!(schedule(&bench, "hourly").await.executions, 2);
}

///
#[tokio::test]
async fn a_job_that_fails_for_good_does_not_end_its_schedule() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let working = work(&bench);
    initialised(&bench).await;
    for night in 1..=2 {
        clock.advance(24 * HOUR);
        failures(&bench, night).await;
    }
    working.stop().await;
    let row = schedule(&bench, "nightly/night").await;
    assert_eq!((row.state, row.executions), (ScheduleState::Active, 2));
}

#[tokio::test]
async fn a_paused_schedule_does_not_fire_and_survives_a_restart() {
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let working = work(&bench);
    initialised(&bench).await;
    assert!(bench.tasker.schedules().pause("hourly").await.unwrap());
    working.stop().await;
    let working = work(&bench);
    clock.advance(24 * HOUR);
    // The nightly one shows that schedules are being looked at.
    failures(&bench, 1).await;
    assert_eq!(schedule(&bench, "hourly").await.executions, 0);
    assert_eq!(
        schedule(&bench, "hourly").await.state,
        ScheduleState::Paused
    );
    assert!(bench.tasker.schedules().resume("hourly").await.unwrap());
    initialised(&bench).await;
    clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "hourly 2025-06-02T13:00:00+00:00");
    working.stop().await;
}

/// A worker whose lease outlasts the leaps of the clock.
fn work(bench: &Bench) -> Working {
    bench.work_with(patient)
}

pub(crate) fn patient(worker: WorkerBuilder) -> WorkerBuilder {
    worker.lease(365 * 24 * HOUR)
}

/// Waits until every schedule has its next occurrence.
async fn initialised(bench: &Bench) {
    until(async || {
        let schedules = bench.store.schedules().await.unwrap();
        schedules.len() == 2
            && schedules
                .iter()
                .all(|schedule| schedule.next_run_at.is_some())
    })
    .await;
}

/// Waits until the nightly job has failed so many times.
async fn failures(bench: &Bench, nights: usize) {
    let failed = JobQuery {
        alias: Some("nightly".into()),
        states: vec![JobState::Failed],
        ..JobQuery::default()
    };
    until(async || {
        bench
            .tasker
            .jobs()
            .list(failed.clone())
            .await
            .unwrap()
            .len()
            == nights
    })
    .await;
}

async fn schedule(bench: &Bench, name: &str) -> tasker_store::Schedule {
    let schedules = bench.store.schedules().await.unwrap();
    let found = schedules.into_iter().find(|schedule| schedule.name == name);
    found.expect("it was declared")
}

/// Waits until `met` holds, looking whenever the store has news or a moment has passed.
pub(crate) async fn until(met: impl AsyncFn() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    crate::harness::soon(async {
        while !met().await {
            tick.tick().await;
        }
    })
    .await;
}
