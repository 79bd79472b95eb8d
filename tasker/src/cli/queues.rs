//! `queues list | pause | resume`.

use clap::{Arg, ArgMatches, Command};
use serde_json::json;

use super::Session;
use super::output::{self, Table};
use crate::error::Result;

pub(super) fn command() -> Command {
    let name = || {
        Arg::new("name")
            .required(true)
            .value_name("QUEUE")
            .help("The queue's name")
    };
    Command::new("queues")
        .about("Show, pause and resume queues")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list")
                .about("Show every queue with its number of jobs by state; N+ is N or more"),
        )
        .subcommand(
            Command::new("pause")
                .about("Leave a queue out of every claim; running jobs go on")
                .arg(name()),
        )
        .subcommand(
            Command::new("resume")
                .about("Take a pause back")
                .arg(name()),
        )
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<()> {
    let queues = session.tasker.queues();
    let (verb, matches) = super::subcommand(matches);
    if verb == "list" {
        return list(session).await;
    }
    let name = super::text(matches, "name");
    let paused = verb == "pause";
    match paused {
        true => queues.pause(name).await?,
        false => queues.resume(name).await?,
    }
    match session.json {
        true => output::json(&json!({ "name": name, "paused": paused })),
        false if paused => output::line(&format!("queue `{name}` is paused")),
        false => output::line(&format!("queue `{name}` is served again")),
    }
}

async fn list(session: &Session) -> Result<()> {
    let queues = session.tasker.queues().list().await?;
    if session.json {
        return output::json(&queues);
    }
    let mut table = Table::new([
        "QUEUE",
        "STATE",
        "SCHEDULED",
        "QUEUED",
        "RUNNING",
        "RETRYING",
        "PAUSED",
        "SUCCEEDED",
        "FAILED",
        "CANCELED",
    ]);
    for queue in queues {
        let finished = |jobs: u64| match queue.more {
            true => format!("{jobs}+"),
            false => jobs.to_string(),
        };
        table.row([
            queue.name,
            if queue.paused { "paused" } else { "active" }.into(),
            queue.scheduled.to_string(),
            queue.queued.to_string(),
            queue.running.to_string(),
            queue.retrying.to_string(),
            queue.paused_jobs.to_string(),
            finished(queue.succeeded),
            finished(queue.failed),
            finished(queue.canceled),
        ]);
    }
    table.print("no queue has had a job yet")
}
