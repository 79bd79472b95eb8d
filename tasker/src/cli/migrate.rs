//! `migrate`, `migrate status`: the store's schema.

use clap::{ArgMatches, Command};
use serde_json::json;
use tasker_store::SchemaStep;

use super::Session;
use super::output::{self, Table};
use crate::error::Result;

pub(super) fn command() -> Command {
    Command::new("migrate")
        .about("Bring the store's schema up to date")
        .subcommand(Command::new("status").about("Show the schema's steps, and change nothing"))
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let status = matches.subcommand_name() == Some("status");
    if !status {
        // Opening brings it up to date.
        session.tasker.store().await?;
    }
    let steps = session.tasker.schema().await?;
    if session.json {
        let steps: Vec<_> = (steps.iter())
            .map(|step| json!({ "name": step.name, "applied": step.applied }))
            .collect();
        return output::json(&steps);
    }
    if status {
        return table(&steps);
    }
    output::line(match steps.is_empty() {
        true => "this backend has no schema",
        false => "the schema is up to date",
    })
}

fn table(steps: &[SchemaStep]) -> Result<()> {
    let mut table = Table::new(["STEP", "STATE"]);
    for step in steps {
        let state = if step.applied { "applied" } else { "pending" };
        table.row([step.name.clone(), state.into()]);
    }
    table.print("this backend has no schema")
}
