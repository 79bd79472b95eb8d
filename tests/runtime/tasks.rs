//! The tasks that the tests of this binary run.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tasker::{Context, State, TaskError, task};

use crate::harness::Probe;

/// Say something and give it back.
#[task]
pub(crate) async fn echo(
    probe: State<Probe>,
    #[param(default = "hi")] text: String,
) -> anyhow::Result<String> {
    probe.say(text.clone());
    Ok(text)
}

/// Say "started", wait for the gate, say "done".
#[task(max_attempts = 3, backoff = "fixed 1ms")]
pub(crate) async fn gated(probe: State<Probe>, ctx: Context) -> anyhow::Result<u32> {
    probe.say("started");
    tokio::select! {
        () = probe.wait() => {
            probe.say("done");
            Ok(ctx.attempt())
        }
        () = ctx.cancelled() => {
            probe.say("told to end");
            Err(anyhow::anyhow!("gave in"))
        }
    }
}

/// Say "started" and wait for the gate, whatever the token says.
#[task(max_attempts = 3)]
pub(crate) async fn deaf(probe: State<Probe>) -> anyhow::Result<String> {
    probe.say("started");
    probe.wait().await;
    Ok("done all the same".into())
}

/// Fail every time.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
pub(crate) async fn failing(probe: State<Probe>, ctx: Context) -> anyhow::Result<()> {
    probe.say(format!("attempt {}", ctx.attempt()));
    Err(anyhow::anyhow!("the disk is full").context("could not save"))
}

/// Panic on the first attempt, succeed on the second.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
pub(crate) async fn panicking(ctx: Context) -> anyhow::Result<()> {
    assert!(ctx.attempt() > 1, "the first attempt is no good");
    Ok(())
}

/// As `panicking`, on a thread of its own.
#[task(max_attempts = 1)]
pub(crate) fn panicking_thread() -> anyhow::Result<()> {
    panic!("no good either")
}

/// Wait for ever.
#[task(max_attempts = 1, timeout = "50ms")]
pub(crate) async fn endless(probe: State<Probe>) {
    probe.say("started");
    std::future::pending::<()>().await;
}

/// Block its thread until the token fires.
#[task(max_attempts = 1, timeout = "50ms")]
pub(crate) fn stubborn(probe: State<Probe>, ctx: Context) {
    probe.say("started");
    while !ctx.is_cancelled() {
        std::thread::yield_now();
    }
    probe.say("told to end");
}

/// End in the way it is told.
#[task(name = EndingTask, max_attempts = 5, backoff = "fixed 1ms")]
pub(crate) async fn ending(ctx: Context, how: Ending) -> anyhow::Result<()> {
    let first = ctx.attempt() == 1;
    match how {
        Ending::Discard => Err(TaskError::discard("hopeless").into()),
        Ending::Cancel => Err(TaskError::cancel("not wanted").into()),
        Ending::RetryAfter if first => {
            Err(TaskError::retry_after(Duration::from_millis(1), "busy").into())
        }
        Ending::RetryAfter => Ok(()),
    }
}

/// How `ending` ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    Discard,
    Cancel,
    RetryAfter,
}

/// Snooze until the gate is open, then succeed.
#[task(max_attempts = 1)]
pub(crate) async fn snoozing(probe: State<Probe>, ctx: Context) -> anyhow::Result<u32> {
    if !probe.passes() {
        probe.say("snooze");
        return Err(TaskError::snooze(Duration::from_millis(1)).into());
    }
    Ok(ctx.attempt())
}

/// Write to its own log.
#[task]
pub(crate) async fn chatty(ctx: Context) {
    ctx.info("first");
    ctx.warn("second");
    ctx.progress(1, 2);
    ctx.error("third");
    ctx.progress(2, 2);
}

/// Log more than is kept.
#[task]
pub(crate) async fn verbose(ctx: Context, #[param(default = 2000)] lines: u32) {
    (0..lines).for_each(|line| ctx.debug(format!("line {line}")));
}

/// Return more than is kept.
#[task]
pub(crate) async fn huge() -> anyhow::Result<String> {
    Ok("x".repeat(2 << 20))
}

/// Enqueue another job from inside a handler.
#[task]
pub(crate) async fn parent() -> anyhow::Result<i64> {
    Ok(Echo::enqueue(EchoParams::new().text("child"))
        .await?
        .number())
}

/// As `parent`, from a plain function.
#[task]
pub(crate) fn blocking_parent() -> anyhow::Result<i64> {
    Ok(Echo::enqueue(EchoParams::new().text("child"))
        .blocking()?
        .number())
}

/// Take something nested.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
pub(crate) async fn nested(
    address: Address,
    #[param(default)] note: Option<String>,
) -> anyhow::Result<String> {
    Ok(format!(
        "{} {} {note:?}",
        address.street,
        address.lines.len()
    ))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) street: String,
    #[serde(default)]
    pub(crate) lines: Vec<u32>,
}

/// Run by itself every hour.
#[task(schedule = "hourly")]
pub(crate) async fn hourly(probe: State<Probe>, ctx: Context) {
    let at = ctx.scheduled_for().map(|at| at.to_rfc3339());
    probe.say(format!("hourly {}", at.unwrap_or_default()));
}

/// Fail every night.
#[task(schedule("daily 03:00", name = "night"), max_attempts = 1)]
pub(crate) async fn nightly() -> anyhow::Result<()> {
    anyhow::bail!("as every night")
}
