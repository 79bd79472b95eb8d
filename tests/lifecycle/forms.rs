//! Everything that is a part, nested freely.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tasker::lifecycle::{
    BoxPart, Composed, Panicked, Part, Repeatable, Shutdown, TimedOut, background, concurrence,
    every, exclusive, ignore_error, on_error, repeat, sequence, timeout, with_shutdown,
    with_signals, with_state,
};
use tasker::{Registry, TaskError, Tasker, task};

use crate::probe::{E, Probe, soon, tasks, wait};

async fn nothing() {}

async fn value() -> anyhow::Result<u8> {
    Ok(7)
}

async fn told(shutdown: Shutdown) -> Result<(), E> {
    shutdown.check().map_err(|_| E(1))
}

fn plain() -> Result<&'static str, std::io::Error> {
    Ok("done")
}

fn plain_told(shutdown: Shutdown) {
    assert!(!shutdown.is_cancelled());
}

/// Return the number plus one.
#[task]
async fn next_of(number: u32) -> Result<u32, TaskError> {
    Ok(number + 1)
}

#[tokio::test]
async fn functions_closures_futures_and_tasks_are_parts() {
    let counter = Arc::new(AtomicU32::new(0));
    let count = {
        let counter = Arc::clone(&counter);
        move || {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    };
    let owned = String::from("given away");
    let all = sequence![
        nothing,
        value,
        told,
        plain,
        plain_told,
        || async { Ok::<_, E>(()) },
        |shutdown: Shutdown| async move { shutdown.check() },
        move || async move { drop(owned) },
        count.clone(),
        async { Ok::<u8, std::fmt::Error>(1) },
        Box::pin(async {}),
        NextOf::run(NextOfParams::new(1)),
        || NextOf::run(NextOfParams::new(1)),
        sequence![count.clone()].into_box(),
        concurrence![count.clone()].into_shared(),
    ];
    all.await.unwrap();
    assert_eq!(counter.load(Ordering::SeqCst), 3);
}

/// A whole of parts that can run again can run again.
#[tokio::test]
async fn combinators_nest_freely() {
    let probe = Probe::new();
    let say = |what: &'static str| {
        let probe = probe.clone();
        move || {
            let probe = probe.clone();
            async move { probe.say(what) }
        }
    };
    let whole = concurrence![
        timeout(Duration::from_secs(60), say("timeout")),
        on_error(say("on_error"), |failure| async { Err::<(), _>(failure) }),
        ignore_error(say("ignore_error")).of::<E>(),
        exclusive(sequence![say("exclusive")]),
        with_signals(with_shutdown(say("start"), sequence![say("stop")])),
        with_state(1_u8, sequence(vec![say("listed")])),
    ];
    let shutdown = Shutdown::new();
    let repeated = repeat(every(Duration::ZERO), whole).run(shutdown.clone());
    let repeated = tokio::spawn(repeated);
    let mut said = Vec::new();
    while said.len() < 14 {
        said.push(probe.hear().await);
    }
    shutdown.cancel();
    soon(repeated).await.unwrap().unwrap();
    said.sort_unstable();
    let mut wanted = [
        "timeout",
        "on_error",
        "ignore_error",
        "exclusive",
        "start",
        "stop",
        "listed",
    ]
    .repeat(2);
    wanted.sort_unstable();
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn parts_of_several_types_can_be_listed() {
    fn optional(is_wanted: bool) -> Vec<BoxPart> {
        let mut parts = vec![nothing.into_box(), value.into_box()];
        if is_wanted {
            parts.push((|| async { Err::<(), _>(E(3)) }).into_box());
        }
        parts
    }
    sequence(optional(false)).await.unwrap();
    assert!(concurrence(optional(true)).await.unwrap_err().is::<E>());

    fn made() -> impl Part {
        sequence![nothing, value]
    }
    made().run(Shutdown::new()).await.unwrap();
    let empty: Composed<_> = Composed::sequence();
    empty.await.unwrap();
}

/// A panic is an error wherever it happens: when the future is made, while it runs, on another thread.
#[tokio::test]
async fn panics_are_errors_with_their_message() {
    fn early() -> std::future::Ready<()> {
        panic!("early")
    }
    fn thread() {
        panic!("thread")
    }
    for (part, said) in [
        (early.into_box(), ": early"),
        ((|| async { panic!("late") }).into_box(), ": late"),
        (thread.into_box(), ": thread"),
    ] {
        let failure = part.run(Shutdown::new()).await.unwrap_err();
        let panicked = failure.find::<Panicked>().unwrap();
        assert!(panicked.message.contains("forms.rs:"), "{panicked}");
        assert!(panicked.message.ends_with(said), "{panicked}");
    }
}

#[tokio::test]
async fn a_time_limit_tells_the_part_to_end() {
    let limit = Duration::from_millis(5);
    timeout(Duration::from_secs(60), nothing).await.unwrap();
    let failure = soon(timeout(limit, wait)).await.unwrap_err();
    assert_eq!(failure.find(), Some(&TimedOut { limit }));
    assert_eq!(failure.to_string(), "ran longer than 5ms");
    let objects = timeout(limit, |shutdown: Shutdown| async move {
        shutdown.cancelled().await;
        Err::<(), _>(E(4))
    });
    let failure = soon(objects).await.unwrap_err();
    assert!(failure.is::<TimedOut>() && failure.is::<E>(), "{failure}");
    // One that is deaf is dropped 3 s later.
    let failure = soon(timeout(limit, std::future::pending::<()>()))
        .await
        .unwrap_err();
    assert_eq!(failure.errors().count(), 1);
}

/// What is dropped half way may panic; that is one more error, not the end of the program.
#[tokio::test]
async fn a_panic_of_what_a_time_limit_drops_is_told() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("broken glass");
        }
    }
    let limit = Duration::from_millis(5);
    let deaf = async {
        let _held = Fragile;
        std::future::pending::<()>().await;
    };
    let failure = soon(timeout(limit, deaf)).await.unwrap_err();
    assert!(failure.is::<TimedOut>(), "{failure}");
    let panicked = failure.find::<Panicked>().unwrap();
    assert!(panicked.message.ends_with(": broken glass"), "{panicked}");
}

/// Say when the attempt is told to end, from a concurrence within the handler.
#[task]
async fn composing(probe: tasker::State<Probe>) -> anyhow::Result<()> {
    let speaks = {
        let probe = probe.clone();
        move |shutdown: Shutdown| async move {
            probe.say("started");
            shutdown.cancelled().await;
            probe.say(format!("told to end, tasker {}", Tasker::current().is_ok()));
        }
    };
    concurrence![sequence![speaks]].await?;
    Ok(())
}

/// Run another task in place.
#[task]
async fn outer() -> tasker::Result<()> {
    Composing::run().await
}

/// What a handler composes stops with the attempt, also through a task that is run in place.
#[tokio::test]
async fn what_a_handler_composes_stops_with_the_attempt() {
    let probe = Probe::new();
    let mut states = tasker::States::default();
    states.insert(tasker::State::from(probe.clone()));
    let builder = Tasker::builder()
        .database_url("memory:")
        .registry(tasks([Registry::add::<Composing>, Registry::add::<Outer>]))
        .states(states);
    let tasker = builder.connect().await.unwrap();
    let worker = background(tasker.worker().lease(Duration::from_secs(3)));
    for job in [Composing::enqueue(), Outer::enqueue()] {
        let job = job.on(&tasker).await.unwrap();
        assert_eq!(probe.hear().await, "started");
        job.cancel().await.unwrap();
        assert_eq!(probe.hear().await, "told to end, tasker true");
    }
    worker.stop().await.unwrap();

    // And as a part, with the stop of the program.
    let shutdown = Shutdown::new();
    let run = with_state(probe.clone(), Composing::run()).run(shutdown.clone());
    let run = tokio::spawn(run);
    assert_eq!(probe.hear().await, "started");
    shutdown.cancel();
    assert!(probe.hear().await.starts_with("told to end"));
    soon(run).await.unwrap().unwrap();
}
