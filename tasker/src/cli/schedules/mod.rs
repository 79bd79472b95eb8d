//! `schedules list | show | next | create | update | pause | resume | run | backfill | delete | restore`.
//!
//! A schedule is named by its name. A change that its state does not allow, or a schedule that is not there, is a
//! failure of the command; a rule, zone, time or policy that makes no sense is wrong usage, told before anything runs.

mod edit;
mod show;
mod upcoming;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};
use tasker_store::{
    Instant, Schedule, ScheduleQuery, ScheduleSource, ScheduleState, canonical_alias,
};

use super::Session;
use super::output::{self, Table, embed, time_or_dash};
use super::upcoming::words;
use crate::error::{Error, Result};

pub(super) use self::edit::check;
pub(super) use self::upcoming::answer;

/// The changes of schedules that are there: the verb, what it does, its participle.
const CHANGES: [(&str, &str, &str); 4] = [
    (
        "pause",
        "Hold schedules; occurrences that pass meanwhile are left out",
        "paused",
    ),
    ("resume", "Let held schedules go on", "resumed"),
    (
        "delete",
        "Delete schedules; their jobs stay, and they can be restored",
        "deleted",
    ),
    ("restore", "Take deletions back", "restored"),
];

pub(super) fn command() -> Command {
    let mut command = Command::new("schedules")
        .about("Show, create, change and run schedules")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(list_command())
        .subcommand(
            Command::new("show")
                .about("Show one schedule, what it does and how it fared")
                .arg(name()),
        )
        .subcommand(
            Command::new("next")
                .about("Show when schedules come next")
                .long_about(
                    "Show when schedules come next: those of this program, for which no store is needed; or, by its \
                     name, one in the store",
                )
                .arg(name().required(false))
                .arg(super::next::count(5)),
        )
        .subcommand(edit::create_command())
        .subcommand(edit::update_command());
    for (verb, about, _) in CHANGES {
        let names = name().num_args(1..).help("The schedules' names");
        let mut change = Command::new(verb).about(about).arg(names);
        if verb == "delete" {
            change = change.arg(
                Arg::new("for-good")
                    .long("for-good")
                    .action(ArgAction::SetTrue)
                    .help("So that they cannot be restored, and their names are free"),
            );
        }
        command = command.subcommand(change);
    }
    command
        .subcommand(
            Command::new("run")
                .about("Enqueue one job of a schedule now, beside its occurrences")
                .arg(name()),
        )
        .subcommand(
            Command::new("backfill")
                .about("Enqueue a job for every occurrence of a schedule in a range of the past, each once")
                .arg(name())
                .arg(bound("from", "The first moment of the range, such as 2026-03-01T00:00:00Z").required(true))
                .arg(bound("to", "Its last moment [default: now]")),
        )
}

fn name() -> Arg {
    Arg::new("name")
        .required(true)
        .value_name("SCHEDULE")
        .help("The schedule's name; of one from code its task's alias, or alias/name")
}

fn bound(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .value_parser(super::tree::instant)
        .help(help)
}

fn list_command() -> Command {
    let filter = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("list")
        .about("Show schedules in the store, by name")
        .arg(
            filter("state", "STATE", "Only schedules in these states")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(|text: &str| text.parse::<ScheduleState>()),
        )
        .arg(filter("task", "TASK", "Only schedules of this task"))
        .arg(filter(
            "queue",
            "QUEUE",
            "Only schedules whose jobs go to this queue",
        ))
        .arg(filter(
            "name",
            "PATTERN",
            "Only names like this: * is any text, ? any one character",
        ))
        .arg(
            filter(
                "source",
                "SOURCE",
                "Only those from `code`, or created at `runtime`",
            )
            .value_parser(|text: &str| text.parse::<ScheduleSource>()),
        )
        .arg(
            Arg::new("deleted")
                .long("deleted")
                .action(ArgAction::SetTrue)
                .help("Deleted ones too"),
        )
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let (verb, matches) = super::subcommand(matches);
    match verb {
        "list" => list(session, matches).await,
        "show" => show::show(session, super::text(matches, "name")).await,
        "next" => upcoming::of_store(session, matches).await,
        "create" => edit::create(session, matches).await,
        "update" => edit::update(session, matches).await,
        "run" => run(session, super::text(matches, "name")).await,
        "backfill" => backfill(session, matches).await,
        _ => change(session, verb, matches).await,
    }
}

async fn change(session: &Session, verb: &str, matches: &ArgMatches) -> Result<()> {
    let for_good = verb == "delete" && matches.get_flag("for-good");
    let mut done = Vec::new();
    let mut first_error = None;
    for name in matches.get_many::<String>("name").into_iter().flatten() {
        match change_one(session, verb, for_good, name).await {
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

async fn change_one(session: &Session, verb: &str, for_good: bool, name: &str) -> Result<Value> {
    let schedules = session.tasker.schedules();
    let changed = match verb {
        "pause" => schedules.pause(name).await?,
        "resume" => schedules.resume(name).await?,
        "restore" => schedules.restore(name).await?,
        _ if for_good => schedules.erase(name).await?,
        _ => schedules.delete(name).await?,
    };
    if !changed {
        return Err(unchanged(session, verb, name).await?);
    }
    if !session.json {
        output::line(&match verb {
            "pause" => format!("schedule `{name}` is paused"),
            "resume" => format!("schedule `{name}` goes on"),
            "restore" => format!("schedule `{name}` is restored"),
            _ if for_good => format!("schedule `{name}` is deleted for good"),
            _ => format!("schedule `{name}` is deleted"),
        })?;
    }
    Ok(match schedules.get(name).await? {
        Some(schedule) => schedule_json(&schedule),
        None => json!({ "name": name, "erased": true }),
    })
}

/// Why a schedule could not be changed.
async fn unchanged(session: &Session, verb: &str, name: &str) -> Result<Error> {
    let schedules = session.tasker.schedules();
    let Some(known) = schedules.get(name).await? else {
        return schedules.unknown(name).await;
    };
    let participle = CHANGES.iter().find(|change| change.0 == verb);
    let participle = participle.map_or(verb, |change| change.2);
    Ok(Error::Setup(format!(
        "schedule `{name}` is {} and cannot be {participle}",
        match known.deleted_at {
            Some(_) => "deleted",
            None if verb == "restore" => "not deleted",
            None => known.state.as_str(),
        }
    )))
}

async fn run(session: &Session, name: &str) -> Result<()> {
    let job = session.tasker.schedules().run_now(name).await?;
    if session.json {
        return output::json(&json!({
            "id": job.id(),
            "number": job.number(),
            "schedule": name,
            "new": job.is_new(),
        }));
    }
    let there = match job.is_new() {
        true => "queued",
        false => "is there already",
    };
    output::line(&format!("job {} ({}) {there}", job.number(), job.id()))
}

async fn backfill(session: &Session, matches: &ArgMatches) -> Result<()> {
    let name = super::text(matches, "name");
    let from = *matches
        .get_one::<Instant>("from")
        .expect("clap requires it");
    let to = matches.get_one::<Instant>("to").copied();
    // What is to come is left out by the store's clock.
    let to = to.unwrap_or(Instant::MAX_UTC);
    let done = session.tasker.schedules().backfill(name, from, to).await?;
    if session.json {
        return output::json(&json!({ "name": name, "made": done.made, "there": done.there }));
    }
    let jobs = |number: u64| match number {
        1 => "1 job".to_owned(),
        number => format!("{number} jobs"),
    };
    output::line(&format!(
        "{} made, {} there already",
        jobs(done.made),
        jobs(done.there)
    ))
}

async fn list(session: &Session, matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let states = matches
        .get_many::<ScheduleState>("state")
        .into_iter()
        .flatten();
    let query = ScheduleQuery {
        states: states.copied().collect(),
        alias: text("task"),
        queue: text("queue"),
        name: text("name"),
        source: matches.get_one("source").copied(),
        include_deleted: matches.get_flag("deleted"),
        ..ScheduleQuery::default()
    };
    let schedules = session.tasker.schedules().find(query).await?;
    if session.json {
        let schedules: Vec<Value> = schedules.iter().map(schedule_json).collect();
        return output::json(&schedules);
    }
    let mut table = Table::new([
        "SCHEDULE", "TASK", "RULE", "ZONE", "STATE", "RUNS", "NEXT", "LAST", "OUTCOME",
    ]);
    for schedule in schedules {
        table.row([
            schedule.name.clone(),
            match schedule.alias.is_empty() {
                true => "-".into(),
                false => schedule.alias.clone(),
            },
            words(&schedule.rule),
            schedule.tz.clone(),
            state(&schedule),
            runs(&schedule),
            time_or_dash(schedule.next_run_at),
            time_or_dash(schedule.last_run_at),
            schedule
                .last_outcome
                .map_or_else(|| "-".into(), |state| state.to_string()),
        ]);
    }
    table.print(
        "no schedule is like that: a program that works declares those of its tasks, `schedules create` makes others",
    )
}

/// Where it stands, and why where that is to be told.
fn state(schedule: &Schedule) -> String {
    let state = match (schedule.state, &schedule.error) {
        (ScheduleState::Broken, Some(reason)) => format!("broken: {reason}"),
        (state, _) => state.as_str().to_owned(),
    };
    match schedule.deleted_at {
        Some(_) => format!("{state} (deleted)"),
        None => state,
    }
}

/// `3`, or `3/10` where it has a bound.
fn runs(schedule: &Schedule) -> String {
    match schedule.max_executions {
        Some(max) => format!("{}/{max}", schedule.executions),
        None => schedule.executions.to_string(),
    }
}

fn schedule_json(schedule: &Schedule) -> Value {
    let mut value = json!(schedule);
    value["params"] = embed(&schedule.params);
    value["words"] = words(&schedule.rule).into();
    value
}

/// Whether two names are one, as those of tasks are compared.
fn is_same(one: &str, other: &str) -> bool {
    canonical_alias(one) == canonical_alias(other)
}
