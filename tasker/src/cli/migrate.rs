//! `migrate [up]`, `migrate status`, `migrate --show-sql`: the store's schema.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use tasker_store::SchemaStep;

use super::Session;
use super::output::{self, Table};
use crate::error::Result;

pub(super) fn command() -> Command {
    Command::new("migrate")
        .about("Bring the store's schema up to date")
        .arg(
            Arg::new("show-sql")
                .long("show-sql")
                .action(ArgAction::SetTrue)
                .help("Print the statements of the steps that are missing, and change nothing"),
        )
        .subcommand(Command::new("up").about("The same: apply the steps that are missing"))
        .subcommand(Command::new("status").about("Show the schema's steps, and change nothing"))
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let status = matches.subcommand_name() == Some("status");
    if matches.get_flag("show-sql") {
        return statements(&session.tasker.schema().await?);
    }
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

/// Each statement with its end, so that a database's own shell takes what is printed.
fn statements(steps: &[SchemaStep]) -> Result<()> {
    for step in steps.iter().filter(|step| !step.applied) {
        output::line(&format!("-- {}", step.name))?;
        for words in step.sql {
            output::line(&format!("{words};"))?;
        }
    }
    Ok(())
}

fn table(steps: &[SchemaStep]) -> Result<()> {
    let mut table = Table::new(["STEP", "STATE"]);
    for step in steps {
        let state = if step.applied { "applied" } else { "pending" };
        table.row([step.name.clone(), state.into()]);
    }
    table.print("this backend has no schema")
}
