//! `schedules next`: of the schedules of this program without a store, of one in the store by its name.

use clap::ArgMatches;
use serde_json::{Value, json};
use tasker_store::Instant;

use super::super::Session;
use super::super::output::{self, Table};
use super::super::upcoming::{Planned, of_registry, words};
use super::is_same;
use crate::error::Result;
use crate::task::Registry;

/// Answers `schedules next`, but for a name that no schedule of this program has.
pub(in crate::cli) fn answer(
    registry: &Registry,
    matches: &ArgMatches,
    json: bool,
) -> Option<Result<()>> {
    let (verb, matches) = super::super::subcommand(matches);
    if verb != "next" {
        return None;
    }
    let mut planned = of_registry(registry);
    if let Some(name) = matches.get_one::<String>("name") {
        planned.retain(|schedule| is_same(&schedule.name, name) || is_same(schedule.alias, name));
        if planned.is_empty() {
            return None;
        }
    }
    Some(next(&planned, count(matches), json))
}

fn count(matches: &ArgMatches) -> usize {
    matches.get_one("count").copied().unwrap_or(5_u32) as usize
}

fn next(planned: &[Planned], count: usize, json: bool) -> Result<()> {
    let mut rows: Vec<(Instant, &Planned)> = Vec::new();
    for schedule in planned {
        let instants = schedule.next(count)?;
        rows.extend(instants.into_iter().map(|at| (at, schedule)));
    }
    rows.sort_by_key(|(at, _)| *at);
    // Of all schedules together, the first so many.
    rows.truncate(count);
    let rows = rows.into_iter().map(|(at, schedule)| Row {
        at,
        name: &schedule.name,
        alias: schedule.alias,
        rule: schedule.rule,
        tz: schedule.tz,
        is_default_zone: schedule.is_default_zone,
    });
    print(
        rows.collect(),
        json,
        "no task of this program has a schedule",
    )
}

/// The same of a schedule in the store.
pub(super) async fn of_store(session: &Session, matches: &ArgMatches) -> Result<()> {
    let name = super::super::text(matches, "name");
    let schedules = session.tasker.schedules();
    let instants = schedules.next(name, count(matches)).await?;
    let Some(schedule) = schedules.get(name).await? else {
        return Err(schedules.unknown(name).await?);
    };
    let rows = instants.into_iter().map(|at| Row {
        at,
        name: &schedule.name,
        alias: &schedule.alias,
        rule: &schedule.rule,
        tz: &schedule.tz,
        is_default_zone: false,
    });
    let nothing = format!("schedule `{name}` has no occurrence any more");
    print(rows.collect(), session.json, &nothing)
}

/// One occurrence.
struct Row<'a> {
    at: Instant,
    name: &'a str,
    alias: &'a str,
    rule: &'a str,
    tz: &'a str,
    is_default_zone: bool,
}

fn print(rows: Vec<Row<'_>>, json: bool, nothing: &str) -> Result<()> {
    if json {
        let rows: Vec<Value> = (rows.iter())
            .map(|row| json!({ "at": row.at, "name": row.name, "alias": row.alias, "tz": row.tz }))
            .collect();
        return output::json(&rows);
    }
    let mut table = Table::new(["NEXT", "SCHEDULE", "TASK", "RULE", "ZONE"]);
    for row in rows {
        table.row([
            output::time(row.at),
            row.name.to_owned(),
            row.alias.to_owned(),
            words(row.rule),
            match row.is_default_zone {
                true => format!("{} (default)", row.tz),
                false => row.tz.to_owned(),
            },
        ]);
    }
    table.print(nothing)
}
