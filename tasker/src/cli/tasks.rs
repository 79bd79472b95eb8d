//! `tasks list | enable | disable`: the tasks as the store knows them, from every binary that has worked on it.

use clap::{Arg, ArgMatches, Command};
use serde_json::json;

use super::Session;
use super::output::{self, Table, time_or_dash};
use crate::error::{Error, Result};
use crate::task::registry::suggest;

pub(super) fn command() -> Command {
    let alias = || {
        Arg::new("alias")
            .required(true)
            .value_name("TASK")
            .help("The task's alias")
    };
    Command::new("tasks")
        .about("Show, disable and enable the tasks the store knows")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("Show every task that a worker has declared"))
        .subcommand(
            Command::new("enable")
                .about("Take a disable back")
                .arg(alias()),
        )
        .subcommand(
            Command::new("disable")
                .about("Refuse new jobs of a task and park those it has")
                .arg(alias()),
        )
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let (verb, matches) = super::subcommand(matches);
    if verb == "list" {
        return list(session).await;
    }
    let alias = super::text(matches, "alias");
    let enabled = verb == "enable";
    let tasks = session.tasker.tasks();
    let known = match enabled {
        true => tasks.enable(alias).await?,
        false => tasks.disable(alias).await?,
    };
    if !known {
        return Err(unknown(session, alias).await?);
    }
    match session.json {
        true => output::json(&json!({ "alias": alias, "enabled": enabled })),
        false => output::line(&format!("task `{alias}` is {verb}d")),
    }
}

async fn unknown(session: &Session, alias: &str) -> Result<Error> {
    let stored = session.tasker.tasks().list().await?;
    let near = suggest(alias, stored.iter().map(|task| task.alias.as_str()));
    Ok(Error::UnknownTask {
        alias: alias.to_owned(),
        hint: match near {
            Some(near) => format!(" to the store: did you mean `{near}`?"),
            None => " to the store: a worker that has it must have run once".into(),
        },
    })
}

async fn list(session: &Session) -> Result<()> {
    let tasks = session.tasker.tasks().list().await?;
    if session.json {
        let registry = session.tasker.registry();
        let tasks: Vec<_> = (tasks.iter())
            .map(|task| super::list::stored_json(task, registry.get(&task.alias).is_some()))
            .collect();
        return output::json(&tasks);
    }
    let mut table = Table::new(["TASK", "STATE", "QUEUE", "CRATE", "LAST SEEN", "TITLE"]);
    for task in tasks {
        table.row([
            task.alias,
            if task.enabled { "enabled" } else { "disabled" }.into(),
            task.queue,
            task.origin,
            time_or_dash(task.seen_at),
            task.title,
        ]);
    }
    table.print("no worker has declared a task yet")
}
