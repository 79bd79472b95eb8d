//! Pairs of a start and a stop.

use std::sync::Arc;
use std::time::Duration;

use tasker::lifecycle::{Overran, Part, Shutdown, with_shutdown};
use tokio::sync::Notify;

use crate::probe::{E, MOMENT, Probe, numbers, soon};

/// F-18.
#[tokio::test]
async fn f18_a_stop_runs_once_when_the_program_stops() {
    let (probe, release) = (Probe::new(), Arc::new(Notify::new()));
    let (stopping, released) = (probe.clone(), Arc::clone(&release));
    let pair = with_shutdown(
        move || async move { released.notified().await },
        move || async move { stopping.say("stop") },
    );
    let shutdown = Shutdown::new();
    let running = tokio::spawn(pair.run(shutdown.clone()));
    probe.quiet().await;
    // The stop comes first, and the start is waited for: nothing is left running.
    shutdown.cancel();
    assert_eq!(probe.hear().await, "stop");
    assert!(!running.is_finished());
    release.notify_one();
    soon(running).await.unwrap().unwrap();
    probe.quiet().await;
}

/// F-19: nothing runs, so nothing is stopped.
#[tokio::test]
async fn f19_an_error_of_the_start_comes_back() {
    let probe = Probe::new();
    let stopping = probe.clone();
    let pair = with_shutdown(
        || async { Err::<(), _>(E(1)) },
        move || async move { stopping.say("stop") },
    );
    assert_eq!(numbers(soon(pair).await), [1]);
    assert!(probe.rest().await.is_empty());
}

/// F-20: by itself, and beside one of the start.
#[tokio::test]
async fn f20_an_error_of_the_stop_comes_back() {
    let pair = with_shutdown(|| async {}, || async { Err::<(), _>(E(2)) });
    assert_eq!(numbers(soon(pair).await), [2]);

    let shutdown = Shutdown::new();
    let fails = |number: u8| {
        move |shutdown: Shutdown| async move {
            shutdown
                .check()
                .map_or_else(|_| Err(E(number)), |()| Ok(()))?;
            shutdown.cancelled().await;
            Err::<(), _>(E(number))
        }
    };
    let pair = with_shutdown(fails(1), || async { Err::<(), _>(E(2)) });
    let running = tokio::spawn(pair.run(shutdown.clone()));
    shutdown.cancel();
    assert_eq!(numbers(soon(running).await.unwrap()), [1, 2]);
}

/// F-21.
#[tokio::test]
async fn f21_a_stop_runs_also_after_a_start_that_ended_well() {
    let probe = Probe::new();
    let stopping = probe.clone();
    soon(with_shutdown(
        || async {},
        move || async move {
            stopping.say("stop");
        },
    ))
    .await
    .unwrap();
    assert_eq!(probe.rest().await, ["stop"]);
}

/// A stop is not told to end before its grace time is over; what is deaf then is dropped, and told of.
#[tokio::test]
async fn a_stop_has_its_grace_time() {
    let probe = Probe::new();
    let stopping = probe.clone();
    let stop = move |shutdown: Shutdown| async move {
        let told = tokio::time::timeout(MOMENT, shutdown.cancelled()).await;
        stopping.say(told.is_ok());
        shutdown.cancelled().await;
        stopping.say("told to end");
    };
    let grace = 3 * MOMENT;
    let start = std::future::pending::<()>;
    let shutdown = Shutdown::new();
    shutdown.cancel();
    let outcome = with_shutdown(start, stop).grace(grace).run(shutdown);
    let failure = soon(outcome).await.unwrap_err();
    assert_eq!(probe.rest().await, ["false", "told to end"]);
    let overran: Vec<_> = failure.errors().collect();
    assert_eq!(overran.len(), 1, "{failure}");
    let overran = overran[0].downcast_ref::<Overran>().unwrap();
    assert_eq!((overran.what, overran.grace), ("what was stopped", grace));
}

/// A second signal leaves less than a second.
#[tokio::test]
async fn a_stop_can_be_forced() {
    let shutdown = Shutdown::new();
    let pair = with_shutdown(std::future::pending::<()>, std::future::pending::<()>);
    let running = tokio::spawn(pair.run(shutdown.clone()));
    shutdown.force();
    let outcome = tokio::time::timeout(Duration::from_secs(2), running).await;
    let failure = outcome.unwrap().unwrap().unwrap_err();
    assert_eq!(failure.errors().count(), 2, "{failure}");
}
