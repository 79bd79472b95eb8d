//! The command line that an application gets from its tasks.
//!
//! In: the registry and the raw command line. Out: an [`Invocation`], all of whose words were checked before
//! anything ran; or an answer that needs neither the application's own code nor a store (help, version, `list`,
//! `completions`, `next`); or wrong usage. Read next: `tree` (the commands), `arguments` (a task's flags), then
//! one file per verb.

mod arguments;
mod completions;
mod hand;
mod jobs;
mod list;
pub(crate) mod logging;
mod migrate;
mod next;
pub(crate) mod output;
mod queues;
mod schedules;
mod spelling;
mod tasks;
#[cfg(test)]
mod tests;
mod tree;
mod upcoming;
mod value;
mod work;
mod workers;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use self::arguments::Fault;
use self::tree::{Detail, Face, Named};
use crate::client::Tasker;
use crate::error::Result;
use crate::task::Registry;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It did what was asked.
    Done,
    /// A signal cut it short.
    Interrupted,
}

/// A command, checked.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// From `--database-url`.
    pub(crate) database_url: Option<String>,
    json: bool,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Task(hand::TaskCall),
    Verb(String, ArgMatches),
}

/// Why there is no command to execute.
#[derive(Debug)]
pub(crate) enum Stop {
    /// clap has something to say: wrong usage, or the help or version that was asked for.
    Said(Box<clap::Error>),
    /// No command or task of this name is known yet; one may still be registered by hand.
    Unknown(Box<clap::Error>),
}

/// What a verb works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) tasker: Tasker,
    pub(crate) json: bool,
    pub(crate) defaults: WorkDefaults,
}

/// What the application's code says of `work`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkDefaults {
    pub(crate) concurrency: Option<u32>,
    pub(crate) prefetch: Option<u32>,
}

/// Reads the command line; `argv` begins with the program's name.
pub(crate) fn parse(
    program: &Program,
    registry: &Registry,
    mut argv: Vec<OsString>,
) -> Result<Invocation, Stop> {
    let name = program.called(argv.first());
    let face = Face {
        name: &name,
        version: program.version,
        about: program.about,
    };
    let named = spelling::settle(&mut argv, registry).map_err(|unknown| {
        let mut tree = tree::build(&face, registry, Detail::Named(None));
        let what = match registry.is_empty() {
            true => format!(
                "no command `{}`, and {}",
                unknown.word,
                crate::worker::NO_TASKS
            ),
            false => format!("no task or command `{}`", unknown.word),
        };
        let hint = unknown.hint.map(|hint| format!(": did you mean `{hint}`?"));
        let message = what + &hint.unwrap_or_default();
        Stop::Unknown(Box::new(tree.error(ErrorKind::InvalidSubcommand, message)))
    })?;
    let has_params = (argv.iter())
        .filter_map(|word| word.to_str())
        .any(|word| word == "--params" || word.starts_with("--params="));
    let detail = Detail::Named(named.map(|task| Named { task, has_params }));
    let mut tree = tree::build(&face, registry, detail);
    let matches = match tree.try_get_matches_from_mut(&argv) {
        Ok(matches) => matches,
        Err(error) => return Err(Stop::Said(Box::new(with_usage(error, &mut tree, &argv)))),
    };
    let (verb, inner) = subcommand(&matches);
    let (path, inner) = match verb {
        "run" => (vec!["run"], subcommand(inner).1),
        _ => (Vec::new(), inner),
    };
    let action = match named {
        Some(task) => Action::Task(hand::read(task, inner).map_err(|fault| {
            let path = path.into_iter().chain([task.alias]);
            Stop::Said(Box::new(usage_error(&mut tree, path, fault)))
        })?),
        None => {
            if verb == "next" {
                next::check(inner).map_err(|fault| {
                    Stop::Said(Box::new(usage_error(
                        &mut tree,
                        ["next"].into_iter(),
                        fault,
                    )))
                })?;
            }
            if verb == "schedules" {
                schedules::check(inner).map_err(|(verb, fault)| {
                    let path = ["schedules", verb].into_iter();
                    Stop::Said(Box::new(usage_error(&mut tree, path, fault)))
                })?;
            }
            Action::Verb(verb.to_owned(), inner.clone())
        }
    };
    Ok(Invocation {
        database_url: inner.get_one::<String>("database-url").cloned(),
        json: inner.get_flag("json"),
        action,
    })
}

impl Invocation {
    /// Answers what needs neither the application's code nor a store; `None` where it does.
    pub(crate) fn answer(&self, program: &Program, registry: &Registry) -> Option<Result<()>> {
        let Action::Verb(verb, matches) = &self.action else {
            return None;
        };
        match verb.as_str() {
            "list" if !matches.get_flag("all") => Some(list::here(registry, matches, self.json)),
            "completions" => {
                let shell = *matches.get_one("shell").expect("clap requires it");
                let name = program.called(std::env::args_os().next().as_ref());
                let face = Face {
                    name: &name,
                    version: program.version,
                    about: program.about,
                };
                Some(completions::print(
                    shell,
                    tree::build(&face, registry, Detail::Full),
                ))
            }
            "next" => Some(next::answer(matches, self.json)),
            "schedules" => schedules::answer(registry, matches, self.json),
            _ => None,
        }
    }

    /// Carries the command out.
    pub(crate) async fn execute(self, tasker: Tasker, defaults: WorkDefaults) -> Result<End> {
        let session = Session {
            tasker,
            json: self.json,
            defaults,
        };
        let (verb, matches) = match self.action {
            Action::Task(call) => return hand::execute(&session, call).await,
            Action::Verb(verb, matches) => (verb, matches),
        };
        match verb.as_str() {
            "work" => return work::execute(&session, &matches).await,
            "list" => list::everywhere(&session, &matches).await?,
            "jobs" => jobs::execute(&session, &matches).await?,
            "queues" => queues::execute(&session, &matches).await?,
            "schedules" => schedules::execute(&session, &matches).await?,
            "workers" => workers::execute(&session).await?,
            "tasks" => tasks::execute(&session, &matches).await?,
            "migrate" => migrate::execute(&session, &matches).await?,
            verb => unreachable!("`{verb}` was answered before"),
        }
        Ok(End::Done)
    }
}

/// What the program says of itself; written by `#[tasker::main]`.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The package's description.
    pub about: &'static str,
    /// The crates that must each have contributed a task.
    pub tasks: &'static [&'static str],
}

impl Program {
    /// The name people typed, without its folder.
    fn called(&self, first: Option<&OsString>) -> String {
        first
            .map(std::path::Path::new)
            .and_then(|path| path.file_stem())
            .map_or_else(|| self.name.into(), |name| name.to_string_lossy().into())
    }
}

/// The name and the words of the subcommand that clap required.
fn subcommand(matches: &ArgMatches) -> (&str, &ArgMatches) {
    matches.subcommand().expect("clap requires it")
}

/// A word that clap required.
fn text<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).expect("clap requires it")
}

fn usage_error<'a>(
    tree: &mut Command,
    path: impl Iterator<Item = &'a str>,
    fault: Fault,
) -> clap::Error {
    let command = path.fold(tree, |command, name| {
        command
            .find_subcommand_mut(name)
            .expect("clap has just parsed it")
    });
    command.error(fault.kind, fault.message)
}

/// clap leaves the usage out where a value is wrong; we always give it.
fn with_usage(error: clap::Error, tree: &mut Command, argv: &[OsString]) -> clap::Error {
    let text = error.render().to_string();
    if !error.use_stderr() || text.contains("Usage:") {
        return error;
    }
    let mut command = tree;
    for word in argv.iter().skip(1).filter_map(|word| word.to_str()) {
        if command.find_subcommand(word).is_some() {
            command = command
                .find_subcommand_mut(word)
                .expect("it was found a line before");
        }
    }
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    let message = message.split("\n\nFor more information").next();
    let message = message.unwrap_or_default().trim_end().to_owned();
    command.error(error.kind(), message)
}
