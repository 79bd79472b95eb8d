//! Sequence and concurrence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tasker::lifecycle::{
    BoxPart, Cancelled, Panicked, Part, Shutdown, background, concurrence, main, sequence,
    with_state, with_states,
};
use tasker::{State, States, task};

use crate::probe::{E, MOMENT, Probe, Wrapped, numbers, soon, wait};

const SECOND: Duration = Duration::from_secs(1);

/// F-01.
#[tokio::test]
async fn f01_nothing_to_do_is_done_at_once() {
    let all = async {
        sequence![].await.unwrap();
        concurrence![].await.unwrap();
        main(concurrence![]).await.unwrap();
        main(sequence(Vec::<BoxPart>::new())).await.unwrap();
    };
    tokio::time::timeout(SECOND, all).await.unwrap();
}

/// F-02.
#[tokio::test]
async fn f02_a_sequence_keeps_its_order() {
    let probe = Probe::new();
    let push = |number: u8| {
        let probe = probe.clone();
        move || async move { probe.say(number) }
    };
    sequence![push(1), push(2), push(3)].await.unwrap();
    assert_eq!(probe.rest().await, ["1", "2", "3"]);
    sequence((4..=6).map(push)).await.unwrap();
    assert_eq!(probe.rest().await, ["4", "5", "6"]);
}

/// F-03.
#[tokio::test]
async fn f03_a_sequence_ends_with_its_first_error() {
    let probe = Probe::new();
    let last = probe.clone();
    let outcome = sequence![
        || async {},
        || async { Err::<(), _>(E(2)) },
        move || async move { last.say("ran") },
    ];
    assert_eq!(numbers(outcome.await), [2]);
    assert!(probe.rest().await.is_empty());
}

struct Greeting(&'static str);

/// Say what is lent, from a task that is run in place.
#[task]
async fn greet(greeting: State<Greeting>, probe: State<Probe>) {
    probe.say(greeting.0);
}

/// Says what is lent.
async fn look(shutdown: Shutdown) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let greeting = shutdown.state::<Greeting>().await?;
    shutdown.state::<Probe>().await?.say(greeting.0);
    Ok(())
}

/// As [`look`], without the argument.
async fn look_around() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    sequence![look].await?;
    look(Shutdown::current()).await
}

/// F-04.
#[tokio::test]
async fn f04_state_reaches_every_nested_part() {
    let probe = Probe::new();
    let mut states = States::default();
    states.insert(State::from(probe.clone()));
    states.insert_with(|| async { Ok::<_, E>(Greeting("outer")) });
    let inner = with_state(Greeting("inner"), sequence![look, Greet::run()]);
    let blocking = || {
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(look(Shutdown::current()))
    };
    let nested = sequence![
        look,
        concurrence![sequence![look_around]],
        inner,
        Greet::run(),
        blocking,
    ];
    with_states(states, nested).await.unwrap();
    let wanted = [
        "outer", "outer", "outer", "inner", "inner", "outer", "outer",
    ];
    assert_eq!(probe.rest().await, wanted);

    let failure = sequence![look].await.unwrap_err().to_string();
    assert!(
        failure.contains("Greeting") && failure.contains("with_state"),
        "{failure}"
    );
    let failure = sequence![Greet::run()].await.unwrap_err().to_string();
    assert!(
        failure.contains("State<") && failure.contains("greet"),
        "{failure}"
    );
}

/// F-05: on one thread, and with parts that block theirs.
#[tokio::test]
async fn f05_a_concurrence_starts_all_of_them() {
    let sum = Arc::new(AtomicU32::new(0));
    let add = |number: u32| {
        let sum = Arc::clone(&sum);
        move |shutdown: Shutdown| async move {
            sum.fetch_add(number, Ordering::SeqCst);
            shutdown.cancelled().await;
        }
    };
    let running = background(concurrence![add(1), add(10), add(100)]);
    while sum.load(Ordering::SeqCst) < 111 {
        soon(tokio::task::yield_now()).await;
    }
    assert!(running.is_running());
    running.stop().await.unwrap();

    // Each waits for the others with its thread, so that all must run at the same time.
    let meeting = Arc::new(std::sync::Barrier::new(3));
    let meet = || {
        let meeting = Arc::clone(&meeting);
        move || {
            meeting.wait();
        }
    };
    soon(concurrence![meet(), meet(), meet()]).await.unwrap();
}

/// F-06.
#[tokio::test]
async fn f06_a_concurrence_waits_for_all_of_them() {
    let waiting = tokio::time::timeout(MOMENT, concurrence![wait, wait, || async {}]);
    assert!(waiting.await.is_err());
}

/// F-07, and a panic in place of an error.
#[tokio::test]
async fn f07_one_error_stops_the_others() {
    let failing = concurrence![wait, || async { Err::<(), _>(E(1)) }, wait];
    let outcome = tokio::time::timeout(SECOND, failing.into_future()).await;
    assert_eq!(numbers(outcome.unwrap()), [1]);

    async fn panic() {
        panic!("no {}", "luck");
    }
    let panicking = concurrence![wait, panic, wait];
    let failure = soon(panicking).await.unwrap_err();
    let message = &failure.find::<Panicked>().unwrap().message;
    assert!(
        message.contains("composition.rs:") && message.ends_with(": no luck"),
        "{message}"
    );
}

/// F-08: three at once, and those that fail when they are told to stop.
#[tokio::test]
async fn f08_all_errors_are_reported_and_each_can_be_found() {
    let meeting = Arc::new(tokio::sync::Barrier::new(3));
    let fail = |number: u8| {
        let meeting = Arc::clone(&meeting);
        move || async move {
            meeting.wait().await;
            Err::<(), _>(E(number))
        }
    };
    let mut found = numbers(concurrence![fail(1), fail(2), fail(3)].await);
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3]);

    let late = |shutdown: Shutdown| async move {
        shutdown.cancelled().await;
        Err::<(), _>(Wrapped(std::io::Error::other("late").into()))
    };
    let nested = concurrence![sequence![concurrence![late]], || async {
        Err::<(), _>(E(1))
    }];
    let failure = nested.await.unwrap_err();
    assert_eq!(failure.find::<E>(), Some(&E(1)));
    assert_eq!(
        failure.find::<std::io::Error>().unwrap().to_string(),
        "late"
    );
    assert!(failure.is::<Wrapped>() && !failure.is::<Panicked>());
    assert_eq!(failure.to_string(), "E1\nin other words: late");
}

/// F-09.
#[tokio::test]
async fn f09_a_part_that_says_canceled_stops_the_others_without_an_error() {
    let probe = Probe::new();
    let stopped = || {
        let probe = probe.clone();
        move |shutdown: Shutdown| async move {
            shutdown.cancelled().await;
            probe.say("stopped");
        }
    };
    let all = concurrence![stopped(), || async { Err::<(), _>(Cancelled) }, stopped()];
    soon(all).await.unwrap();
    assert_eq!(probe.rest().await, ["stopped", "stopped"]);
    // One part is no exception.
    concurrence![|| async { Err::<(), _>(Wrapped(Cancelled.into())) }]
        .await
        .unwrap();
}

/// F-11.
#[tokio::test]
async fn f11_main_stops_the_others_and_waits_for_them() {
    let probe = Probe::new();
    let slow = probe.clone();
    let program = concurrence![
        move |shutdown: Shutdown| async move {
            shutdown.cancelled().await;
            tokio::time::sleep(MOMENT).await;
            slow.say("stopped");
        },
        || async { Err::<(), _>(E(7)) },
    ];
    assert_eq!(numbers(soon(main(program)).await), [7]);
    assert_eq!(probe.rest().await, ["stopped"]);
}

/// F-13, F-14: without and with a concurrence around.
#[tokio::test]
async fn f13_what_says_that_it_was_stopped_is_no_failure_of_main() {
    let stopped = |with: fn() -> Box<dyn std::error::Error + Send + Sync>| {
        move |shutdown: Shutdown| async move {
            shutdown.cancelled().await;
            Err::<(), _>(with())
        }
    };
    let canceled = stopped(|| Wrapped(Cancelled.into()).into());
    let failed = stopped(|| E(9).into());
    let outer = Shutdown::new();
    outer.cancel();
    outer.scope(main(canceled)).await.unwrap();
    outer.scope(main(concurrence![canceled])).await.unwrap();
    assert_eq!(numbers(outer.scope(main(failed)).await), [9]);
    assert_eq!(
        numbers(outer.scope(main(concurrence![failed, canceled])).await),
        [9]
    );
}

/// What a combinator runs ends with it.
#[tokio::test]
async fn a_concurrence_that_is_dropped_leaves_nothing_behind() {
    let probe = Probe::new();
    struct Said(Probe);
    impl Drop for Said {
        fn drop(&mut self) {
            self.0.say("dropped");
        }
    }
    let said = Said(probe.clone());
    let speaks = move || async move {
        said.0.say("started");
        std::future::pending::<()>().await;
        drop(said);
    };
    let mut all = concurrence![concurrence![speaks]].run(Shutdown::new());
    tokio::select! {
        biased;
        _ = &mut all => unreachable!("it never ends"),
        started = probe.hear() => assert_eq!(started, "started"),
    }
    drop(all);
    assert_eq!(probe.hear().await, "dropped");
}
