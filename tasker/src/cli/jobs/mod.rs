//! `jobs list | show | cancel | pause | resume | rerun | delete`.
//!
//! A job is named by its id or by its short number. A change that is not legal in the job's state, or a job
//! that is not there, is a failure of the command.

mod history;
mod show;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Value, json};
use tasker_store::{Changed, Job, JobQuery, JobRef, JobState, canonical_alias};

use super::Session;
use super::output::{self, Table, embed, time};
use crate::error::{Error, Result};

/// How many jobs are listed where nothing else is said.
const LIMIT: u32 = 50;
/// How many are read at a time where all are listed.
const PAGE: u32 = 500;

/// The changes an operator makes: the verb, what it does, and its participle.
const CHANGES: [(&str, &str, &str); 5] = [
    (
        "cancel",
        "End jobs: at once where they are not running, else by asking their worker",
        "canceled",
    ),
    ("pause", "Hold jobs that are not running", "paused"),
    ("resume", "Let held jobs go on", "resumed"),
    (
        "rerun",
        "Run ended jobs once more, with their attempts counted from the beginning",
        "run again",
    ),
    ("delete", "Delete jobs that are not running", "deleted"),
];

pub(super) fn command() -> Command {
    let mut command = Command::new("jobs")
        .about("Show and change jobs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(list_command())
        .subcommand(
            Command::new("show")
                .about("Show one job with its attempts and its log")
                .arg(job_arg("The job's number or id")),
        );
    for (verb, about, _) in CHANGES {
        let jobs = job_arg("The jobs' numbers or ids").num_args(1..);
        command = command.subcommand(Command::new(verb).about(about).arg(jobs));
    }
    command
}

fn list_command() -> Command {
    let filter = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("list")
        .about("Show jobs, the newest first")
        .arg(
            filter("state", "STATE", "Only jobs in these states")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(|text: &str| text.parse::<JobState>()),
        )
        .arg(filter("queue", "QUEUE", "Only jobs of this queue"))
        .arg(filter("task", "TASK", "Only jobs of this task"))
        .arg(filter("tag", "TAG", "Only jobs with this tag"))
        .arg(
            filter("limit", "NUMBER", "At most so many [default: 50]")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .conflicts_with("limit")
                .help("All of them, without a limit"),
        )
        .arg(
            Arg::new("deleted")
                .long("deleted")
                .action(ArgAction::SetTrue)
                .help("Deleted ones too"),
        )
}

fn job_arg(help: &'static str) -> Arg {
    Arg::new("job")
        .required(true)
        .value_name("JOB")
        .value_parser(reference)
        .help(help)
}

fn reference(text: &str) -> Result<JobRef, String> {
    if let Ok(number) = text.parse() {
        return Ok(JobRef::Number(number));
    }
    match text.parse() {
        Ok(id) => Ok(JobRef::Id(id)),
        Err(_) => Err("a job is named by its number, such as 12, or by its id, a UUID".into()),
    }
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let (verb, matches) = super::subcommand(matches);
    match verb {
        "list" => list(session, matches).await,
        "show" => {
            let job = matches.get_one::<JobRef>("job").expect("clap requires it");
            show::show(session, find(session, *job).await?).await
        }
        _ => change(session, verb, matches).await,
    }
}

async fn find(session: &Session, job: JobRef) -> Result<Job> {
    let name = match job {
        JobRef::Id(id) => id.to_string(),
        JobRef::Number(number) => number.to_string(),
    };
    let job = session.tasker.jobs().get(job).await?;
    job.ok_or_else(|| {
        Error::Setup(format!(
            "job {name} is not in the store: it was never enqueued there, or its retention is over"
        ))
    })
}

async fn change(session: &Session, verb: &str, matches: &ArgMatches) -> Result<()> {
    let given = matches.get_many::<JobRef>("job").into_iter().flatten();
    let mut done = Vec::new();
    let mut first_error = None;
    for reference in given {
        match change_one(session, verb, *reference).await {
            Ok(value) => done.push(value),
            // The others are changed all the same.
            Err(error) => match first_error {
                None => first_error = Some(error),
                Some(_) => eprintln!("error: {error}"),
            },
        }
    }
    if session.json {
        output::json(&done)?;
    }
    first_error.map_or(Ok(()), Err)
}

async fn change_one(session: &Session, verb: &str, reference: JobRef) -> Result<Value> {
    let job = find(session, reference).await?;
    let jobs = session.tasker.jobs();
    let changed = match verb {
        "cancel" => jobs.cancel(job.id).await?,
        "pause" => jobs.pause(job.id).await?,
        "resume" => jobs.resume(job.id).await?,
        "rerun" => jobs.rerun(job.id).await?,
        _ => jobs.delete(job.id).await?,
    };
    let number = job.number;
    let (state, said) = match changed {
        Changed::Now(state) if verb == "delete" => (state, format!("job {number} is deleted")),
        Changed::Now(state) => (state, format!("job {number} is {state}")),
        Changed::Requested => (
            job.state,
            format!("job {number} is running and was asked to end"),
        ),
        Changed::Not(state) => {
            let participle = CHANGES.iter().find(|change| change.0 == verb);
            let participle = participle.map_or(verb, |change| change.2);
            return Err(Error::Setup(format!(
                "job {number} is {state} and cannot be {participle}"
            )));
        }
        Changed::Unknown => return Err(Error::JobGone(job.id)),
    };
    if !session.json {
        output::line(&said)?;
    }
    Ok(
        json!({ "id": job.id, "number": number.to_string(), "state": state, "requested": changed == Changed::Requested }),
    )
}

async fn list(session: &Session, matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let states = matches.get_many::<JobState>("state").into_iter().flatten();
    let query = JobQuery {
        states: states.copied().collect(),
        alias: text("task"),
        queue: text("queue"),
        tag: text("tag"),
        include_deleted: matches.get_flag("deleted"),
        ..JobQuery::default()
    };
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(LIMIT);
    let limit = (!matches.get_flag("all")).then_some(limit);
    let (jobs, more) = read(session, query, limit).await?;
    if more {
        eprintln!(
            "there are more than these {}: see them with --limit or --all",
            jobs.len()
        );
    }
    if session.json {
        return output::json(&jobs.iter().map(job_json).collect::<Vec<_>>());
    }
    let strangers = Strangers::among(session, &jobs).await?;
    let mut table = Table::new([
        "JOB", "TASK", "QUEUE", "STATE", "ATTEMPT", "DUE", "ENQUEUED", "ERROR",
    ]);
    for job in jobs {
        let state = match job.deleted_at {
            Some(_) => format!("{} (deleted)", job.state),
            None if strangers.has(&job) => format!("{} (unknown task)", job.state),
            None => job.state.to_string(),
        };
        table.row([
            job.number.to_string(),
            job.alias,
            job.queue,
            state,
            attempts(job.attempt, job.max_attempts),
            time(job.due_at),
            time(job.enqueued_at),
            tasker_store::limits::cut(&job.error.unwrap_or_default(), 60).into_owned(),
        ]);
    }
    table.print("no job is like that")
}

/// The jobs, page by page, and whether there are more than `limit`.
async fn read(
    session: &Session,
    mut query: JobQuery,
    limit: Option<u32>,
) -> Result<(Vec<Job>, bool)> {
    let mut jobs: Vec<Job> = Vec::new();
    loop {
        let missing = limit.map_or(PAGE, |limit| limit.saturating_add(1) - jobs.len() as u32);
        query.limit = missing.min(PAGE);
        let page = session.tasker.jobs().list(query.clone()).await?;
        let is_last = page.len() < query.limit as usize;
        query.before = page.last().map(|job| job.number);
        jobs.extend(page);
        if let Some(limit) = limit.map(|limit| limit as usize)
            && jobs.len() > limit
        {
            jobs.truncate(limit);
            return Ok((jobs, true));
        }
        if is_last {
            return Ok((jobs, false));
        }
    }
}

/// The tasks that jobs wait for and nobody has: neither this program nor one that ever worked on the store.
struct Strangers(Vec<String>);

impl Strangers {
    /// Asks the store only where one of `jobs` may be of such a task.
    async fn among(session: &Session, jobs: &[Job]) -> Result<Self> {
        let registry = session.tasker.registry();
        let may_be =
            |job: &Job| job.state == JobState::Queued && registry.get(&job.alias).is_none();
        if !jobs.iter().any(may_be) {
            return Ok(Self(Vec::new()));
        }
        let unknown = session.tasker.store().await?.unknown().await?;
        let aliases = unknown
            .into_iter()
            .map(|(alias, _)| canonical_alias(&alias));
        let here = |alias: &String| registry.get(alias).is_some();
        Ok(Self(aliases.filter(|alias| !here(alias)).collect()))
    }

    fn has(&self, job: &Job) -> bool {
        job.state == JobState::Queued && self.0.contains(&canonical_alias(&job.alias))
    }
}

/// `2/4`, or `2/∞` where there is no end.
fn attempts(spent: u32, max: Option<u32>) -> String {
    match max {
        Some(max) => format!("{spent}/{max}"),
        None => format!("{spent}/∞"),
    }
}

/// A job as JSON, its params and output as the values they are.
fn job_json(job: &Job) -> Value {
    let mut value = json!(job);
    value["params"] = embed(&job.params);
    value["output"] = job.output.as_deref().map_or(Value::Null, embed);
    value
}
