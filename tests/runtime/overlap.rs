//! Schedules whose jobs take longer than their period, or whose processes were away, at work: which jobs there are, and
//! what their handlers know of it.

use std::time::Duration;

use tasker::{
    CatchUp, Context, Fields, JobQuery, JobState, Overlap, ScheduleDefinition, State, Task, Tasker,
    task,
};
use tasker_store::{Schedule, TestClock};

use crate::harness::{Bench, Probe, Working, soon};
use crate::made::{made, tasker_of};

const HOUR: Duration = Duration::from_secs(3600);

/// Say which occurrence this is, and wait for the gate, unless told to end.
#[task(max_attempts = 1)]
pub(crate) async fn turn(probe: State<Probe>, ctx: Context) -> anyhow::Result<()> {
    let hour = |at: tasker::Instant| at.format("%H:%M").to_string();
    let planned = ctx.scheduled_for().map(hour).unwrap_or_default();
    let missed: Vec<String> = ctx.missed().await?.into_iter().map(hour).collect();
    probe.say(format!("{planned} [{}]", missed.join(" ")));
    tokio::select! {
        () = probe.wait() => probe.say(format!("{planned} done")),
        () = ctx.cancelled() => probe.say(format!("{planned} told to end")),
    }
    Ok(())
}

/// `turn`, by a rule.
macro_rules! scheduled {
    ($type:ident, $alias:literal, $rule:literal, $catch_up:expr, $overlap:expr) => {
        made!($type like Turn {
            alias: $alias,
            schedules: {
                static RULES: [ScheduleDefinition; 1] = [ScheduleDefinition {
                    name: None,
                    rule: $rule,
                    tz: None,
                    catch_up: $catch_up,
                    overlap: $overlap,
                    params: || Ok(Fields::new()),
                }];
                &RULES
            },
        });
    };
}

scheduled!(Allowed, "allowed", "hourly", CatchUp::Once, Overlap::Allow);
scheduled!(Skipped, "skipped", "hourly", CatchUp::Once, Overlap::Skip);
scheduled!(Queued, "queued", "hourly", CatchUp::Once, Overlap::QueueOne);
scheduled!(
    Forgotten,
    "forgotten",
    "hourly",
    CatchUp::Skip,
    Overlap::Allow
);
scheduled!(
    Three,
    "three",
    "hourly",
    CatchUp::All { max: 3 },
    Overlap::Allow
);
scheduled!(
    Canceled,
    "canceled",
    "every 10s",
    CatchUp::Once,
    Overlap::CancelPrevious
);

/// A store, its clock, and a worker that has the one schedule of `T`.
struct Running {
    bench: Bench,
    clock: TestClock,
    tasker: Tasker,
    working: Option<Working>,
}

impl Running {
    /// At 12:03, with its first occurrence at 13:00.
    async fn of<T: Task>() -> Self {
        let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
        let tasker = tasker_of::<T>(&bench).await;
        let mut running = Self {
            bench,
            clock,
            tasker,
            working: None,
        };
        running.start();
        running.plans(13).await;
        running
    }

    fn start(&mut self) {
        let lease = 365 * 24 * HOUR;
        self.working = Some(Working::start(&self.tasker, |worker| worker.lease(lease)));
    }

    async fn stop(&mut self) {
        if let Some(working) = self.working.take() {
            working.stop().await;
        }
    }

    async fn hears(&self, line: &str) {
        assert_eq!(self.bench.probe.hear().await, line);
    }

    /// Lets an hour pass, and waits until the schedule has seen it.
    async fn hour(&self, next: u32) -> Schedule {
        self.clock.advance(HOUR);
        self.plans(next).await
    }

    /// Waits until the next occurrence is at this hour.
    async fn plans(&self, hour: u32) -> Schedule {
        let at: tasker::Instant = format!("2025-06-01T{hour:02}:00:00Z").parse().unwrap();
        self.until(|schedule| schedule.next_run_at == Some(at))
            .await
    }

    async fn until(&self, met: impl Fn(&Schedule) -> bool) -> Schedule {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        soon(async {
            loop {
                let schedules = self.tasker.schedules().list().await.unwrap();
                if let Some(schedule) = schedules.into_iter().find(|schedule| met(schedule)) {
                    return schedule;
                }
                tick.tick().await;
            }
        })
        .await
    }

    /// How many jobs there are in this state.
    async fn jobs(&self, state: JobState) -> usize {
        let query = JobQuery {
            states: vec![state],
            ..JobQuery::default()
        };
        self.tasker.jobs().list(query).await.unwrap().len()
    }
}

#[tokio::test]
async fn x_d15_allow_runs_side_by_side() {
    let mut running = Running::of::<Allowed>().await;
    running.hour(14).await;
    running.hears("13:00 []").await;
    running.hour(15).await;
    running.hears("14:00 []").await;
    running.bench.probe.open(2);
    running.stop().await;
}

#[tokio::test]
async fn x_d15_skip_leaves_out_what_comes_during_a_run() {
    let mut running = Running::of::<Skipped>().await;
    running.hour(14).await;
    running.hears("13:00 []").await;
    let schedule = running.hour(15).await;
    assert_eq!((schedule.executions, schedule.waiting), (1, None));
    running.bench.probe.open(1);
    running.hears("13:00 done").await;
    soon(async {
        while running.jobs(JobState::Succeeded).await == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    running.hour(16).await;
    running.hears("15:00 []").await;
    running.bench.probe.open(1);
    running.stop().await;
}

#[tokio::test]
async fn x_d15_queue_one_runs_one_after_the_other() {
    let mut running = Running::of::<Queued>().await;
    running.hour(14).await;
    running.hears("13:00 []").await;
    let schedule = running.hour(15).await;
    let waiting = schedule.waiting.expect("14:00 waits");
    assert_eq!(waiting.at.to_rfc3339(), "2025-06-01T14:00:00+00:00");
    // 15:00 finds one that waits, and is left out.
    let schedule = running.hour(16).await;
    assert_eq!((schedule.waiting, schedule.executions), (Some(waiting), 1));
    assert!(running.bench.probe.rest().await.is_empty());
    running.bench.probe.open(1);
    running.hears("13:00 done").await;
    // Nobody lets the clock go on: it starts because the one before has ended.
    running.hears("14:00 []").await;
    let schedule = running.until(|schedule| schedule.waiting.is_none()).await;
    assert_eq!(schedule.executions, 2);
    running.bench.probe.open(1);
    running.hears("14:00 done").await;
    running.hour(17).await;
    running.hears("16:00 []").await;
    running.bench.probe.open(1);
    running.stop().await;
}

/// A worker hears of a cancel with its next heartbeat, which a lease of the usual length brings within five seconds.
#[tokio::test]
async fn x_d15_cancel_previous_ends_the_run_before() {
    const STEP: Duration = Duration::from_secs(10);
    let (bench, clock) = Bench::at("2025-06-01T12:03:00Z").await;
    let tasker = tasker_of::<Canceled>(&bench).await;
    let mut running = Running {
        working: Some(Working::start(&tasker, |worker| worker)),
        bench,
        clock,
        tasker,
    };
    let first = running
        .until(|schedule| schedule.next_run_at.is_some())
        .await;
    running.clock.advance(STEP);
    running.hears("12:03 []").await;
    running
        .until(|schedule| schedule.next_run_at > first.next_run_at)
        .await;
    running.clock.advance(STEP);
    let mut said = vec![
        running.bench.probe.hear().await,
        running.bench.probe.hear().await,
    ];
    said.sort();
    assert_eq!(said, ["12:03 []", "12:03 told to end"]);
    running.bench.probe.open(1);
    running.hears("12:03 done").await;
    running.stop().await;
    assert_eq!(running.jobs(JobState::Canceled).await, 1);
    assert_eq!(running.jobs(JobState::Succeeded).await, 1);
}

/// X-D10, Q-26.
#[tokio::test]
async fn x_d10_once_knows_what_was_missed() {
    let mut running = Running::of::<Allowed>().await;
    running.stop().await;
    running.clock.advance(6 * HOUR);
    running.start();
    running.hears("18:00 [13:00 14:00 15:00 16:00 17:00]").await;
    running.hour(20).await;
    running.hears("19:00 []").await;
    running.bench.probe.open(2);
    running.stop().await;
}

#[tokio::test]
async fn x_d10_skip_makes_good_for_nothing() {
    let mut running = Running::of::<Forgotten>().await;
    running.stop().await;
    running.clock.advance(6 * HOUR);
    running.start();
    let schedule = running.plans(19).await;
    assert_eq!(schedule.executions, 0);
    // In time, or it would count as missed too.
    running.clock.set("2025-06-01T19:00:30Z".parse().unwrap());
    running.hears("19:00 []").await;
    running.bench.probe.open(1);
    running.stop().await;
}

#[tokio::test]
async fn x_d10_all_makes_good_for_so_many_oldest_first() {
    let mut running = Running::of::<Three>().await;
    running.stop().await;
    running.clock.advance(6 * HOUR);
    let lease = 365 * 24 * HOUR;
    let one = Working::start(&running.tasker, |worker| worker.lease(lease).concurrency(1));
    for (line, planned) in [
        ("16:00 [13:00 14:00 15:00]", "16:00"),
        ("17:00 []", "17:00"),
        ("18:00 []", "18:00"),
    ] {
        running.hears(line).await;
        running.bench.probe.open(1);
        running.hears(&format!("{planned} done")).await;
    }
    one.stop().await;
    assert_eq!(running.jobs(JobState::Succeeded).await, 3);
}

made!(OneBad like Turn {
    alias: "one-bad",
    schedules: {
        static RULES: [ScheduleDefinition; 2] = [
            ScheduleDefinition {
                name: Some("bad"),
                rule: "hourly",
                tz: None,
                catch_up: CatchUp::Once,
                overlap: Overlap::Allow,
                params: || {
                    // Over the bound of a job: the schedule is kept, its job is refused.
                    let long = "x".repeat(tasker_store::limits::PARAMS);
                    Ok(Fields::from_iter([("long".to_owned(), long.into())]))
                },
            },
            ScheduleDefinition {
                name: Some("good"),
                rule: "hourly",
                tz: None,
                catch_up: CatchUp::Once,
                overlap: Overlap::Allow,
                params: || Ok(Fields::new()),
            },
        ];
        &RULES
    },
});

/// X-D14: one that cannot be fired holds up no other, and is tried again.
#[tokio::test]
async fn x_d14_an_error_of_one_schedule_holds_up_no_other() {
    let mut running = Running::of::<OneBad>().await;
    for (next, line) in [(14, "13:00 []"), (15, "14:00 []")] {
        running.hour(next).await;
        running.hears(line).await;
    }
    let bad = running
        .until(|schedule| schedule.name == "one-bad/bad")
        .await;
    assert_eq!(bad.executions, 0);
    let first = "2025-06-01T13:00:00Z".parse().ok();
    assert_eq!(bad.next_run_at, first, "it is still due");
    running.bench.probe.open(2);
    running.stop().await;
}
