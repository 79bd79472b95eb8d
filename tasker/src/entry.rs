//! What stands around the body of `main`: the runtime, the command line, and the exit code.
//!
//! Exit codes: 0 done; 1 the task, or anything else at run time, failed; 2 wrong usage; 101 the body panicked;
//! 130 interrupted. Errors go to stderr, one line for the error and one for each cause.

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use tasker_store::canonical_alias;

use crate::app::{App, Command, Exit, Status};
use crate::cli::{self, Program, Stop};
use crate::error::{Error, Result};
use crate::lifecycle;
use crate::task::{BoxError, Registry};

/// What the body of `main` may return.
#[diagnostic::on_unimplemented(
    message = "`#[tasker::main]` cannot return `{Self}`",
    label = "return nothing, or a `Result<(), E>` whose `E` is an error"
)]
pub trait Ending {
    /// How the body ended.
    fn end(self) -> Result<(), BoxError>;
}

impl Ending for () {
    fn end(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Ending for Result<(), E> {
    fn end(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Runs a program whose `main` is `body`. Called by what `#[tasker::main]` makes.
pub fn main<F, Fut>(program: Program, body: F) -> ExitCode
where
    F: FnOnce(App) -> Fut,
    Fut: Future<Output: Ending>,
{
    let argv: Vec<OsString> = std::env::args_os().collect();
    match prepare(&program, argv) {
        Ok(Prepared::Answered(code)) => code,
        Ok(Prepared::Ready { app, exit, unknown }) => run(app, &exit, unknown, body),
        Err(error) => fail(&error),
    }
}

enum Prepared {
    Answered(ExitCode),
    Ready {
        app: Box<App>,
        exit: Exit,
        /// What to say if the body ends before it has registered the task that was asked for.
        unknown: Option<Box<clap::Error>>,
    },
}

fn prepare(program: &Program, argv: Vec<OsString>) -> Result<Prepared> {
    let registry = Registry::collect()?;
    expect_tasks_of(program.tasks, &registry)?;
    let exit = Exit::default();
    let (command, unknown) = match cli::parse(program, &registry, argv.clone()) {
        Ok(invocation) => {
            if let Some(answer) = invocation.answer(program, &registry) {
                return answer.map(|()| Prepared::Answered(ExitCode::SUCCESS));
            }
            (Command::Known(Box::new(invocation)), None)
        }
        Err(Stop::Said(said)) => return Ok(Prepared::Answered(say(&said))),
        Err(Stop::Unknown(said)) => (Command::Unknown(argv), Some(said)),
    };
    let app = Box::new(App::new(*program, command, exit.clone(), registry));
    Ok(Prepared::Ready { app, exit, unknown })
}

/// A crate that no code names is not linked, and its tasks are gone without a word; so those that were named
/// must have brought some.
fn expect_tasks_of(crates: &[&str], registry: &Registry) -> Result<()> {
    let silent: Vec<String> = (crates.iter())
        .filter(|name| {
            let wanted = canonical_alias(name);
            !registry
                .iter()
                .any(|task| canonical_alias(task.origin) == wanted)
        })
        .map(|name| format!("`{name}`"))
        .collect();
    if silent.is_empty() {
        return Ok(());
    }
    Err(Error::Setup(format!(
        "no task came from {}, named in `#[tasker::main(tasks = […])]`: annotate a function there with `#[task]`, \
         check that its module is declared, or take the name out",
        silent.join(", ")
    )))
}

fn run<F, Fut>(app: Box<App>, exit: &Exit, unknown: Option<Box<clap::Error>>, body: F) -> ExitCode
where
    F: FnOnce(App) -> Fut,
    Fut: Future<Output: Ending>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&Error::Setup(format!(
                "the tokio runtime could not be started: {error}"
            )));
        }
    };
    let ended = runtime.block_on(async { body(*app).await.end() });
    // Not to wait for threads of blocking tasks whose time was over.
    runtime.shutdown_background();
    match (exit.get(), unknown, ended) {
        (Status::NotRun, Some(said), _) => say(&said),
        (Status::Said(code), _, _) => exit_code(code),
        (Status::Interrupted, _, _) => ExitCode::from(130),
        (_, _, Err(error)) => {
            eprintln!("{}", report(error.as_ref()));
            match lifecycle::was_interrupted(error.as_ref()) {
                true => ExitCode::from(130),
                false => ExitCode::FAILURE,
            }
        }
        (Status::Done, _, Ok(())) => ExitCode::SUCCESS,
        // The body dealt with the error in its own way; it stays a failure to whoever started the program.
        (Status::Failed, _, Ok(())) => ExitCode::FAILURE,
        (Status::NotRun, None, Ok(())) => {
            eprintln!("error: `main` ended without `app.run().await`, so nothing was done");
            ExitCode::FAILURE
        }
    }
}

fn fail(error: &Error) -> ExitCode {
    eprintln!("{}", report(error));
    ExitCode::FAILURE
}

fn say(said: &clap::Error) -> ExitCode {
    // A reader that has gone away is no failure, and there is nobody to tell.
    let _ = said.print();
    exit_code(said.exit_code())
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// `error: message`, and a line for each cause that says something new.
pub(crate) fn report(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error.to_string();
    let mut text = format!("error: {last}");
    let mut cause = error.source();
    while let Some(link) = cause {
        let said = link.to_string();
        if said != last && !last.ends_with(&format!(": {said}")) {
            text.push_str(&format!("\n  caused by: {}", said.replace('\n', " ")));
        }
        last = said;
        cause = link.source();
    }
    // An error may carry what a user typed, control characters too.
    cli::output::plain_lines(&text)
}
