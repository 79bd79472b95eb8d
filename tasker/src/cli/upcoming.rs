//! When the schedules of this binary come next: computed here, from their rules, without a store.
//!
//! The zone of a schedule that names none is UTC here. What an application sets with `App::timezone` is known
//! only to the commands that run after its `main` has begun.

use chrono::Utc;
use serde_json::{Value, json};
use tasker_store::Instant;

use crate::declaration::schedule_name;
use crate::error::{Error, Result};
use crate::grammar::Message;
use crate::schedule::{Rule, occurrences, zone};
use crate::task::{Registry, TaskDefinition};

/// The zone of a schedule that names none.
pub(super) const DEFAULT_ZONE: &str = "UTC";

/// A schedule of this binary.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) alias: &'static str,
    pub(super) rule: &'static str,
    pub(super) tz: &'static str,
    /// Whether the zone is the default one, which the application may set to another.
    pub(super) is_default_zone: bool,
}

/// The schedules of one task.
pub(super) fn of_task(task: &'static TaskDefinition) -> impl Iterator<Item = Planned> {
    task.schedules.iter().map(|schedule| Planned {
        name: schedule_name(task, schedule),
        alias: task.alias,
        rule: schedule.rule,
        tz: schedule.tz.unwrap_or(DEFAULT_ZONE),
        is_default_zone: schedule.tz.is_none(),
    })
}

/// The schedules of all tasks.
pub(super) fn of_registry(registry: &Registry) -> Vec<Planned> {
    registry.iter().flat_map(of_task).collect()
}

impl Planned {
    /// Its first `count` occurrences from now on; fewer where it ends before.
    pub(super) fn next(&self, count: usize) -> Result<Vec<Instant>> {
        self.occurrences(count)
            .map_err(|fault| Error::Setup(format!("schedule `{}`: {}", self.name, fault.as_str())))
    }

    fn occurrences(&self, count: usize) -> Result<Vec<Instant>, Message> {
        let explicit = (!self.is_default_zone).then_some(self.tz);
        let rule = Rule::parse_in(self.rule, explicit)?.seeded(&self.name);
        let now = Utc::now();
        // What counts from a start begins here for a program that knows no store.
        let rule = match rule.needs_start() {
            true => rule.anchored(now),
            false => rule,
        };
        occurrences(&rule, zone(self.tz)?, now)?
            .take(count)
            .collect()
    }
}

/// A rule in plain words; its own text where it does not parse.
pub(super) fn words(rule: &str) -> String {
    Rule::parse(rule).map_or_else(|_| rule.to_owned(), |rule| rule.describe())
}

/// The next occurrence of any schedule of a task. Its rules were checked when it was compiled.
pub(super) fn next_of(task: &'static TaskDefinition) -> Option<Instant> {
    of_task(task)
        .filter_map(|planned| planned.next(1).ok()?.first().copied())
        .min()
}

/// The schedules of a task as JSON.
pub(super) fn task_json(task: &'static TaskDefinition) -> Vec<Value> {
    of_task(task)
        .map(|planned| {
            let next = planned.next(1).ok().and_then(|next| next.first().copied());
            json!({
                "name": planned.name,
                "rule": planned.rule,
                "words": words(planned.rule),
                "tz": planned.tz,
                "next_run_at": next,
            })
        })
        .collect()
}
