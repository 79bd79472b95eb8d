//! What takes turns across processes, on a clock that the test moves; and with processes that die.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tasker::lifecycle::{
    Background, Cancelled, Pace, Shutdown, TestClock, background, every, serialized, with_clock,
};
use tasker::{Registry, Tasker, rule, task};
use tasker_store::{Admin, Clock, MemoryStore, Schedule, ScheduleState};
use tokio::sync::Notify;

use crate::probe::{E, Probe, numbers, soon, tasks};
use crate::process::{Process, until};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A worker has to have a task.
#[task]
async fn nothing() {}

struct Bench {
    clock: TestClock,
    store: MemoryStore,
    probe: Probe,
}

impl Bench {
    fn at(now: &str) -> Self {
        let clock = TestClock::at(now.parse().unwrap());
        Self {
            store: MemoryStore::with_clock(Clock::Test(clock.clone())),
            clock,
            probe: Probe::new(),
        }
    }

    async fn tasker(&self) -> Tasker {
        let builder = Tasker::builder()
            .store(Arc::new(self.store.clone()))
            .registry(tasks([Registry::add::<Nothing>]));
        builder.connect().await.unwrap()
    }

    /// A process in which `tidy` says the time of each run; the run of this number fails.
    async fn start(&self, pace: impl Into<Pace>, failing: u8) -> Background {
        let (probe, clock, runs) = (self.probe.clone(), self.clock.clone(), AtomicU8::new(0));
        let tidy = serialized(&self.tasker().await, "tidy", pace, move || {
            let run = 1 + runs.fetch_add(1, Ordering::SeqCst);
            probe.say(clock.now().format("%H:%M:%S"));
            std::future::ready(if run == failing { Err(E(run)) } else { Ok(()) })
        });
        background(with_clock(Clock::Test(self.clock.clone()), tidy))
    }

    async fn row(&self) -> Schedule {
        let rows = self.store.schedules().await.unwrap();
        rows.into_iter().find(|row| row.name == "tidy").unwrap()
    }

    /// Waits until the schedule has a next occurrence.
    async fn planned(&self) {
        until("it is planned", async || {
            let rows = self.store.schedules().await.unwrap();
            let row = rows.into_iter().find(|row| row.name == "tidy");
            row.is_some_and(|row| row.next_run_at.is_some_and(|at| at > self.clock.now()))
        })
        .await;
    }
}

/// F-35.
#[tokio::test]
async fn f35_every_hour_runs_at_once_and_once_an_hour() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let running = bench.start(every(HOUR), 0).await;
    assert_eq!(bench.probe.hear().await, "10:00:00");
    for run in 1..=7 {
        bench.planned().await;
        bench.clock.advance(HOUR + SECOND);
        assert_eq!(bench.probe.hear().await, format!("{}:00:0{run}", 10 + run));
    }
    bench.planned().await;
    bench.clock.advance(HOUR / 2);
    bench.probe.quiet().await;
    soon(running.stop()).await.unwrap();
}

/// F-37.
#[tokio::test]
async fn f37_an_error_ends_it() {
    for failing in [1, 3] {
        let bench = Bench::at("2025-06-01T10:00:00Z");
        let running = bench.start(every(HOUR), failing).await;
        for run in 1..=failing {
            bench.probe.hear().await;
            if run < failing {
                bench.planned().await;
                bench.clock.advance(HOUR);
            }
        }
        assert_eq!(numbers(soon(running.join()).await), [failing]);
        // A run that failed does not count.
        let again = bench.start(every(HOUR), 0).await;
        bench.probe.hear().await;
        soon(again.stop()).await.unwrap();
    }
}

/// One that counts does so from its first declaration, whatever the restarts, and ends.
#[tokio::test]
async fn a_rule_that_counts_ends_after_so_many_runs() {
    let bench = Bench::at("2025-06-01T09:30:00Z");
    let pace = rule!("rrule FREQ=HOURLY;COUNT=2");
    let running = bench.start(pace, 0).await;
    bench.planned().await;
    bench.clock.advance(HOUR / 2);
    assert_eq!(bench.probe.hear().await, "10:00:00");
    bench.planned().await;
    soon(running.stop()).await.unwrap();
    bench.clock.advance(20 * MINUTE);
    let running = bench.start(pace, 0).await;
    bench.probe.quiet().await;
    bench.clock.advance(40 * MINUTE);
    assert_eq!(bench.probe.hear().await, "11:00:00");
    soon(running.join()).await.unwrap();
    assert_eq!(bench.row().await.state, ScheduleState::Completed);
}

/// F-38, and the rest of the life of a daily rule.
#[tokio::test]
async fn f38_daily_waits_for_its_time() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let running = bench.start(rule!("daily 12:00"), 0).await;
    bench.planned().await;
    bench.probe.quiet().await;
    bench.clock.advance(2 * HOUR + MINUTE);
    assert_eq!(bench.probe.hear().await, "12:01:00");
    bench.planned().await;
    bench.probe.quiet().await;
    soon(running.stop()).await.unwrap();

    // A restart neither repeats a run nor comes too early.
    bench.clock.advance(12 * HOUR);
    let running = bench.start(rule!("daily 12:00"), 0).await;
    bench.probe.quiet().await;
    soon(running.stop()).await.unwrap();
    // What passed while nobody was there is made good once.
    bench.clock.advance(50 * HOUR);
    let running = bench.start(rule!("daily 12:00"), 0).await;
    assert_eq!(bench.probe.hear().await, "02:01:00");
    bench.planned().await;
    bench.probe.quiet().await;
    soon(running.stop()).await.unwrap();
    // Another rule begins anew.
    bench.clock.advance(24 * HOUR);
    let running = bench.start(rule!("daily 03:00"), 0).await;
    bench.planned().await;
    bench.probe.quiet().await;
    bench.clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "03:01:00");
    soon(running.stop()).await.unwrap();
}

#[tokio::test]
async fn three_processes_take_turns() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(bench.start(every(HOUR), 0).await);
    }
    for hour in 10..14 {
        assert_eq!(bench.probe.hear().await, format!("{hour}:00:00"));
        bench.planned().await;
        bench.probe.quiet().await;
        bench.clock.advance(HOUR);
    }
    for process in running {
        soon(process.stop()).await.unwrap();
    }
}

/// An operator sees it and holds it; what is a task's already is not taken.
#[tokio::test]
async fn it_is_a_schedule_to_operators() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let running = bench.start(every(HOUR), 0).await;
    bench.probe.hear().await;
    bench.planned().await;
    let row = bench.row().await;
    assert_eq!((row.alias.as_str(), row.rule.as_str()), ("", "every 1h"));
    assert_eq!(row.state, ScheduleState::Active);
    let schedules = bench.tasker().await;
    assert!(schedules.schedules().pause("tidy").await.unwrap());
    bench.clock.advance(HOUR);
    bench.probe.quiet().await;
    assert!(schedules.schedules().resume("tidy").await.unwrap());
    assert_eq!(bench.probe.hear().await, "11:00:00");
    soon(running.stop()).await.unwrap();

    let other = tasker_store::NewSchedule::new("hello", "hello", "hourly");
    let declaration = tasker_store::Declaration {
        schedules: vec![other],
        retire_after: HOUR,
        ..tasker_store::Declaration::default()
    };
    tasker_store::Store::declare(&bench.store, declaration)
        .await
        .unwrap();
    let taken = serialized(&bench.tasker().await, "hello", every(HOUR), || async {});
    let failure = soon(taken).await.unwrap_err().to_string();
    assert!(failure.contains("task `hello`"), "{failure}");
}

/// A worker on the same store, which declares what it has, neither fires nor retires it.
#[tokio::test]
async fn a_worker_leaves_it_alone() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let running = bench.start(every(HOUR), 0).await;
    assert_eq!(bench.probe.hear().await, "10:00:00");
    bench.planned().await;
    soon(running.stop()).await.unwrap();
    bench.clock.advance(2 * HOUR);
    // An hour has passed in which nobody declared it.
    let tasker = bench.tasker().await;
    let worker = tasker.worker().until_empty(true).build().unwrap();
    worker.run().await.unwrap();
    assert_eq!(bench.row().await.state, ScheduleState::Retired);
    assert_eq!(bench.row().await.executions, 0);
    let running = bench.start(every(HOUR), 0).await;
    assert_eq!(bench.probe.hear().await, "12:00:00");
    soon(running.stop()).await.unwrap();
}

/// A run that takes longer than what nobody declares is kept does not count twice.
#[tokio::test]
async fn a_long_run_counts_once() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let (says, gate) = (bench.probe.clone(), Arc::new(Notify::new()));
    let opened = Arc::clone(&gate);
    let long = serialized(&bench.tasker().await, "tidy", every(HOUR), move || {
        says.say("began");
        let opened = Arc::clone(&opened);
        async move { opened.notified().await }
    });
    let clock = Clock::Test(bench.clock.clone());
    let running = background(with_clock(clock, long.lease(24 * HOUR)));
    assert_eq!(bench.probe.hear().await, "began");
    bench.clock.advance(2 * HOUR);
    let tasker = bench.tasker().await;
    let worker = tasker.worker().until_empty(true).build().unwrap();
    worker.run().await.unwrap();
    assert_eq!(bench.row().await.state, ScheduleState::Retired);
    gate.notify_one();
    bench.planned().await;
    bench.probe.quiet().await;
    assert_eq!(bench.row().await.state, ScheduleState::Active);
    bench.clock.advance(HOUR);
    assert_eq!(bench.probe.hear().await, "began");
    gate.notify_one();
    soon(running.stop()).await.unwrap();
}

/// A run that the stop cuts short stays due.
#[tokio::test]
async fn a_run_that_was_cut_short_is_made_good() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let says = bench.probe.clone();
    let cut_short = serialized(
        &bench.tasker().await,
        "tidy",
        every(HOUR),
        move |shutdown: Shutdown| {
            says.say("began");
            async move {
                shutdown.cancelled().await;
                Err::<(), _>(Cancelled)
            }
        },
    );
    let running = background(cut_short);
    assert_eq!(bench.probe.hear().await, "began");
    soon(running.stop()).await.unwrap();
    let running = bench.start(every(HOUR), 0).await;
    assert_eq!(bench.probe.hear().await, "10:00:00");
    soon(running.stop()).await.unwrap();
}

/// The lease is lost in the middle of a run: the run is told, and another process makes it good.
#[tokio::test]
async fn a_run_without_its_lease_is_told_to_end() {
    let bench = Bench::at("2025-06-01T10:00:00Z");
    let says = bench.probe.clone();
    let frozen = serialized(
        &bench.tasker().await,
        "tidy",
        every(HOUR),
        move |shutdown: Shutdown| {
            let says = says.clone();
            async move {
                says.say("began");
                shutdown.cancelled().await;
                says.say("told to end");
                Err::<(), _>(Cancelled)
            }
        },
    );
    let frozen = background(frozen.lease(SECOND));
    assert_eq!(bench.probe.hear().await, "began");
    bench.clock.advance(MINUTE);
    let other = bench.start(every(HOUR), 0).await;
    let mut said = [bench.probe.hear().await, bench.probe.hear().await];
    said.sort();
    assert_eq!(said, ["10:01:00", "told to end"]);
    soon(frozen.stop()).await.unwrap();
    soon(other.stop()).await.unwrap();
}

/// F-40: real processes, a real file, SIGKILL.
#[tokio::test]
async fn f40_another_process_takes_over_when_the_holder_dies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tasker.db");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle-program"));
        command
            .arg("serialized")
            .arg(format!("sqlite://{}?mode=rwc", file.display()));
        Process::start(command)
    };
    let mut first = start();
    first.hear("began").await;
    let mut second = start();
    second.hear("waiting").await;
    tokio::time::sleep(SECOND).await;
    assert!(second.rest().is_empty());
    first.kill().await.unharmed();
    second.hear("began").await;
    second.order("end");
    second.hear("ended").await;
    // It ended well, so that it is not due for another hour.
    second.terminate();
    second.ended().await.well();
    let mut third = start();
    third.hear("waiting").await;
    tokio::time::sleep(SECOND).await;
    assert!(third.rest().is_empty());
    third.terminate();
    third.ended().await.well();
}
