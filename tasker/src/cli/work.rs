//! `work`: claim and run jobs, and fire schedules, until a signal comes or nothing is left.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::json;
use tasker_store::{JobQuery, JobState, ScheduleState, Task as StoredTask};

use super::{End, Session, WorkDefaults, output};
use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::grammar::duration;
use crate::lifecycle::Stops;
use crate::worker::{Summary, identity};

/// A queue with the most jobs of it to run at a time.
type Served = (String, Option<u32>);

pub(super) fn command() -> Command {
    Command::new("work")
        .about("Run jobs and fire schedules, until Ctrl-C (twice: at once)")
        .arg(
            Arg::new("queues")
                .long("queues")
                .value_name("QUEUE[=N]")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(served)
                .help("Only these queues, such as mail=5,default; at most N jobs of one at a time [env: TASKER_QUEUES]"),
        )
        .arg(Arg::new("name").long("name").value_name("NAME").value_parser(name).help(
            "What this worker is called, whatever process it is: jobs that an earlier process of the name left behind run \
             again at once [default: host and process id] [env: TASKER_WORKER_NAME]",
        ))
        .arg(
            Arg::new("concurrency")
                .long("concurrency")
                .value_name("NUMBER")
                .value_parser(value_parser!(u32).range(1..))
                .help("How many jobs to run at a time [default: 10] [env: TASKER_CONCURRENCY]"),
        )
        .arg(
            Arg::new("prefetch")
                .long("prefetch")
                .value_name("NUMBER")
                .value_parser(value_parser!(u32))
                .help(
                    "How many jobs to claim ahead of time, where they take milliseconds [default: 0] \
                     [env: TASKER_PREFETCH]",
                ),
        )
        .arg(span("lease").help(
            "How long after its last beat this process counts as dead [default: 30s] [env: TASKER_LEASE]",
        ))
        .arg(span("grace").help(
            "How long running jobs may take after a signal before they are told to end [default: 25s] \
             [env: TASKER_GRACE]",
        ))
        .arg(
            Arg::new("until-empty")
                .long("until-empty")
                .action(ArgAction::SetTrue)
                .help("End when nothing is queued, running or retrying, with exit code 1 if a job failed"),
        )
}

fn span(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("DURATION")
        .value_parser(time)
}

fn name(text: &str) -> Result<String, String> {
    identity::check_name(text)?;
    Ok(text.to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|message| message.to_string())
}

fn served(text: &str) -> Result<Served, String> {
    let (name, most) = match text.rsplit_once('=') {
        None => (text, None),
        Some((name, most)) => match most.parse() {
            Ok(most) if most > 0 => (name, Some(most)),
            _ => return Err(format!("`{most}` is no number of jobs: give 1 or more")),
        },
    };
    tasker_store::check_queue_name(name)?;
    Ok((name.to_owned(), most))
}

pub(super) async fn execute(session: &Session, matches: &ArgMatches) -> Result<End> {
    let until_empty = matches.get_flag("until-empty");
    let mut worker = session.tasker.worker().until_empty(until_empty);
    let WorkDefaults {
        concurrency,
        prefetch,
    } = session.defaults;
    if let Some(jobs) = number(matches, "concurrency", "TASKER_CONCURRENCY", 1)?.or(concurrency) {
        worker = worker.concurrency(jobs);
    }
    if let Some(jobs) = number(matches, "prefetch", "TASKER_PREFETCH", 0)?.or(prefetch) {
        worker = worker.prefetch(jobs);
    }
    if let Some(name) = given_name(matches)? {
        worker = worker.name(name);
    }
    if let Some(name) = given_name(matches)? {
        worker = worker.name(name);
    }
    if let Some(lease) = given_time(matches, "lease", "TASKER_LEASE")? {
        worker = worker.lease(lease);
    }
    if let Some(grace) = given_time(matches, "grace", "TASKER_GRACE")? {
        worker = worker.grace(grace);
    }
    let worker = worker.queues(queues(matches)?).build()?;
    let stopper = worker.stopper();
    let mut stops = Stops::listen()?;
    warn_of_strangers(&session.tasker).await?;
    let mut work = std::pin::pin!(worker.run());
    let mut told = 0;
    let summary = loop {
        tokio::select! {
            ended = &mut work => break ended?,
            () = stops.next() => {
                told += 1;
                match told {
                    1 => {
                        tracing::info!(target: "tasker", "stopping: waiting for running jobs; once more ends at once");
                        stopper.stop();
                    }
                    2 => stopper.stop_now(),
                    // The store does not answer, in all likelihood: the leases of what runs will end by themselves.
                    _ => std::process::exit(130),
                }
            }
        }
    };
    tell(session, summary)?;
    if told > 1 {
        return Ok(End::Interrupted);
    }
    match summary.failed {
        0 => Ok(End::Done),
        _ if !until_empty => Ok(End::Done),
        1 => Err(Error::Setup("1 job failed".into())),
        failed => Err(Error::Setup(format!("{failed} jobs failed"))),
    }
}

fn number(matches: &ArgMatches, flag: &str, name: &str, least: u32) -> Result<Option<u32>> {
    if let Some(given) = matches.get_one(flag) {
        return Ok(Some(*given));
    }
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(Error::Setup(format!(
            "{name} is `{text}`: give a number of jobs, {least} or more"
        ))),
    }
}

fn given_name(matches: &ArgMatches) -> Result<Option<String>> {
    if let Some(given) = matches.get_one::<String>("name") {
        return Ok(Some(given.clone()));
    }
    variable("TASKER_WORKER_NAME")
        .map(|text| {
            name(&text).map_err(|fault| Error::Setup(format!("TASKER_WORKER_NAME: {fault}")))
        })
        .transpose()
}

fn given_time(matches: &ArgMatches, flag: &str, name: &str) -> Result<Option<Duration>> {
    if let Some(given) = matches.get_one(flag) {
        return Ok(Some(*given));
    }
    variable(name)
        .map(|text| time(&text).map_err(|fault| Error::Setup(format!("{name}: {fault}"))))
        .transpose()
}

fn queues(matches: &ArgMatches) -> Result<Vec<Served>> {
    if let Some(given) = matches.get_many("queues") {
        return Ok(given.cloned().collect());
    }
    let text = variable("TASKER_QUEUES").unwrap_or_default();
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| served(part).map_err(|fault| Error::Setup(format!("TASKER_QUEUES: {fault}"))))
        .collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn tell(session: &Session, summary: Summary) -> Result<()> {
    tracing::info!(
        target: "tasker",
        succeeded = summary.succeeded,
        failed = summary.failed,
        canceled = summary.canceled,
        retried = summary.retried,
        snoozed = summary.snoozed,
        released = summary.released,
        "stopped"
    );
    if !session.json {
        return Ok(());
    }
    output::json(&json!({
        "succeeded": summary.succeeded.to_string(),
        "failed": summary.failed.to_string(),
        "canceled": summary.canceled.to_string(),
        "retried": summary.retried.to_string(),
        "snoozed": summary.snoozed.to_string(),
        "released": summary.released.to_string(),
        "forced": summary.forced,
    }))
}

/// Names jobs and schedules in the store that this binary has no task for: its tasks may not be linked, or have
/// a new alias. They stay where they are, for a worker that knows them.
async fn warn_of_strangers(tasker: &Tasker) -> Result<()> {
    let registry = tasker.registry();
    let store = tasker.store().await?;
    for (alias, count) in store.unknown().await? {
        if registry.get(&alias).is_none() {
            tracing::warn!(target: "tasker", "unknown task `{alias}`: {count} queued and no program that has it");
        }
    }
    let stored = tasker.tasks().list().await?;
    for task in stored
        .iter()
        .filter(|task| registry.get(&task.alias).is_none())
    {
        let query = JobQuery {
            states: JobState::ALL
                .into_iter()
                .filter(|state| !state.is_final())
                .collect(),
            alias: Some(task.alias.clone()),
            limit: 1,
            ..JobQuery::default()
        };
        if !tasker.jobs().list(query).await?.is_empty() {
            tracing::warn!(
                target: "tasker",
                "jobs of task `{}` wait for a program that has it: this one does not, crate `{}` did",
                task.alias,
                task.origin
            );
        }
    }
    for schedule in tasker.schedules().list().await? {
        // One without an alias belongs to what a program runs in place.
        if !schedule.alias.is_empty()
            && schedule.state == ScheduleState::Active
            && registry.get(&schedule.alias).is_none()
        {
            tracing::warn!(
                target: "tasker",
                "schedule `{}` makes jobs of task `{}`, which is {}, not in this program",
                schedule.name,
                schedule.alias,
                origin(&stored, &schedule.alias)
            );
        }
    }
    Ok(())
}

fn origin(stored: &[StoredTask], alias: &str) -> String {
    match stored.iter().find(|task| task.alias == alias) {
        Some(task) => format!("in crate `{}`", task.origin),
        None => "unknown to the store".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{served, time};

    #[test]
    fn a_lease_is_a_duration_with_its_unit() {
        assert_eq!(time("1m30s"), Ok(Duration::from_secs(90)));
        assert!(time("30").unwrap_err().contains("`30s`"));
    }

    #[test]
    fn a_queue_may_carry_its_own_bound() {
        assert_eq!(served("mail=5"), Ok(("mail".into(), Some(5))));
        assert_eq!(served("default"), Ok(("default".into(), None)));
        assert_eq!(served("a=b=2"), Ok(("a=b".into(), Some(2))));
        assert!(served("mail=0").is_err());
        assert!(served("mail=many").is_err());
        assert!(served("=5").is_err());
    }
}
