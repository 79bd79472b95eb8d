//! A task by its alias: run here and now, or with `--enqueue` put into the queue.
//!
//! A run makes no job: one attempt, with the task's timeout, and what the handler returned on stdout. The first
//! signal fires the handler's token, the second one ends the process; so does 25 s without an end.

use std::time::Duration;

use clap::ArgMatches;
use serde_json::{Value, json};
use tasker_store::{Capability, Instant};
use tokio_util::sync::CancellationToken;

use super::arguments::{self, Fault};
use super::{End, Session, output};
use crate::enqueue::Enqueue;
use crate::error::{Error, Result};
use crate::handle::EnqueueFate;
use crate::lifecycle::Stops;
use crate::run::by_hand;
use crate::task::{Fields, TaskDefinition};

/// How long a handler may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(25);

/// A task that was named, with its params.
#[derive(Debug)]
pub(super) struct TaskCall {
    pub(super) task: &'static TaskDefinition,
    pub(super) params: Fields,
    pub(super) enqueue: Option<Options>,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) delay: Option<Duration>,
    pub(super) at: Option<Instant>,
    pub(super) queue: Option<String>,
    pub(super) priority: Option<i16>,
}

pub(super) fn read(task: &'static TaskDefinition, matches: &ArgMatches) -> Result<TaskCall, Fault> {
    let params = arguments::params(task, matches)?;
    let enqueue = matches.get_flag("enqueue").then(|| Options {
        delay: matches.get_one("in").copied(),
        at: matches.get_one("at").copied(),
        // Absent from the tree where a param has the name.
        queue: matches.try_get_one("queue").ok().flatten().cloned(),
        priority: matches.try_get_one("priority").ok().flatten().copied(),
    });
    Ok(TaskCall {
        task,
        params,
        enqueue,
    })
}

pub(super) async fn execute(session: &Session, call: TaskCall) -> Result<End> {
    match call.enqueue {
        Some(options) => {
            enqueue(session, call.task, call.params, options).await?;
            Ok(End::Done)
        }
        None => run(session, call.task, call.params).await,
    }
}

async fn enqueue(
    session: &Session,
    task: &'static TaskDefinition,
    params: Fields,
    options: Options,
) -> Result<()> {
    if !session
        .tasker
        .store()
        .await?
        .capabilities()
        .has(Capability::Durable)
    {
        return Err(Error::Setup(
            "this store ends with this process, and the job with it: give a `--database-url` that lasts, such as \
             sqlite://tasker.db?mode=rwc"
                .into(),
        ));
    }
    let mut job: Enqueue<Value> =
        (session.tasker).enqueue_by_alias(task.alias, Value::Object(params));
    if let Some(delay) = options.delay {
        job = job.delay(delay);
    }
    if let Some(at) = options.at {
        job = job.at(at);
    }
    if let Some(queue) = options.queue {
        job = job.queue(queue);
    }
    if let Some(priority) = options.priority {
        job = job.priority(priority);
    }
    let is_later = options.delay.is_some_and(|delay| !delay.is_zero())
        || options.at.is_some_and(|at| at > chrono::Utc::now());
    let job = job.await?;
    match session.json {
        true => output::json(&json!({
            "id": job.id(),
            "number": job.number().to_string(),
            "alias": task.alias,
            "fate": job.fate().as_str(),
        })),
        false => {
            let became = match job.fate() {
                EnqueueFate::New if is_later => "scheduled".into(),
                EnqueueFate::New => "queued".into(),
                EnqueueFate::Existing(state) => format!("is there already: {state}"),
                EnqueueFate::Skipped(state) => {
                    format!("is there already: {state}; this one was left out")
                }
                EnqueueFate::Replaced(state) => format!("was there and is replaced: {state}"),
                EnqueueFate::Rescheduled(state) => {
                    format!("was there and is rescheduled: {state}")
                }
            };
            output::line(&format!("job {} ({}) {became}", job.number(), job.id()))
        }
    }
}

async fn run(session: &Session, task: &'static TaskDefinition, params: Fields) -> Result<End> {
    let mut stops = Stops::listen()?;
    let cancel = CancellationToken::new();
    let (tasker, token) = (session.tasker.clone(), cancel.clone());
    let wants_text = !session.json;
    // On a thread of the runtime, so that a handler that blocks cannot keep a signal from being seen.
    let mut handler =
        tokio::spawn(async move { by_hand(&tasker, task, params, token, wants_text).await });
    let mut end = End::Done;
    let mut patience = std::pin::pin!(tokio::time::sleep(Duration::MAX));
    let joined = loop {
        tokio::select! {
            joined = &mut handler => break joined,
            () = &mut patience, if end == End::Interrupted => {
                eprintln!("`{}` did not end within {GRACE:?} of the signal", task.alias);
                std::process::exit(130);
            }
            () = stops.next() => {
                if end == End::Interrupted {
                    std::process::exit(130);
                }
                end = End::Interrupted;
                cancel.cancel();
                patience.as_mut().reset(tokio::time::Instant::now() + GRACE);
                eprintln!("interrupted: waiting for `{}` to end; again ends it at once", task.alias);
            }
        }
    };
    let ended = joined.unwrap_or_else(|error| {
        Err(Error::Task {
            alias: task.alias.to_owned(),
            source: error.into(),
        })
    });
    let returned = match (ended, end) {
        // The error is the interruption's own in all likelihood; it is told, but does not decide the exit code.
        (Err(error), End::Interrupted) => {
            eprintln!("{}", crate::entry::report(&error));
            return Ok(end);
        }
        (ended, _) => ended?,
    };
    if session.json {
        output::line(returned.json.as_deref().unwrap_or("null"))?;
    } else if let Some(text) = returned.text {
        output::line(&text)?;
    }
    Ok(end)
}
