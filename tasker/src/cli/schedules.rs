//! `schedules list | next | pause | resume`.

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};
use tasker_store::{Instant, Schedule, ScheduleState, canonical_alias};

use super::Session;
use super::output::{self, Table, embed, time_or_dash};
use super::upcoming::{Planned, of_registry, words};
use crate::error::{Error, Result};
use crate::task::Registry;
use crate::task::registry::suggest;

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
            Command::new("next")
                .about("Show when the schedules of this program come next; needs no store")
                .arg(name().required(false))
                .arg(super::next::count(5)),
        )
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

/// Answers `schedules next`, of the schedules of this binary.
pub(super) fn answer(registry: &Registry, matches: &ArgMatches, json: bool) -> Option<Result<()>> {
    let (verb, matches) = super::subcommand(matches);
    (verb == "next").then(|| next(registry, matches, json))
}

fn next(registry: &Registry, matches: &ArgMatches, json: bool) -> Result<()> {
    let mut planned = of_registry(registry);
    if let Some(name) = matches.get_one::<String>("name") {
        planned = only(planned, name)?;
    }
    let count = matches.get_one("count").copied().unwrap_or(5_u32) as usize;
    let mut rows: Vec<(Instant, &Planned)> = Vec::new();
    for schedule in &planned {
        let instants = schedule.next(count)?;
        rows.extend(instants.into_iter().map(|at| (at, schedule)));
    }
    rows.sort_by_key(|(at, _)| *at);
    // Of all schedules together, the first so many.
    rows.truncate(count);
    if json {
        let rows: Vec<Value> = (rows.iter())
            .map(|(at, schedule)| {
                json!({ "at": at, "name": schedule.name, "alias": schedule.alias, "tz": schedule.tz })
            })
            .collect();
        return output::json(&rows);
    }
    let mut table = Table::new(["NEXT", "SCHEDULE", "TASK", "RULE", "ZONE"]);
    for (at, schedule) in rows {
        table.row([
            output::time(at),
            schedule.name.clone(),
            schedule.alias.into(),
            words(schedule.rule),
            match schedule.is_default_zone {
                true => format!("{} (default)", schedule.tz),
                false => schedule.tz.into(),
            },
        ]);
    }
    table.print("no task of this program has a schedule")
}

/// The schedule of that name, or all those of the task of that alias.
fn only(planned: Vec<Planned>, name: &str) -> Result<Vec<Planned>> {
    let wanted = canonical_alias(name);
    let is_meant = |schedule: &Planned| {
        canonical_alias(&schedule.name) == wanted || canonical_alias(schedule.alias) == wanted
    };
    if !planned.iter().any(is_meant) {
        let near = suggest(name, planned.iter().map(|schedule| schedule.name.as_str()));
        let hint = match near {
            Some(near) => format!(": did you mean `{near}`?"),
            None => String::new(),
        };
        return Err(Error::Setup(format!(
            "this program has no schedule `{name}`{hint}"
        )));
    }
    Ok(planned.into_iter().filter(is_meant).collect())
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
            match schedule.alias.is_empty() {
                true => "-".into(),
                false => schedule.alias,
            },
            words(&schedule.rule),
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
    value["words"] = words(&schedule.rule).into();
    value
}
