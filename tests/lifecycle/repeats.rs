//! Parts that run again and again, on a clock that the test moves.

use std::time::Duration;

use tasker::lifecycle::{
    Background, Clock, Pace, Part, Repeatable, Shutdown, TestClock, background, every, repeat,
    with_clock,
};
use tasker::rule;

use crate::probe::{E, MOMENT, Probe, numbers, soon, wait};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// What says the time of each run.
fn clockwork(pace: impl Into<Pace>, now: &str) -> (Background, Probe, TestClock) {
    let (probe, clock) = (Probe::new(), TestClock::at(now.parse().unwrap()));
    let (says, shows) = (probe.clone(), clock.clone());
    let repeated = repeat(pace, move || {
        says.say(shows.now().format("%a %H:%M"));
        std::future::ready(())
    });
    let running = background(with_clock(Clock::Test(clock.clone()), repeated));
    (running, probe, clock)
}

/// F-22.
#[tokio::test]
async fn f22_every_hour_runs_at_once_and_then_hourly() {
    let (running, probe, clock) = clockwork(every(HOUR), "2025-06-01T10:00:00Z");
    assert_eq!(probe.hear().await, "Sun 10:00");
    clock.advance(HOUR - MINUTE);
    probe.quiet().await;
    clock.advance(2 * MINUTE);
    assert_eq!(probe.hear().await, "Sun 11:01");
    probe.quiet().await;
    // The next one is an hour after the end of this one.
    clock.advance(HOUR - MINUTE);
    probe.quiet().await;
    running.stop().await.unwrap();
}

/// F-23.
#[tokio::test]
async fn f23_without_a_pause_it_still_hears_the_stop() {
    let (running, probe, _clock) = clockwork(every(Duration::ZERO), "2025-06-01T10:00:00Z");
    for _ in 0..3 {
        assert_eq!(probe.hear().await, "Sun 10:00");
    }
    soon(running.stop()).await.unwrap();

    // On the machine's own clock as well.
    let (says, probe) = {
        let probe = Probe::new();
        (probe.clone(), probe)
    };
    let running = background(repeat(every(Duration::from_millis(1)), move || {
        says.say("ran");
        std::future::ready(())
    }));
    for _ in 0..3 {
        assert_eq!(probe.hear().await, "ran");
    }
    soon(running.stop()).await.unwrap();
}

/// F-24: later the same day, not the next one.
#[tokio::test]
async fn f24_daily_waits_for_its_time() {
    let (running, probe, clock) = clockwork(rule!("daily 12:00"), "2025-06-01T10:00:00Z");
    probe.quiet().await;
    clock.advance(HOUR);
    probe.quiet().await;
    clock.advance(HOUR + MINUTE);
    assert_eq!(probe.hear().await, "Sun 12:01");
    probe.quiet().await;
    clock.advance(24 * HOUR);
    assert_eq!(probe.hear().await, "Mon 12:01");
    // What passed while nobody looked is made good once.
    clock.advance(7 * 24 * HOUR);
    assert_eq!(probe.hear().await, "Mon 12:01");
    probe.quiet().await;
    running.stop().await.unwrap();
}

/// A zone in the rule counts.
#[tokio::test]
async fn a_rule_may_name_its_zone() {
    let pace = rule!("TZ=Europe/London daily 12:00");
    let (running, probe, clock) = clockwork(pace, "2025-06-01T10:00:00Z");
    probe.quiet().await;
    clock.advance(HOUR);
    assert_eq!(probe.hear().await, "Sun 11:00");
    running.stop().await.unwrap();
}

/// One that counts does so from the start, and ends.
#[tokio::test]
async fn a_rule_that_counts_ends_after_so_many_runs() {
    let pace = rule!("rrule FREQ=HOURLY;COUNT=2");
    let (running, probe, clock) = clockwork(pace, "2025-06-01T09:30:00Z");
    probe.quiet().await;
    clock.advance(HOUR / 2);
    assert_eq!(probe.hear().await, "Sun 10:00");
    probe.quiet().await;
    clock.advance(HOUR);
    assert_eq!(probe.hear().await, "Sun 11:00");
    soon(running.join()).await.unwrap();
}

/// F-25.
#[tokio::test]
async fn f25_an_error_ends_it() {
    for failing in [1, 3] {
        let probe = Probe::new();
        let says = probe.clone();
        let runs = std::sync::atomic::AtomicU8::new(0);
        let repeated = repeat(every(Duration::ZERO), move || {
            let run = 1 + runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            says.say(run);
            std::future::ready(if run == failing { Err(E(run)) } else { Ok(()) })
        });
        assert_eq!(numbers(soon(repeated).await), [failing]);
        assert_eq!(probe.rest().await.len(), usize::from(failing));
    }
}

/// What runs is told of the stop, and waited for; and a stop before the start means no run.
#[tokio::test]
async fn a_run_under_way_is_waited_for() {
    let shutdown = Shutdown::new();
    let running = tokio::spawn(repeat(every(HOUR), wait).run(shutdown.clone()));
    tokio::task::yield_now().await;
    shutdown.cancel();
    soon(running).await.unwrap().unwrap();

    let never = repeat(every(HOUR), || -> std::future::Ready<()> {
        panic!("not asked for")
    });
    never.into_shared().run(shutdown).await.unwrap();
}

/// A rule that comes to its end, or a period longer than time, does not spin.
#[tokio::test]
async fn a_far_future_is_waited_for() {
    let probe = Probe::new();
    let says = probe.clone();
    let running = background(repeat(every(Duration::MAX), move || {
        says.say("ran");
        std::future::ready(())
    }));
    assert_eq!(probe.hear().await, "ran");
    assert!(tokio::time::timeout(MOMENT, running.join()).await.is_err());
    soon(running.stop()).await.unwrap();
}
