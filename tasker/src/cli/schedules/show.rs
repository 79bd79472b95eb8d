//! `schedules show`: everything the store knows of one schedule.

use tasker_store::{CatchUp, Overlap, Schedule};

use super::super::Session;
use super::super::output::{self, plain, time};
use super::super::upcoming::words;
use super::{runs, schedule_json, state};
use crate::error::Result;

/// How many of its next occurrences are shown.
const NEXT: usize = 3;

pub(super) async fn show(session: &Session, name: &str) -> Result<()> {
    let schedules = session.tasker.schedules();
    let Some(schedule) = schedules.get(name).await? else {
        return Err(schedules.unknown(name).await?);
    };
    // One that is broken has none, which its state tells.
    let next = schedules.next(name, NEXT).await.unwrap_or_default();
    if session.json {
        let mut value = schedule_json(&schedule);
        value["next"] = serde_json::json!(next);
        return output::json(&value);
    }
    let mut text = String::new();
    for (name, value) in fields(&schedule) {
        text.push_str(&format!("{name:13}  {}\n", plain(&value)));
    }
    let next: Vec<String> = next
        .into_iter()
        .map(|at| format!("  {}\n", time(at)))
        .collect();
    if !next.is_empty() {
        text.push_str("\nnext\n");
        text.push_str(&next.concat());
    }
    output::line(&text)
}

/// What is there; what is absent has no line.
fn fields(schedule: &Schedule) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("schedule", schedule.name.clone()),
        ("id", schedule.id.to_string()),
        ("source", schedule.source.as_str().into()),
        ("state", state(schedule)),
        ("rule", schedule.rule.clone()),
        ("means", words(&schedule.rule)),
        ("zone", schedule.tz.clone()),
        ("catch-up", catch_up(schedule.catch_up)),
        ("overlap", overlap(schedule.overlap)),
        ("runs", runs(schedule)),
        ("version", schedule.version.to_string()),
        ("created at", time(schedule.created_at)),
    ];
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let optional = [
        ("description", text(&schedule.description)),
        ("task", text(&schedule.alias)),
        ("params", text(&schedule.params)),
        ("queue", schedule.queue.clone()),
        ("start", schedule.start_at.map(time)),
        ("end", schedule.end_at.map(time)),
        (
            "extra jobs",
            (schedule.extra_jobs > 0).then(|| schedule.extra_jobs.to_string()),
        ),
        ("next run at", schedule.next_run_at.map(time)),
        ("last run at", schedule.last_run_at.map(time)),
        (
            "last outcome",
            schedule.last_outcome.map(|state| state.to_string()),
        ),
        ("last ended at", schedule.last_ended_at.map(time)),
        ("last error", schedule.last_error.clone()),
        ("deleted at", schedule.deleted_at.map(time)),
    ];
    fields.extend(
        (optional.into_iter()).filter_map(|(name, value)| value.map(|value| (name, value))),
    );
    fields
}

fn catch_up(catch_up: CatchUp) -> String {
    match catch_up {
        CatchUp::Skip => "skip".into(),
        CatchUp::Once => "once".into(),
        CatchUp::All { max } => format!("all={max}"),
    }
}

fn overlap(overlap: Overlap) -> String {
    let value = serde_json::json!(overlap);
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
