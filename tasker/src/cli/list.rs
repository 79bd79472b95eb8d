//! `list`: the tasks of this binary; with `--all` those the store knows, too.
//!
//! Without `--all` it needs neither a store nor the application's own code.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};
use tasker_store::{Task as StoredTask, canonical_alias};

use super::Session;
use super::output::{self, Table, embed};
use super::upcoming::{next_of, task_json};
use crate::dynamic::StoredParam;
use crate::error::Result;
use crate::task::{Registry, TaskDefinition};

pub(super) fn command() -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    Command::new("list")
        .about("Show the tasks of this program")
        .arg(switch(
            "all",
            "Also those that only the store knows, from other programs",
        ))
        .arg(switch(
            "short",
            "A line for each, without its description and the place where it stands",
        ))
}

/// The tasks of this binary.
pub(super) fn here(registry: &Registry, matches: &ArgMatches, json: bool) -> Result<()> {
    if json {
        let tasks: Vec<Value> = registry.iter().map(definition_json).collect();
        return output::json(&tasks);
    }
    let rows: Vec<Row> = registry.iter().map(Row::of).collect();
    print(rows, matches.get_flag("short"))
}

/// The tasks of this binary and of the store.
pub(super) async fn everywhere(session: &Session, matches: &ArgMatches) -> Result<()> {
    let registry = session.tasker.registry();
    let stored = session.tasker.tasks().list().await?;
    let elsewhere = stored
        .iter()
        .filter(|task| registry.get(&task.alias).is_none());
    if session.json {
        let mut tasks: Vec<Value> = registry.iter().map(definition_json).collect();
        tasks.extend(elsewhere.map(|task| stored_json(task, false)));
        return output::json(&tasks);
    }
    let mut rows: Vec<Row> = registry.iter().map(Row::of).collect();
    rows.extend(elsewhere.map(Row::of_stored));
    rows.sort_by_key(|row| canonical_alias(&row.alias));
    print(rows, matches.get_flag("short"))
}

struct Row {
    alias: String,
    title: String,
    description: String,
    params: String,
    queue: String,
    schedule: String,
    place: String,
}

impl Row {
    fn of(task: &'static TaskDefinition) -> Self {
        let rules: Vec<&str> = task
            .schedules
            .iter()
            .map(|schedule| schedule.rule)
            .collect();
        let next = next_of(task);
        Self {
            alias: task.alias.into(),
            title: task.title.into(),
            description: task.description.into(),
            params: (task.params.iter())
                .map(|param| sketch(param.flag, param.required))
                .collect::<Vec<_>>()
                .join(" "),
            queue: task.queue.into(),
            schedule: match next {
                Some(next) => format!("{} (next {})", rules.join("; "), output::time(next)),
                None => rules.join("; "),
            },
            place: format!("{} {}", task.origin, task.place()),
        }
    }

    fn of_stored(task: &StoredTask) -> Self {
        let params: Vec<StoredParam> = serde_json::from_str(&task.params).unwrap_or_default();
        Self {
            alias: task.alias.clone(),
            title: task.title.clone(),
            description: task.description.clone(),
            params: (params.iter())
                .map(|param| sketch(&param.name, param.required))
                .collect::<Vec<_>>()
                .join(" "),
            queue: task.queue.clone(),
            schedule: String::new(),
            place: format!("{} (not in this program)", task.origin),
        }
    }
}

/// `--to` or `[--to]`.
fn sketch(flag: &str, required: bool) -> String {
    match required {
        true => format!("--{flag}"),
        false => format!("[--{flag}]"),
    }
}

fn print(rows: Vec<Row>, short: bool) -> Result<()> {
    if rows.is_empty() {
        eprintln!("{}", crate::worker::NO_TASKS);
        return Ok(());
    }
    if !short {
        return print_long(&rows);
    }
    // What only the store knows is marked; the place itself is in the long form.
    let mut table = Table::new(["TASK", "TITLE", "PARAMETERS", "QUEUE", "SCHEDULE"]);
    for row in rows {
        let elsewhere = row.place.ends_with("(not in this program)");
        table.row([
            row.alias,
            match elsewhere {
                true => format!("{} [{}]", row.title, row.place),
                false => row.title,
            },
            row.params,
            row.queue,
            row.schedule,
        ]);
    }
    table.print("")
}

fn print_long(rows: &[Row]) -> Result<()> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!("{}  {}\n", row.alias, output::plain(&row.title)));
        for line in output::plain_lines(&row.description).lines() {
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        }
        let details = [
            ("parameters", &row.params),
            ("queue", &row.queue),
            ("schedule", &row.schedule),
            ("from", &row.place),
        ];
        for (name, value) in details.into_iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("    {name}: {}\n", output::plain(value)));
        }
        text.push('\n');
    }
    output::line(text.trim_end())
}

fn definition_json(task: &'static TaskDefinition) -> Value {
    let params: Vec<Value> = (task.params.iter())
        .map(|param| {
            json!({
                "name": param.name,
                "flag": param.flag,
                "short": param.short,
                "description": param.description,
                "required": param.required,
                "default": param.default,
            })
        })
        .collect();
    json!({
        "alias": task.alias,
        "title": task.title,
        "description": task.description,
        "queue": task.queue,
        "priority": task.priority,
        "max_attempts": task.max_attempts,
        "tags": task.tags,
        "params": params,
        "schedules": task_json(task),
        "crate": task.origin,
        "file": task.file,
        "line": task.line,
        "here": true,
    })
}

/// A task that the store knows, its params as the list they are.
pub(super) fn stored_json(task: &StoredTask, here: bool) -> Value {
    json!({
        "alias": task.alias,
        "title": task.title,
        "description": task.description,
        "queue": task.queue,
        "params": embed(&task.params),
        "crate": task.origin,
        "enabled": task.enabled,
        "seen_at": task.seen_at,
        "here": here,
    })
}
