//! `workers list`.

use clap::Command;

use super::Session;
use super::output::{self, Table, time};
use crate::error::Result;

pub(super) fn command() -> Command {
    Command::new("workers")
        .about("Show the workers")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("Show every worker that has joined and not left"))
}

pub(super) async fn execute(session: &Session) -> Result<()> {
    let workers = session.tasker.workers().await?;
    if session.json {
        return output::json(&workers);
    }
    let mut table = Table::new([
        "WORKER",
        "HOST",
        "PID",
        "RUNNING",
        "SLOTS",
        "QUEUES",
        "STARTED",
        "LEASE UNTIL",
    ]);
    for worker in workers {
        table.row([
            worker.name,
            worker.host,
            worker.pid.to_string(),
            worker.running.to_string(),
            worker.concurrency.to_string(),
            match worker.queues.is_empty() {
                true => "all".into(),
                false => worker.queues.join(","),
            },
            time(worker.started_at),
            time(worker.lease_until),
        ]);
    }
    table.print("no worker is there")
}
