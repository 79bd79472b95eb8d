//! `next <rule>`: a calculator for schedule rules. Needs neither a store nor the application.

use chrono::SecondsFormat;
use clap::{Arg, ArgMatches, Command, value_parser};
use tasker_store::Instant;

use super::arguments::Fault;
use super::output::{self, Table};
use super::upcoming::{DEFAULT_ZONE, next};
use crate::error::{Error, Result};
use crate::schedule::{Rule, zone};

pub(super) fn command() -> Command {
    Command::new("next")
        .about("Show when a schedule rule comes true next")
        .arg(
            Arg::new("rule")
                .required(true)
                .value_name("RULE")
                .value_parser(rule)
                .help("Such as 'daily 12:00', 'every 5m' or '0 9 * * mon-fri'"),
        )
        .arg(
            Arg::new("tz")
                .long("tz")
                .value_name("ZONE")
                .value_parser(zone_name)
                .help("The time zone, such as Europe/London [default: UTC]"),
        )
        .arg(count(10))
}

/// `-n`, how many occurrences.
pub(super) fn count(default: u32) -> Arg {
    Arg::new("count")
        .short('n')
        .long("count")
        .value_name("NUMBER")
        .value_parser(value_parser!(u32).range(1..=10_000))
        .help(format!("How many occurrences [default: {default}]"))
}

fn rule(text: &str) -> Result<String, String> {
    match Rule::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(fault) => Err(fault.as_str().to_owned()),
    }
}

fn zone_name(text: &str) -> Result<String, String> {
    match zone(text) {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(fault) => Err(fault.as_str().to_owned()),
    }
}

/// What is wrong with the words together: a rule that fixes its zone takes no `--tz`.
pub(super) fn check(matches: &ArgMatches) -> Result<(), Fault> {
    let tz = matches.get_one::<String>("tz").map(String::as_str);
    match Rule::parse_in(super::text(matches, "rule"), tz) {
        Ok(_) => Ok(()),
        Err(fault) => Err(Fault::invalid(fault.as_str().to_owned())),
    }
}

pub(super) fn answer(matches: &ArgMatches, json: bool) -> Result<()> {
    let tz = matches.get_one::<String>("tz").map(String::as_str);
    let rule = super::text(matches, "rule");
    let count = matches.get_one("count").copied().unwrap_or(10_u32);
    let instants = next(rule, tz, count as usize).map_err(Error::Setup)?;
    if json {
        return output::json(&instants);
    }
    let name = Rule::parse_in(rule, tz)
        .ok()
        .and_then(|rule| rule.zone())
        .or(tz)
        .unwrap_or(DEFAULT_ZONE);
    let mut table = Table::new(["LOCAL", "UTC"]);
    for at in instants {
        table.row([local(at, name)?, output::time(at)]);
    }
    table.print("this rule never comes true again")
}

fn local(at: Instant, name: &str) -> Result<String> {
    let zone = zone(name).map_err(|fault| Error::Setup(fault.as_str().to_owned()))?;
    let local = at.with_timezone(&zone);
    Ok(format!(
        "{} {}",
        local.format("%a"),
        local.to_rfc3339_opts(SecondsFormat::Secs, false)
    ))
}
