//! Schedules through a change of the clock, at work: the runner neither stalls nor doubles.

use std::time::Duration;

use tasker::{JobQuery, Task, Tasker};
use tasker_store::{Schedule, ScheduleState, TestClock};

use crate::harness::{Bench, Working, soon};
use crate::made::{made, tasker_of};
use crate::tasks::Hourly;

const NEW_YORK: Option<&str> = Some("America/New_York");

/// Longer than the clock is ever moved at once, or the worker would be taken for dead and its jobs run again.
const LEASE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A rule in New York.
macro_rules! in_new_york {
    ($type:ident, $alias:literal, $rule:literal) => {
        made!($type like Hourly {
            alias: $alias,
            schedules: {
                static RULES: [tasker::ScheduleDefinition; 1] = [tasker::ScheduleDefinition {
                    name: None,
                    rule: $rule,
                    tz: NEW_YORK,
                    catch_up: tasker::CatchUp::Once,
                    overlap: tasker::Overlap::Allow,
                    params: || Ok(tasker::Fields::new()),
                }];
                &RULES
            },
        });
    };
}

in_new_york!(InGap, "in-gap", "daily 02:30");
in_new_york!(InFold, "in-fold", "daily 01:30");
in_new_york!(Quarters, "quarters", "*/15 * * * *");

/// A store, its clock, and a worker that has the one schedule of `T`.
struct Running {
    bench: Bench,
    clock: TestClock,
    tasker: Tasker,
    working: Working,
}

impl Running {
    async fn from<T: Task>(begin: &str) -> Self {
        let (bench, clock) = Bench::at(begin).await;
        let tasker = tasker_of::<T>(&bench).await;
        let working = Working::start(&tasker, |worker| worker.lease(LEASE));
        Self {
            bench,
            clock,
            tasker,
            working,
        }
    }

    /// The one schedule, once it is declared.
    async fn schedule(&self) -> Option<Schedule> {
        let schedules = self.tasker.schedules().list().await.unwrap();
        assert!(schedules.len() <= 1, "{schedules:?}");
        schedules.into_iter().next()
    }

    /// Waits until the next occurrence is `at`.
    async fn plans(&self, at: &str) -> Schedule {
        let at: tasker::Instant = at.parse().unwrap();
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        soon(async {
            loop {
                let schedule = self.schedule().await;
                if let Some(schedule) = schedule.filter(|schedule| schedule.next_run_at == Some(at))
                {
                    return schedule;
                }
                tick.tick().await;
            }
        })
        .await
    }

    fn show(&self, at: &str) {
        self.clock.set(at.parse().unwrap());
    }

    /// Waits for the run that stands for `at`.
    async fn runs(&self, at: &str) {
        let at: tasker::Instant = at.parse().unwrap();
        assert_eq!(
            self.bench.probe.hear().await,
            format!("hourly {}", at.to_rfc3339())
        );
    }

    /// Stops, and there were exactly so many runs.
    async fn ends_with(self, runs: usize) {
        let schedule = self.schedule().await.unwrap();
        assert_eq!(
            (schedule.state, schedule.executions),
            (ScheduleState::Active, runs as i64)
        );
        self.working.stop().await;
        let jobs = self.tasker.jobs().list(JobQuery::default()).await.unwrap();
        assert_eq!(jobs.len(), runs);
        assert!(self.bench.probe.rest().await.is_empty());
    }
}

/// F-33, X-D4.
#[tokio::test]
async fn a_time_that_the_clock_skips_runs_once_at_the_end_of_the_gap() {
    let running = Running::from::<InGap>("2025-03-08T12:00:00Z").await;
    running.plans("2025-03-09T07:00:00Z").await;
    running.show("2025-03-09T06:59:59Z");
    running.show("2025-03-09T07:00:00Z");
    running.runs("2025-03-09T07:00:00Z").await;
    // 02:30 of the next day, by then in summer time; not 03:30 of this one.
    let schedule = running.plans("2025-03-10T06:30:00Z").await;
    assert_eq!(
        schedule.last_run_at,
        Some("2025-03-09T07:00:00Z".parse().unwrap())
    );
    running.show("2025-03-10T06:30:00Z");
    running.runs("2025-03-10T06:30:00Z").await;
    running.plans("2025-03-11T06:30:00Z").await;
    running.ends_with(2).await;
}

/// F-33, X-D5.
#[tokio::test]
async fn a_time_that_comes_twice_runs_in_the_first_pass_only() {
    let running = Running::from::<InFold>("2025-11-01T12:00:00Z").await;
    running.plans("2025-11-02T05:30:00Z").await;
    running.show("2025-11-02T05:30:00Z");
    running.runs("2025-11-02T05:30:00Z").await;
    running.plans("2025-11-03T06:30:00Z").await;
    // 01:30 again, an hour later, is past when the next day's comes.
    running.show("2025-11-02T06:30:00Z");
    running.show("2025-11-03T06:30:00Z");
    running.runs("2025-11-03T06:30:00Z").await;
    running.plans("2025-11-04T06:30:00Z").await;
    running.ends_with(2).await;
}

/// X-D5: the hour that comes twice has eight quarters.
#[tokio::test]
async fn every_quarter_of_an_hour_runs_in_both_passes() {
    let running = Running::from::<Quarters>("2025-11-02T05:31:00Z").await;
    let quarters = ["05:45", "06:00", "06:15", "06:30"];
    for quarter in quarters {
        let at = format!("2025-11-02T{quarter}:00Z");
        running.plans(&at).await;
        running.show(&at);
        running.runs(&at).await;
    }
    running.plans("2025-11-02T06:45:00Z").await;
    running.ends_with(quarters.len()).await;
}
