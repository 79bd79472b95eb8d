//! Handlers that panic in odd places, and leave locks poisoned behind them.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};
use tasker::{Context, JobHandle, JobState, State, States, Tasker, task};
use tasker_store::FailureKind;

use crate::harness::{Bench, Probe};

/// What the handlers below share: a lock that gets poisoned.
#[derive(Default)]
struct Ledger(Mutex<u32>);

/// Made at the second try; the first one panics.
struct Fragile;

/// Panic with a lock in hand, then find it poisoned.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
fn book(ledger: State<Ledger>, ctx: Context) -> Result<u32, String> {
    if ctx.attempt() == 1 {
        let _held = ledger.0.lock();
        panic!("with the lock in hand");
    }
    assert!(ledger.0.is_poisoned(), "the first attempt left it so");
    let mut booked = ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
    *booked += 1;
    Ok(*booked)
}

/// Words that cannot be written down.
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in the middle of a log line")
    }
}

/// Panic while a log line is written, between two that are kept.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
async fn mumble(ctx: Context) {
    ctx.info(format_args!("attempt {}", ctx.attempt()));
    ctx.progress(u64::from(ctx.attempt()), 2);
    if ctx.attempt() == 1 {
        ctx.warn(Unspeakable);
    }
    ctx.info("went well");
}

/// An output whose first form cannot be written.
struct Output(u32);

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 > 1, "while the output is written");
        serializer.serialize_u32(self.0)
    }
}

/// Return what panics when it is written.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
async fn produce(ctx: Context) -> Result<Output, String> {
    Ok(Output(ctx.attempt()))
}

/// Need what panics when it is first made.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
async fn lean(_on: State<Fragile>) {}

/// Panic with something that is no text.
#[task(max_attempts = 1)]
async fn throw() {
    std::panic::panic_any(42_u8);
}

/// Says so when it is dropped.
struct Life(State<Probe>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.say("dropped");
    }
}

/// Take for ever the first time.
#[task(max_attempts = 2, backoff = "fixed 1ms", timeout = "20ms")]
async fn overrun(probe: State<Probe>, ctx: Context) {
    let _life = Life(probe.clone());
    if ctx.attempt() == 1 {
        std::future::pending::<()>().await;
    }
    probe.say("in time");
}

/// What the handlers above take.
pub(crate) fn lend(states: &mut States) {
    states.insert::<Ledger>(State::from(Ledger::default()));
    let tries = AtomicU32::new(0);
    states.insert_with(move || {
        let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!first, "while the state is made");
            Ok::<_, String>(Fragile)
        }
    });
}

/// Its first attempt ended in this panic, told with its place, and its second one well.
async fn recovered<O>(tasker: &Tasker, job: &JobHandle<O>, panic: &str) {
    let row = job.job().await.unwrap();
    assert_eq!(
        (row.state, row.attempt),
        (JobState::Succeeded, 2),
        "{panic}"
    );
    let attempts = tasker.jobs().attempts(job.id()).await.unwrap();
    let [attempt] = &attempts[..] else {
        panic!("{panic}: {attempts:?}");
    };
    assert_eq!((attempt.attempt, attempt.kind), (1, FailureKind::Panic));
    let told = &attempt.message;
    assert!(
        told.contains("faults.rs:") && told.contains(panic),
        "{told}"
    );
}

/// X-G1, Q-31, D-54: with one slot, so that whatever one leaves behind is in the way of the next.
#[tokio::test]
async fn a_panic_anywhere_in_an_attempt_leaves_nothing_in_the_way() {
    let bench = Bench::new().await;
    let tasker = bench.tasker.clone();
    let book = Book::enqueue().on(&tasker).await.unwrap();
    let mumble = Mumble::enqueue().on(&tasker).await.unwrap();
    let produce = Produce::enqueue().on(&tasker).await.unwrap();
    let lean = Lean::enqueue().on(&tasker).await.unwrap();
    let throw = Throw::enqueue().on(&tasker).await.unwrap();
    let working = bench.work_with(|worker| worker.concurrency(1).until_empty(true));
    let summary = working.ended().await;
    assert_eq!(
        (summary.succeeded, summary.retried, summary.failed),
        (4, 4, 1)
    );

    recovered(&tasker, &book, "with the lock in hand").await;
    assert_eq!(book.result().await.unwrap(), 1);
    recovered(&tasker, &mumble, "in the middle of a log line").await;
    recovered(&tasker, &produce, "while the output is written").await;
    recovered(&tasker, &lean, "while the state is made").await;
    let error = throw.job().await.unwrap().error.unwrap();
    assert!(
        error.contains("faults.rs:") && error.contains("no text"),
        "{error}"
    );

    // What was said before the panic is kept, and so is what came after.
    let log = tasker.jobs().log(mumble.id()).await.unwrap();
    let said: Vec<_> = log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(said, ["attempt 1", "attempt 2", "went well"]);
    let progress = mumble.job().await.unwrap().progress.unwrap();
    assert_eq!((progress.done, progress.total), (2, 2));
}

/// X-G2: the future is dropped, the attempt is kept as timed out, and there is another one.
#[tokio::test]
async fn an_attempt_that_runs_out_of_time_is_dropped_and_retried() {
    let bench = Bench::new().await;
    let job = Overrun::enqueue().on(&bench.tasker).await.unwrap();
    let summary = bench.drain().await;
    assert_eq!((summary.retried, summary.succeeded), (1, 1));
    assert_eq!(bench.probe.rest().await, ["dropped", "in time", "dropped"]);
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 2));
    let attempts = bench.tasker.jobs().attempts(job.id()).await.unwrap();
    let kinds: Vec<_> = attempts.iter().map(|attempt| attempt.kind).collect();
    assert_eq!(kinds, [FailureKind::Timeout]);
    assert!(
        attempts[0].message.contains("timeout of 20ms"),
        "{attempts:?}"
    );
}
