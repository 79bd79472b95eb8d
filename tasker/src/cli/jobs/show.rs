//! `jobs show`: everything the store knows of one job.

use serde_json::{Value, json};
use tasker_store::{Attempt, Job, LogLine};

use super::super::Session;
use super::super::output::{self, embed, plain, plain_lines, time};
use super::{Strangers, attempts, history, job_json};
use crate::error::Result;

pub(super) async fn show(session: &Session, job: Job) -> Result<()> {
    let jobs = session.tasker.jobs();
    let failures = jobs.attempts(job.id).await?;
    let log = jobs.log(job.id).await?;
    if session.json {
        return output::json(&as_json(&job, &failures, &log));
    }
    let strangers = Strangers::among(session, std::slice::from_ref(&job)).await?;
    let mut text = String::new();
    for (name, value) in fields(&job, strangers.has(&job)) {
        text.push_str(&format!("{:11}  {}\n", name, plain(&value)));
    }
    section(&mut text, "params", &pretty(&embed(&job.params)));
    let events = history::of(&job, &failures, &log);
    if !events.is_empty() {
        let lines: Vec<String> = (events.iter())
            .map(|event| {
                let stamp = event.at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
                format!("{stamp} {:5} {}", event.level, plain_lines(&event.text))
            })
            .collect();
        section(&mut text, "log", &lines.join("\n"));
    }
    if let Some(output) = &job.output {
        section(&mut text, "output", &in_words(session, &job, output));
    }
    output::line(&text)
}

/// What is there; what is absent has no line.
fn fields(job: &Job, is_unknown: bool) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("job", format!("{} ({})", job.number, job.id)),
        ("task", job.alias.clone()),
        ("state", job.state.to_string()),
        ("queue", job.queue.clone()),
        ("priority", job.priority.to_string()),
        ("attempt", attempts(job.attempt, job.max_attempts)),
        ("enqueued at", time(job.enqueued_at)),
        ("due at", time(job.due_at)),
    ];
    let optional = [
        ("started at", job.started_at.map(time)),
        ("finished at", job.finished_at.map(time)),
        ("deleted at", job.deleted_at.map(time)),
        ("worker", job.worker.map(|worker| worker.to_string())),
        (
            "progress",
            job.progress
                .map(|progress| format!("{} of {}", progress.done, progress.total)),
        ),
        (
            "occurrence",
            job.occurrence.map(|occurrence| {
                format!(
                    "{} of schedule {}",
                    time(occurrence.at),
                    occurrence.schedule
                )
            }),
        ),
        (
            "missed before",
            (!job.missed.is_empty()).then(|| {
                let missed: Vec<String> = job.missed.iter().map(|at| time(*at)).collect();
                missed.join(", ")
            }),
        ),
        ("tags", (!job.tags.is_empty()).then(|| job.tags.join(", "))),
        (
            "note",
            job.cancel_requested
                .then(|| "its running attempt was asked to end".to_owned()),
        ),
        (
            "at most once",
            job.at_most_once
                .then(|| "it is never started twice".to_owned()),
        ),
        (
            "why",
            is_unknown.then(|| {
                "unknown task: no program that has it has worked on this store yet".to_owned()
            }),
        ),
        ("error", job.error.clone()),
    ];
    fields.extend(
        optional
            .map(|(name, value)| value.map(|value| (name, value)))
            .into_iter()
            .flatten(),
    );
    fields
}

fn section(text: &mut String, name: &str, body: &str) {
    text.push_str(&format!("\n{name}\n"));
    for line in body.lines() {
        text.push_str(&format!("  {line}\n"));
    }
}

/// The output in the words of its type where this binary has the task, else as the JSON says it.
fn in_words(session: &Session, job: &Job, output: &str) -> String {
    let task = session.tasker.registry().get(&job.alias);
    let words = task.and_then(|task| (task.render)(output));
    let words = words.unwrap_or_else(|| match embed(output) {
        Value::String(text) => text,
        value => pretty(&value),
    });
    plain_lines(&words)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

fn as_json(job: &Job, failures: &[Attempt], log: &[LogLine]) -> Value {
    let events: Vec<Value> = (history::of(job, failures, log).into_iter())
        .map(|event| json!({ "at": event.at, "level": event.level, "message": event.text }))
        .collect();
    let mut value = job_json(job);
    value["attempts"] = json!(failures);
    value["log"] = Value::Array(events);
    value
}
