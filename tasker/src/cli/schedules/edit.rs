//! `schedules create` and `schedules update`: one flag for each thing a schedule says.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::Value;
use tasker_store::{CatchUp, Instant, Overlap, Schedule};

use super::super::Session;
use super::super::arguments::Fault;
use super::super::output::{self, time};
use super::{name, schedule_json};
use crate::error::Result;
use crate::schedule::{Fold, Gap, Rule, zone};

/// How many missed occurrences `--catch-up all` makes good.
const ALL: u32 = 100;

pub(super) fn create_command() -> Command {
    Command::new("create")
        .about("Create a schedule, which lives until it is deleted")
        .arg(name().help("Its name, which no other has"))
        .arg(option("task", "TASK", "The task it runs").required(true))
        .arg(rule().required(true))
        .args(options())
        .arg(flag("draft", "It does not run until it is made active"))
}

pub(super) fn update_command() -> Command {
    Command::new("update")
        .about("Change a schedule that was created so; what is not given stays")
        .arg(name())
        .arg(rule())
        .args(options())
        .arg(flag("own-queue", "Its jobs go to the queue of their task").conflicts_with("queue"))
        .arg(
            option("state", "STATE", "Put it into this state: draft or active")
                .value_parser(["draft", "active"]),
        )
        .arg(
            option(
                "version",
                "NUMBER",
                "Only if it is at this version, as `schedules show` tells it",
            )
            .value_parser(value_parser!(i64)),
        )
}

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}

fn rule() -> Arg {
    option(
        "rule",
        "RULE",
        "When it runs, such as 'daily 12:00' or '0 9 * * mon-fri'; `next` explains rules",
    )
    .value_parser(|text: &str| checked(Rule::parse(text).map(|_| text.to_owned())))
}

fn options() -> [Arg; 11] {
    [
        option("description", "TEXT", "What it is for"),
        option("tz", "ZONE", "The time zone, such as Europe/London")
            .value_parser(|text: &str| checked(zone(text).map(|zone| zone.name().to_owned()))),
        option("params", "JSON", "The params of its jobs, as one JSON object").value_parser(object),
        option("queue", "NAME", "The queue of its jobs, in place of their task's").value_parser(
            |text: &str| tasker_store::check_queue_name(text).map(|()| text.to_owned()),
        ),
        option("start", "TIME", "It does not run before this, such as 2026-03-01T09:00:00Z, or `none`")
            .value_parser(|text: &str| or_none(text, super::super::tree::instant)),
        option("end", "TIME", "It does not run after this, or `none`")
            .value_parser(|text: &str| or_none(text, super::super::tree::instant)),
        option("max-executions", "NUMBER", "It ends when it has run so often, or `none`")
            .value_parser(|text: &str| or_none(text, positive)),
        option(
            "catch-up",
            "POLICY",
            "What becomes of missed occurrences: skip, once, all or all=10 [default: once]",
        )
        .value_parser(catch_up),
        option(
            "overlap",
            "POLICY",
            "What becomes of one while the job before is unfinished: allow, skip, queue_one or cancel_previous \
             [default: allow]",
        )
        .value_parser(overlap),
        option("gap", "POLICY", "What becomes of a local time that a clock change leaves out: skip or next")
            .value_parser(|text: &str| checked(text.parse::<Gap>())),
        option(
            "fold",
            "POLICY",
            "What becomes of a local time that a clock change repeats: first, second or both",
        )
        .value_parser(|text: &str| checked(text.parse::<Fold>())),
    ]
}

fn checked<T>(read: Result<T, crate::grammar::Message>) -> Result<T, String> {
    read.map_err(|fault| fault.as_str().to_owned())
}

/// What `read` makes of it, or nothing where it is `none`.
fn or_none<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    match text {
        "none" => Ok(None),
        text => read(text).map(Some),
    }
}

fn positive(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("write a number of at least 1, or `none`".into()),
    }
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
        Ok(_) => Err("params are a JSON object".into()),
        Err(error) => Err(format!(
            "params are a JSON object, and this is not JSON: {error}"
        )),
    }
}

fn catch_up(text: &str) -> Result<CatchUp, String> {
    let wrong = || format!("`{text}` is no policy: write `skip`, `once`, `all` or `all=10`");
    match text.split_once('=') {
        None if text == "skip" => Ok(CatchUp::Skip),
        None if text == "once" => Ok(CatchUp::Once),
        None if text == "all" => Ok(CatchUp::All { max: ALL }),
        Some(("all", max)) => Ok(CatchUp::All {
            max: positive(max).map_err(|_| wrong())?,
        }),
        _ => Err(wrong()),
    }
}

fn overlap(text: &str) -> Result<Overlap, String> {
    serde_json::from_value(Value::String(text.to_owned()))
        .map_err(|_| format!("`{text}` is no policy: write `allow` or `skip`"))
}

/// What is wrong with the words together, and with which verb: a rule that fixes its zone takes no `--tz`, one that no
/// clock change touches no policy for it.
pub(in crate::cli) fn check(matches: &ArgMatches) -> Result<(), (&str, Fault)> {
    let (verb, matches) = super::super::subcommand(matches);
    if !matches!(verb, "create" | "update") {
        return Ok(());
    }
    let Some(rule) = matches.get_one::<String>("rule") else {
        return Ok(());
    };
    let tz = matches.get_one::<String>("tz").map(String::as_str);
    let gap = matches.get_one("gap").copied();
    let fold = matches.get_one("fold").copied();
    Rule::parse_in(rule, tz)
        .and_then(|_| Rule::with_policies(rule, gap, fold))
        .map(drop)
        .map_err(|fault| (verb, Fault::invalid(fault.as_str().to_owned())))
}

/// Sets what was given.
macro_rules! set {
    ($builder:ident, $matches:ident) => {
        if let Some(text) = $matches.get_one::<String>("description") {
            $builder = $builder.description(text);
        }
        if let Some(zone) = $matches.get_one::<String>("tz") {
            $builder = $builder.tz(zone);
        }
        if let Some(queue) = $matches.get_one::<String>("queue") {
            $builder = $builder.queue(queue);
        }
        if let Some(start) = $matches.get_one::<Option<Instant>>("start") {
            $builder = $builder.start(*start);
        }
        if let Some(end) = $matches.get_one::<Option<Instant>>("end") {
            $builder = $builder.end(*end);
        }
        if let Some(max) = $matches.get_one::<Option<u32>>("max-executions") {
            $builder = $builder.max_executions(*max);
        }
        if let Some(catch_up) = $matches.get_one::<CatchUp>("catch-up") {
            $builder = $builder.catch_up(*catch_up);
        }
        if let Some(overlap) = $matches.get_one::<Overlap>("overlap") {
            $builder = $builder.overlap(*overlap);
        }
        if let Some(gap) = $matches.get_one::<Gap>("gap") {
            $builder = $builder.gap(*gap);
        }
        if let Some(fold) = $matches.get_one::<Fold>("fold") {
            $builder = $builder.fold(*fold);
        }
    };
}

pub(super) async fn create(session: &Session, matches: &ArgMatches) -> Result<()> {
    let text = |name| super::super::text(matches, name);
    let params = matches.get_one::<Value>("params").cloned();
    let schedules = session.tasker.schedules();
    let mut new = schedules.create_by_alias(
        text("name"),
        text("task"),
        text("rule"),
        params.unwrap_or_default(),
    );
    set!(new, matches);
    if matches.get_flag("draft") {
        new = new.draft();
    }
    tell(session, &new.await?).await
}

pub(super) async fn update(session: &Session, matches: &ArgMatches) -> Result<()> {
    let schedules = session.tasker.schedules();
    let mut change = schedules.update(super::super::text(matches, "name"));
    set!(change, matches);
    if let Some(rule) = matches.get_one::<String>("rule") {
        change = change.rule(rule);
    }
    if let Some(params) = matches.get_one::<Value>("params") {
        change = change.params(params.clone());
    }
    if matches.get_flag("own-queue") {
        change = change.queue_of_task();
    }
    if let Some(version) = matches.get_one::<i64>("version") {
        change = change.version(*version);
    }
    change = match matches.get_one::<String>("state").map(String::as_str) {
        Some("draft") => change.draft(),
        Some(_) => change.active(),
        None => change,
    };
    tell(session, &change.await?).await
}

/// Tells how a schedule stands now.
async fn tell(session: &Session, schedule: &Schedule) -> Result<()> {
    if session.json {
        return output::json(&schedule_json(schedule));
    }
    let next = session.tasker.schedules().next(&schedule.name, 1).await?;
    let next = match next.first() {
        Some(at) => format!(", next {}", time(*at)),
        None => String::new(),
    };
    output::line(&format!(
        "schedule `{}` is {}{next}",
        schedule.name,
        schedule.state.as_str()
    ))
}
