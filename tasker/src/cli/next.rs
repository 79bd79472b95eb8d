//! `next <rule>`: a calculator for schedule rules that explains itself. Needs neither a store nor the application.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use super::arguments::Fault;
use super::output::{self, Table};
use super::upcoming::DEFAULT_ZONE;
use crate::error::{Error, Result};
use crate::grammar::Message;
use crate::schedule::{Fold, Gap, Line, Rule, explain, zone};

pub(super) fn command() -> Command {
    Command::new("next")
        .about("Show what a schedule rule means and when it comes true next")
        .arg(
            Arg::new("rule")
                .required(true)
                .value_name("RULE")
                .value_parser(rule)
                .help("Such as 'daily 12:00', 'every 5m', '0 9 * * mon-fri' or 'rrule FREQ=MONTHLY;BYDAY=2TU'"),
        )
        .arg(
            Arg::new("tz")
                .long("tz")
                .value_name("ZONE")
                .value_parser(zone_name)
                .help("The time zone, such as Europe/London [default: UTC]"),
        )
        .arg(
            Arg::new("after")
                .long("after")
                .value_name("INSTANT")
                .value_parser(super::tree::instant)
                .help("Where to begin, such as 2025-03-29T00:00:00Z [default: now]"),
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
    let count = matches.get_one("count").copied().unwrap_or(10_u32);
    let after = matches.get_one("after").copied().unwrap_or_else(Utc::now);
    let rule = Rule::parse_in(super::text(matches, "rule"), tz).map_err(setup)?;
    let answer = Answer {
        tz: rule.zone().or(tz).unwrap_or(DEFAULT_ZONE).to_owned(),
        lacks_start: rule.needs_start(),
        rule,
    };
    let rule = match answer.lacks_start {
        true => rule.anchored(after),
        false => rule,
    };
    let lines = explain(
        &rule,
        zone(&answer.tz).map_err(setup)?,
        after,
        count as usize,
    );
    let lines = lines.map_err(setup)?;
    match json {
        true => output::json(&answer.json(&lines)),
        false => answer.print(&lines),
    }
}

fn setup(fault: Message) -> Error {
    Error::Setup(fault.as_str().to_owned())
}

/// What is told about the rule before its occurrences.
struct Answer {
    rule: Rule,
    tz: String,
    /// Whether it counts from a start that it does not have, for which the beginning stands.
    lacks_start: bool,
}

impl Answer {
    fn json(&self, lines: &[Line]) -> Value {
        let occurrences: Vec<Value> = lines.iter().map(line_json).collect();
        json!({
            "rule": self.rule.to_string(),
            "words": self.rule.describe(),
            "tz": self.zone(),
            "gap": self.rule.gap().map(|gap| gap.to_string()),
            "fold": self.rule.fold().map(|fold| fold.to_string()),
            "lacks_start": self.lacks_start,
            "occurrences": occurrences,
        })
    }

    fn print(&self, lines: &[Line]) -> Result<()> {
        let mut text = String::new();
        let mut tell = |name: &str, value: &str| text.push_str(&format!("{name:<6}{value}\n"));
        tell("rule", &self.rule.to_string());
        tell("means", &self.rule.describe());
        tell("zone", &self.zone());
        if let (Some(gap), Some(fold)) = (self.rule.gap(), self.rule.fold()) {
            tell("gap", in_gap(gap));
            tell("fold", in_fold(fold));
        }
        if self.lacks_start {
            tell("start", "here; a schedule counts from its own start");
        }
        text.push('\n');
        output::line(&text)?;
        let mut table = Table::new(["LOCAL", "UTC", "NOTE"]);
        for line in lines {
            match line {
                Line::Run { at, notes } => table.row([
                    format!("{} {}", at.format("%a"), local(at)),
                    at.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true),
                    notes.join("; "),
                ]),
                Line::Dropped { named, note } => table.row([
                    named.format("%a %Y-%m-%dT%H:%M:%S").to_string(),
                    "-".to_owned(),
                    note.clone(),
                ]),
            }
        }
        table.print("this rule never comes true again")
    }

    /// The zone, or the offset that the rule names itself.
    fn zone(&self) -> String {
        match self.rule.offset_minutes() {
            None => self.tz.clone(),
            Some(0) => DEFAULT_ZONE.to_owned(),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

fn line_json(line: &Line) -> Value {
    match line {
        Line::Run { at, notes } => json!({
            "at": at.to_utc(),
            "local": local(at),
            "notes": notes,
        }),
        Line::Dropped { named, note } => json!({
            "at": null,
            "local": named.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "notes": [note],
        }),
    }
}

fn local(at: &DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

fn in_gap(gap: Gap) -> &'static str {
    match gap {
        Gap::Skip => "skip: a local time that the clock leaves out does not run",
        Gap::Next => {
            "next: a local time that the clock leaves out runs at the first instant after it"
        }
    }
}

fn in_fold(fold: Fold) -> &'static str {
    match fold {
        Fold::First => "first: a local time that the clock shows twice runs the first time",
        Fold::Second => "second: a local time that the clock shows twice runs the second time",
        Fold::Both => "both: a local time that the clock shows twice runs both times",
    }
}
