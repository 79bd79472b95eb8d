//! Two releases of a program on one store: what each makes of the other's schedules.

use std::time::Duration;

use tasker::{CatchUp, Fields, JobQuery, Overlap, ScheduleDefinition, Task, Tasker};
use tasker_store::{Schedule, ScheduleState, TestClock};

use crate::harness::{Bench, Working, soon};
use crate::made::{made, tasker_of};
use crate::tasks::Hourly;

const HOUR: Duration = Duration::from_secs(3600);

/// The task `report` with these schedules.
macro_rules! release {
    ($type:ident, [$(($name:literal, $rule:literal, $tz:expr)),* $(,)?]) => {
        made!($type like Hourly {
            alias: "report",
            schedules: {
                const COUNT: usize = [$($name),*].len();
                static RULES: [ScheduleDefinition; COUNT] = [$(ScheduleDefinition {
                    name: Some($name),
                    rule: $rule,
                    tz: $tz,
                    catch_up: CatchUp::Once,
                    overlap: Overlap::Allow,
                    params: || Ok(Fields::new()),
                }),*];
                &RULES
            },
        });
    };
}

release!(
    Old,
    [("kept", "hourly", None), ("gone", "hourly :10", None)]
);
release!(New, [("kept", "hourly :30", None)]);
release!(
    Odd,
    [
        ("good", "hourly", None),
        ("odd", "daily 12:00", Some("Europe/Atlantis")),
    ]
);

struct Place {
    bench: Bench,
    clock: TestClock,
}

impl Place {
    async fn new() -> Self {
        let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
        Self { bench, clock }
    }

    async fn start<T: Task>(&self) -> (Tasker, Working) {
        let tasker = tasker_of::<T>(&self.bench).await;
        let working = Working::start(&tasker, |worker| worker.lease(365 * 24 * HOUR));
        (tasker, working)
    }

    async fn hears(&self, at: &str) {
        let line = format!("hourly 2025-06-01T{at}:00+00:00");
        assert_eq!(self.bench.probe.hear().await, line);
    }

    fn shows(&self, at: &str) {
        let at = format!("2025-06-01T{at}:00Z");
        self.clock.set(at.parse().unwrap());
    }

    /// The schedule, once it is as wanted.
    async fn until(&self, name: &str, met: impl Fn(&Schedule) -> bool) -> Schedule {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        soon(async {
            loop {
                let schedules = self.bench.tasker.schedules().list().await.unwrap();
                let named = schedules.into_iter().find(|schedule| schedule.name == name);
                if let Some(schedule) = named.filter(&met) {
                    return schedule;
                }
                tick.tick().await;
            }
        })
        .await
    }

    async fn plans(&self, name: &str, at: &str) -> Schedule {
        let at = format!("2025-06-01T{at}:00Z").parse().ok();
        self.until(name, |schedule| schedule.next_run_at == at)
            .await
    }
}

/// The last declaration counts, both fire by it, and each occurrence makes one job. A schedule that the new release has not
/// lives as long as the old one works, and an hour more.
#[tokio::test]
async fn two_releases_run_side_by_side() {
    let place = Place::new().await;
    let (_, old) = place.start::<Old>().await;
    place.plans("report/kept", "13:00").await;
    place.plans("report/gone", "12:10").await;
    let (_, new) = place.start::<New>().await;
    place.plans("report/kept", "12:30").await;
    for (at, next) in [("12:10", "13:10"), ("12:30", "13:30")] {
        place.shows(at);
        place.hears(at).await;
        let name = if next == "13:10" {
            "report/gone"
        } else {
            "report/kept"
        };
        place.plans(name, next).await;
    }
    old.stop().await;
    // The old one is gone for less than an hour: the new one fires what is left of it.
    place.shows("12:59");
    new.stop().await;
    let (_, new) = place.start::<New>().await;
    place
        .until("report/kept", |s| s.seen_at.timestamp() % 3600 == 59 * 60)
        .await;
    place.shows("13:10");
    place.hears("13:10").await;
    new.stop().await;
    let (_, new) = place.start::<New>().await;
    let gone = place
        .until("report/gone", |s| s.state == ScheduleState::Retired)
        .await;
    assert_eq!(gone.executions, 2);
    place.shows("14:30");
    place.hears("14:30").await;
    new.stop().await;
    assert!(place.bench.probe.rest().await.is_empty());
    let jobs = place.bench.tasker.jobs().list(JobQuery::default()).await;
    assert_eq!(jobs.unwrap().len(), 4);
}

/// X-D7, D-42: a zone that this release does not know makes one schedule broken, and says so.
#[tokio::test]
async fn a_zone_that_is_gone_breaks_one_schedule() {
    let place = Place::new().await;
    let (_, working) = place.start::<Odd>().await;
    let odd = place
        .until("report/odd", |s| s.state == ScheduleState::Broken)
        .await;
    let error = odd.error.unwrap();
    assert!(error.contains("Europe/Atlantis"), "{error}");
    place.plans("report/good", "13:00").await;
    place.shows("13:00");
    place.hears("13:00").await;
    working.stop().await;
}
