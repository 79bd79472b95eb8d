//! Parts in the background: handles, groups, and what may run only once at a time.

use std::sync::Arc;
use std::time::Duration;

use tasker::lifecycle::{Cancelled, Group, Panicked, Shutdown, background, exclusive};
use tokio::sync::Notify;

use crate::probe::{E, Probe, Wrapped, numbers, soon, wait};

/// F-45.
#[tokio::test]
async fn f45_a_stop_gives_the_parts_own_error() {
    let failing = background(|shutdown: Shutdown| async move {
        shutdown.cancelled().await;
        Err::<(), _>(E(1))
    });
    assert!(failing.is_running());
    assert_eq!(numbers(soon(failing.stop()).await), [1]);
    assert!(!failing.is_running());
    // Again, and at the join.
    assert_eq!(numbers(soon(failing.stop()).await), [1]);
    assert_eq!(numbers(soon(failing.join()).await), [1]);
}

/// F-45.
#[tokio::test]
async fn f45_that_it_was_told_to_stop_is_no_error() {
    for part in [
        background(|shutdown: Shutdown| async move {
            shutdown.cancelled().await;
            Err::<(), _>(Wrapped(Cancelled.into()))
        }),
        background(|shutdown: Shutdown| async move {
            let pending = std::future::pending::<()>();
            shutdown.run_until_cancelled(pending).await
        }),
        background(wait),
    ] {
        soon(part.stop()).await.unwrap();
        soon(part.join()).await.unwrap();
    }
}

/// F-45: from three threads at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f45_everyone_who_joins_is_given_the_same_error() {
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let failing = background(move || async move {
        released.notified().await;
        Err::<(), _>(E(3))
    });
    let joiners = [(); 3].map(|()| {
        let failing = failing.clone();
        tokio::spawn(async move { failing.join().await })
    });
    release.notify_one();
    let mut errors = Vec::new();
    for joiner in joiners {
        let failure = soon(joiner).await.unwrap().unwrap_err();
        assert_eq!(failure.find(), Some(&E(3)));
        errors.push(std::ptr::from_ref(failure.find::<E>().unwrap()).addr());
        drop(failure);
    }
    assert!(
        errors.iter().all(|error| *error == errors[0]),
        "one and the same"
    );
}

#[tokio::test]
async fn a_group_stops_together() {
    let group = Group::new();
    soon(group.wait()).await.unwrap();
    for _ in 0..3 {
        group.go(wait);
    }
    assert_eq!((group.len(), group.is_empty()), (3, false));
    group.cancel();
    soon(group.wait()).await.unwrap();
    assert!(group.is_empty());
    // It takes members also afterwards, and after the stop they find it asked for.
    group.go(wait);
    soon(group.wait()).await.unwrap();
}

#[tokio::test]
async fn a_failing_member_stops_the_others_unless_they_are_isolated() {
    let failing = || async { Err::<(), _>(E(1)) };
    let group = Group::new();
    group.go(wait);
    group.go(failing);
    group.go(|| async { panic!("too") });
    let failure = soon(group.wait()).await.unwrap_err();
    assert_eq!(failure.errors().count(), 2, "{failure}");
    assert!(failure.is::<E>() && failure.is::<Panicked>());

    let group = Group::isolated();
    let (release, probe) = (Arc::new(Notify::new()), Probe::new());
    let (released, says) = (Arc::clone(&release), probe.clone());
    group.go(move |shutdown: Shutdown| async move {
        released.notified().await;
        says.say(shutdown.is_cancelled());
    });
    group.go(failing);
    while group.len() > 1 {
        soon(tokio::task::yield_now()).await;
    }
    release.notify_one();
    assert_eq!(probe.hear().await, "false");
    assert_eq!(numbers(soon(group.wait()).await), [1]);
}

/// A group ends with the part it was made in.
#[tokio::test]
async fn a_group_stops_with_what_is_around_it() {
    let shutdown = Shutdown::new();
    let group = shutdown.scope(async { Group::new() }).await;
    group.go(wait);
    shutdown.cancel();
    soon(group.wait()).await.unwrap();
}

/// F-41.
#[tokio::test]
async fn f41_what_is_exclusive_is_passed_over_while_it_runs() {
    let (probe, release) = (Probe::new(), Arc::new(Notify::new()));
    let (says, released) = (probe.clone(), Arc::clone(&release));
    let job = exclusive(move || {
        let (probe, released) = (says.clone(), Arc::clone(&released));
        async move {
            probe.say("ran");
            released.notified().await;
        }
    });
    for _ in 0..2 {
        let run = background(job.clone());
        assert_eq!(probe.hear().await, "ran");
        let beside = tokio::time::timeout(Duration::from_secs(1), job.clone().into_future());
        beside.await.unwrap().unwrap();
        assert!(probe.rest().await.is_empty());
        release.notify_one();
        soon(run.join()).await.unwrap();
    }
}
