//! A program with a few tasks, as `cli` starts it. What its `main` does depends on variables that start with
//! `PROGRAM_`.

use std::io::Write;
use std::process::ExitCode;

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tasker::__private::{Program, main as run_main};
use tasker::{
    App, Backoff, Context, Fields, Output, ParamError, Params, State, Task, TaskDefinition, task,
};

/// What `slow` says it needed.
struct Patience(Duration);

/// Greet somebody.
///
/// Politely, and as often as it takes.
#[task(schedule = "daily 12:00", tz = "Europe/London")]
async fn greet_somebody(
    ctx: Context,
    /// Whom to greet.
    #[param(default = "World")]
    name: String,
    /// How many times.
    #[param(default = 1, short = 'n')]
    times: u8,
    /// Whether to shout.
    loud: bool,
    /// What to add.
    tags: Vec<String>,
) -> anyhow::Result<String> {
    ctx.info("greeting");
    let mut text = vec![format!("Hello {name}!"); times.into()].join(" ");
    for tag in tags {
        text.push_str(&format!(" [{tag}]"));
    }
    Ok(if loud { text.to_uppercase() } else { text })
}

/// Fail.
#[task(max_attempts = 1)]
async fn fail() -> anyhow::Result<()> {
    "twelve"
        .parse::<u8>()
        .context("the number could not be read")?;
    Ok(())
}

/// Panic.
#[task(max_attempts = 1)]
async fn panic() -> anyhow::Result<()> {
    panic!("no luck")
}

#[derive(Serialize)]
struct Size {
    width: u32,
    height: u32,
}

/// Return a struct.
#[task]
async fn measure() -> anyhow::Result<Size> {
    let (width, height) = (2, 3);
    Ok(Size { width, height })
}

/// Return nothing.
#[task]
async fn nothing() {}

/// Take for ever.
#[task(max_attempts = 1, timeout = "20ms")]
async fn forever() {
    std::future::pending().await
}

/// Wait to be told to end.
#[task]
async fn slow(
    ctx: Context,
    patience: State<Patience>,
    /// Whether not to listen.
    deaf: bool,
) -> anyhow::Result<String> {
    println!("started");
    std::io::stdout().flush()?;
    ctx.cancelled().await;
    if deaf {
        println!("not listening");
        std::future::pending::<()>().await;
    }
    Ok(format!("ended within {:?}", patience.0))
}

/// Known only once `main` has registered it.
struct Extra;

struct NoParams;

impl Params for NoParams {
    fn encode(&self) -> Result<Fields, ParamError> {
        Ok(Fields::new())
    }

    fn decode(_: Fields) -> Result<Self, ParamError> {
        Ok(Self)
    }
}

static EXTRA: TaskDefinition = TaskDefinition {
    alias: "extra",
    title: "Registered by hand",
    description: "",
    queue: "default",
    priority: 0,
    max_attempts: Some(1),
    backoff: Backoff::DEFAULT,
    timeout: None,
    tags: &[],
    unique: None,
    params: &[],
    schedules: &[],
    blocking: false,
    run: |_| {
        Box::pin(async {
            Ok(Output {
                json: Some("\"by hand\"".into()),
                text: Some("by hand".into()),
            })
        })
    },
    check: Ok,
    render: |_| None,
    missing: |_| Vec::new(),
    origin: "tasker-tests",
    file: file!(),
    line: line!(),
};

impl Task for Extra {
    type Params = NoParams;
    type Output = String;

    fn definition() -> &'static TaskDefinition {
        &EXTRA
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

async fn body(app: App) -> anyhow::Result<()> {
    if is_set("PROGRAM_NEEDS") {
        anyhow::bail!("PROGRAM_NEEDS is set");
    }
    let mut app = app.task::<Extra>().concurrency(2);
    if !is_set("PROGRAM_STATELESS") {
        app = app.state_with(|| async { anyhow::Ok(Patience(Duration::from_secs(1))) });
    }
    if is_set("PROGRAM_FORGETS") {
        return Ok(());
    }
    let ended = app.run().await;
    if is_set("PROGRAM_SWALLOWS") {
        return Ok(());
    }
    Ok(ended?)
}

/// As `#[tasker::main]` would write it, but for the crates it expects, which depend on the environment.
fn main() -> ExitCode {
    let tasks: &[&str] = match is_set("PROGRAM_EXPECTS_BILLING") {
        true => &["tasker_tests", "billing"],
        false => &["tasker_tests"],
    };
    let program = Program {
        name: "cli-program",
        version: "1.2.3",
        about: "A program to be tested",
        tasks,
    };
    run_main(program, body)
}
