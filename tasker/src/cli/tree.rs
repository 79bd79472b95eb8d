//! The command tree, made from the registry at run time.
//!
//! A task's flags are built only where the command line names the task (or for completions, which need them
//! all), so that a binary with hundreds of tasks starts as fast as one with two.

use std::time::Duration;

use clap::{Arg, ArgAction, Command, ValueHint, value_parser};
use tasker_store::Instant;

use super::arguments::flags;
use super::{completions, jobs, list, migrate, next, queues, schedules, tasks, work, workers};
use crate::task::{Registry, TaskDefinition};

/// The commands that are no tasks. No alias may be one of them.
pub(super) const VERBS: [&str; 12] = [
    "help",
    "run",
    "list",
    "work",
    "jobs",
    "queues",
    "schedules",
    "workers",
    "tasks",
    "next",
    "migrate",
    "completions",
];

/// Which tasks get their flags.
#[derive(Clone, Copy)]
pub(super) enum Detail {
    /// Only this one.
    Named(Option<Named>),
    /// All of them.
    Full,
}

/// The task that the command line names.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) task: &'static TaskDefinition,
    /// Whether `--params` is among the words: no single flag is required then.
    pub(super) has_params: bool,
}

/// What the program says of itself.
pub(super) struct Face<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'static str,
    pub(super) about: &'static str,
}

/// The whole tree.
pub(super) fn build(face: &Face<'_>, registry: &Registry, detail: Detail) -> Command {
    let root = Command::new(face.name.to_owned())
        .bin_name(face.name.to_owned())
        .version(face.version)
        .about(face.about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("COMMAND|TASK")
        .help_template(template(registry))
        .arg(database_url())
        .arg(json())
        .subcommands(tasks_of(registry, detail));
    let root = root
        .subcommand(run(registry, detail))
        .subcommand(list::command())
        .subcommand(work::command())
        .subcommand(jobs::command())
        .subcommand(queues::command())
        .subcommand(schedules::command())
        .subcommand(workers::command())
        .subcommand(tasks::command())
        .subcommand(next::command())
        .subcommand(migrate::command())
        .subcommand(completions::command());
    tidy(root)
}

/// Gives every command a `--help` and a heading for its options, which then come after a task's parameters.
fn tidy(command: Command) -> Command {
    let mut help = Arg::new("help")
        .long("help")
        .action(ArgAction::Help)
        .help("Print help");
    if command
        .get_arguments()
        .all(|arg| arg.get_short() != Some('h'))
    {
        help = help.short('h');
    }
    command
        .disable_help_flag(true)
        .arg(help)
        .mut_args(|arg| match arg.get_help_heading() {
            None if !arg.is_positional() => arg.help_heading("Options"),
            _ => arg,
        })
        .mut_subcommands(tidy)
}

/// clap has one list of subcommands; tasks come first here, under a heading of their own.
fn template(registry: &Registry) -> String {
    let header = *clap::builder::Styles::styled().get_header();
    let literal = *clap::builder::Styles::styled().get_literal();
    let width = registry.iter().map(|task| task.alias.len()).max();
    let mut text = String::from("{before-help}{about-with-newline}\n{usage-heading} {usage}\n\n");
    if let Some(width) = width {
        text.push_str(&format!("{header}Tasks:{header:#}\n"));
        for task in registry.iter() {
            // A brace would be read as a tag of the template.
            let title = task.title.replace('{', "(").replace('}', ")");
            let line = format!("  {literal}{:width$}{literal:#}  {title}", task.alias);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "{header}Commands:{header:#}\n{{subcommands}}\n\n{header}Options:{header:#}\n{{options}}{{after-help}}"
    ));
    text
}

fn tasks_of(registry: &Registry, detail: Detail) -> impl Iterator<Item = Command> {
    registry.iter().map(move |task| match detail {
        Detail::Full => task_command(task, false),
        Detail::Named(Some(named)) if std::ptr::eq(named.task, task) => {
            task_command(task, named.has_params).hide(true)
        }
        Detail::Named(_) => face(task).hide(true),
    })
}

fn run(registry: &Registry, detail: Detail) -> Command {
    Command::new("run")
        .about("Run a task by its alias, also one whose alias is a word of this program")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand_value_name("TASK")
        .subcommand_help_heading("Tasks")
        .subcommands(tasks_of(registry, detail).map(|task| task.hide(false)))
}

fn face(task: &'static TaskDefinition) -> Command {
    let mut command = Command::new(task.alias).about(task.title);
    if !task.description.is_empty() {
        command = command.long_about(format!("{}\n\n{}", task.title, task.description));
    }
    command
}

fn task_command(task: &'static TaskDefinition, has_params: bool) -> Command {
    let takes = |flag: &str| task.params.iter().any(|param| param.flag == flag);
    let mut command = face(task)
        .args(flags(task, has_params))
        .arg(enqueue())
        .arg(delay().conflicts_with("at"))
        .arg(at());
    // A param of that name goes first; its task's queue and priority can be set in code.
    if !takes("queue") {
        command = command.arg(queue());
    }
    if !takes("priority") {
        command = command.arg(priority());
    }
    command
}

fn database_url() -> Arg {
    Arg::new("database-url")
        .long("database-url")
        .value_name("URL")
        .value_hint(ValueHint::Url)
        .global(true)
        .help("Where jobs are kept [env: TASKER_DATABASE_URL, DATABASE_URL]")
}

fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .global(true)
        .help("Print JSON")
}

fn enqueue() -> Arg {
    Arg::new("enqueue")
        .long("enqueue")
        .action(ArgAction::SetTrue)
        .help("Put it into the queue instead of running it here and now")
}

fn delay() -> Arg {
    Arg::new("in")
        .long("in")
        .value_name("DURATION")
        .requires("enqueue")
        .value_parser(duration)
        .help("Run it this much later at the earliest, such as 5m")
}

fn at() -> Arg {
    Arg::new("at")
        .long("at")
        .value_name("TIME")
        .requires("enqueue")
        .value_parser(instant)
        .help("Run it at this time at the earliest, such as 2026-03-01T09:00:00Z")
}

fn queue() -> Arg {
    Arg::new("queue")
        .long("queue")
        .value_name("NAME")
        .requires("enqueue")
        .value_parser(queue_name)
        .help("The queue to put it into, in place of the task's own")
}

fn priority() -> Arg {
    Arg::new("priority")
        .long("priority")
        .value_name("NUMBER")
        .requires("enqueue")
        .allow_negative_numbers(true)
        .value_parser(value_parser!(i16))
        .help("Higher runs first")
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::grammar::duration::parse(text).map_err(|fault| fault.as_str().to_owned())
}

pub(super) fn instant(text: &str) -> Result<Instant, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .map_err(|error| format!("{error}; write it as 2026-03-01T09:00:00Z"))
}

fn queue_name(text: &str) -> Result<String, String> {
    tasker_store::check_queue_name(text).map(|()| text.to_owned())
}
