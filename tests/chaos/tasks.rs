//! The tasks of `chaos-worker`, known to its tests by their types too.
//!
//! Handlers tell what happens to them on stdout, a line each, and take orders from stdin (see [`Orders`]).

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tasker::{Context, State, TaskError, task};

use crate::orders::{Orders, say};

/// Wait for the order `end N`, N being the job's number; then write to the job's log and give the process id. Write to it
/// before at the order `say N`.
#[task(max_attempts = 5)]
pub(crate) async fn hold(
    ctx: Context,
    orders: State<Orders>,
    /// Whether to go on when told to end.
    deaf: bool,
) -> anyhow::Result<String> {
    let number = ctx.job_number().unwrap_or_default();
    let mut life = Life::of(&ctx);
    let (order, say_order) = (format!("end {number}"), format!("say {number}"));
    let talking = async {
        orders.wait_for(&say_order).await;
        ctx.info("as told");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = orders.wait_for(&order) => {}
        () = talking => {}
        () = ctx.cancelled() => {
            say(format!("told to end {number}"));
            if !deaf {
                life.ended = true;
                anyhow::bail!("gave in");
            }
            orders.wait_for(&order).await;
        }
    }
    let pid = std::process::id();
    ctx.progress(u64::from(pid), u64::from(pid));
    ctx.info(format!("ending in {pid}"));
    say(format!("done {number}"));
    life.ended = true;
    Ok(pid.to_string())
}

/// Says when a handler starts, and when it is dropped before it has ended.
struct Life {
    number: i64,
    attempt: u32,
    ended: bool,
}

impl Life {
    fn of(ctx: &Context) -> Self {
        let (number, attempt) = (ctx.job_number().unwrap_or_default(), ctx.attempt());
        say(format!("started {number} attempt {attempt}"));
        Self {
            number,
            attempt,
            ended: false,
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !self.ended {
            say(format!("dropped {} attempt {}", self.number, self.attempt));
        }
    }
}

/// As `hold`, on a thread of its own, and never ending by itself.
#[task]
pub(crate) fn stubborn(ctx: Context) {
    say(format!(
        "started {} attempt {}",
        ctx.job_number().unwrap_or_default(),
        ctx.attempt()
    ));
    loop {
        std::thread::park();
    }
}

/// Add a line with the job's number and the process id to a file, after a while.
#[task]
pub(crate) async fn append(
    ctx: Context,
    file: PathBuf,
    /// How long it takes, in milliseconds.
    #[param(default = 0)]
    takes: u64,
) -> anyhow::Result<()> {
    if takes > 0 {
        tokio::time::sleep(Duration::from_millis(takes)).await;
    }
    let line = format!(
        "{} {}\n",
        ctx.job_number().unwrap_or_default(),
        std::process::id()
    );
    // One write of few bytes at the end of a file is whole, whoever else writes there.
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(line.as_bytes())?;
    Ok(())
}

/// Take a while and let others work.
#[task]
pub(crate) async fn long(ctx: Context, millis: u64) {
    say(format!("started {}", ctx.job_number().unwrap_or_default()));
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Take a while on a thread that is not its own.
#[task]
pub(crate) async fn hog(
    ctx: Context,
    millis: u64,
    /// Whether to keep the processor busy too.
    busy: bool,
) {
    say(format!("started {}", ctx.job_number().unwrap_or_default()));
    let (begun, span) = (Instant::now(), Duration::from_millis(millis));
    if !busy {
        std::thread::sleep(span);
    }
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

/// End the whole process at the order `die`.
#[task(max_attempts = 2)]
pub(crate) async fn poison(ctx: Context, orders: State<Orders>) {
    say(format!(
        "started {} attempt {}",
        ctx.job_number().unwrap_or_default(),
        ctx.attempt()
    ));
    orders.wait_for("die").await;
    std::process::abort();
}

/// Fail for good.
#[task]
pub(crate) async fn hopeless() -> anyhow::Result<()> {
    Err(TaskError::discard("hopeless").into())
}

/// Wait for the order `go`, then give the text back.
#[task(max_attempts = 1)]
pub(crate) async fn parrot(
    ctx: Context,
    orders: State<Orders>,
    text: String,
) -> anyhow::Result<String> {
    say(format!("started {}", ctx.job_number().unwrap_or_default()));
    orders.wait_for("go").await;
    Ok(text)
}
