//! `schedules list | pause | resume`.

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};
use tasker_store::{Instant, Schedule, ScheduleState};

use super::Session;
use super::output::{self, Table, embed, time_or_dash};
use crate::error::{Error, Result};
use crate::task::registry::suggest;
use crate::task::{Registry, TaskDefinition};

pub(super) fn command() -> Command {
    let name = || {
        Arg::new("name")
            .required(true)
            .value_name("SCHEDULE")
            .help("The schedule's name: its task's alias, or alias/name")
    };
    Command::new("schedules")
        .about("Show, pause and resume schedules")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("Show every schedule in the store"))
        .subcommand(
            Command::new("pause")
                .about("Hold a schedule; occurrences that pass meanwhile are left out")
                .arg(name()),
        )
        .subcommand(
            Command::new("resume")
                .about("Let a held schedule go on")
                .arg(name()),
        )
}

pub(super) fn answer(_: &Registry, _: &ArgMatches, _: bool) -> Option<Result<()>> {
    None
}

pub(super) fn next_of(_: &TaskDefinition) -> Option<Instant> {
    None
}

pub(super) fn times(_: &TaskDefinition) -> Value {
    Value::Null
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let (verb, matches) = super::subcommand(matches);
    if verb == "list" {
        return list(session).await;
    }
    let name = super::text(matches, "name");
    let schedules = session.tasker.schedules();
    let paused = verb == "pause";
    let changed = match paused {
        true => schedules.pause(name).await?,
        false => schedules.resume(name).await?,
    };
    if !changed {
        return Err(unchanged(session, verb, name).await?);
    }
    match session.json {
        true => output::json(&json!({ "name": name, "paused": paused })),
        false if paused => output::line(&format!("schedule `{name}` is paused")),
        false => output::line(&format!("schedule `{name}` goes on")),
    }
}

/// Why a schedule could not be paused or resumed.
async fn unchanged(session: &Session, verb: &str, name: &str) -> Result<Error> {
    let schedules = session.tasker.schedules().list().await?;
    if let Some(known) = schedules.iter().find(|schedule| schedule.name == name) {
        return Ok(Error::Setup(format!(
            "schedule `{name}` is {} and cannot be {verb}d",
            known.state.as_str()
        )));
    }
    let near = suggest(
        name,
        schedules.iter().map(|schedule| schedule.name.as_str()),
    );
    Ok(Error::Setup(match near {
        Some(near) => format!("no schedule `{name}` is in the store: did you mean `{near}`?"),
        None => {
            format!("no schedule `{name}` is in the store: `schedules list` shows those that are")
        }
    }))
}

async fn list(session: &Session) -> Result<()> {
    let schedules = session.tasker.schedules().list().await?;
    if session.json {
        let schedules: Vec<Value> = schedules.iter().map(schedule_json).collect();
        return output::json(&schedules);
    }
    let mut table = Table::new(["SCHEDULE", "TASK", "RULE", "ZONE", "STATE", "NEXT", "LAST"]);
    for schedule in schedules {
        table.row([
            schedule.name,
            schedule.alias,
            schedule.rule,
            schedule.tz,
            match (schedule.state, schedule.error) {
                (ScheduleState::Broken, Some(reason)) => format!("broken: {reason}"),
                (state, _) => state.as_str().into(),
            },
            time_or_dash(schedule.next_run_at),
            time_or_dash(schedule.last_run_at),
        ]);
    }
    table.print("no schedule is in the store: a program that works declares those of its tasks")
}

fn schedule_json(schedule: &Schedule) -> Value {
    let mut value = json!(schedule);
    value["params"] = embed(&schedule.params);
    value
}
