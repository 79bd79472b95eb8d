//! What this binary contains, as the store mirrors it: tasks and schedules.
//!
//! In: the registry. Out: a [`Declaration`]; and the difference it made, logged. Only processes that `work`
//! declare, and they do so again from time to time, so that what nobody declares any more can be told.

use std::collections::HashSet;
use std::time::Duration;

use tasker_store::{Declaration, NewSchedule, NewTask, Store};

use crate::client::Tasker;
use crate::dynamic::StoredParam;
use crate::enqueue::params_error;
use crate::error::{Error, Result};
use crate::task::{ScheduleDefinition, TaskDefinition};

/// Schedules from code that nobody has declared for this long are retired, so that two releases can run side by
/// side.
pub(crate) const RETIRE_AFTER: Duration = Duration::from_secs(3600);

/// How often a working process declares. Well below [`RETIRE_AFTER`].
pub(crate) const DECLARE_EVERY: Duration = Duration::from_secs(600);

/// The declaration of this binary. An error where two schedules of a task have one name, or its params do not
/// encode.
pub(crate) fn of(tasker: &Tasker) -> Result<Declaration> {
    let mut declaration = Declaration {
        retire_after: RETIRE_AFTER,
        ..Declaration::default()
    };
    let mut names = HashSet::new();
    for task in tasker.registry().iter() {
        declaration.tasks.push(new_task(task));
        for schedule in task.schedules {
            let name = schedule_name(task, schedule);
            if !names.insert(name.clone()) {
                return Err(Error::Setup(format!(
                    "task `{}` has two schedules called `{name}`: tell them apart with `name = \"…\"`",
                    task.alias
                )));
            }
            let params = (schedule.params)().map_err(|source| params_error(task.alias, source))?;
            declaration.schedules.push(NewSchedule {
                description: task.title.to_owned(),
                tz: schedule.tz.unwrap_or(tasker.timezone()).to_owned(),
                params: serde_json::Value::Object(params).to_string(),
                catch_up: schedule.catch_up,
                overlap: schedule.overlap,
                ..NewSchedule::new(name, task.alias, schedule.rule)
            });
        }
    }
    Ok(declaration)
}

/// Declares this binary to the store and logs what that changed.
pub(crate) async fn declare(tasker: &Tasker, store: &dyn Store) -> Result<()> {
    let diff = store.declare(of(tasker)?).await?;
    for (names, what) in [
        (diff.added, "new"),
        (diff.changed, "changed"),
        (diff.retired, "retired"),
    ] {
        if !names.is_empty() {
            tracing::info!(schedules = names.join(", "), "schedules {what}");
        }
    }
    if !diff.taken.is_empty() {
        tracing::warn!(
            schedules = diff.taken.join(", "),
            "schedules of this program do not run: others, created at run time, have their names; delete those for good, or name these otherwise"
        );
    }
    Ok(())
}

/// A schedule's name in the store: the task's alias, or `alias/name`.
pub(crate) fn schedule_name(task: &TaskDefinition, schedule: &ScheduleDefinition) -> String {
    match schedule.name {
        Some(name) => format!("{}/{name}", task.alias),
        None => task.alias.to_owned(),
    }
}

fn new_task(task: &TaskDefinition) -> NewTask {
    let params: Vec<StoredParam> = task.params.iter().map(StoredParam::from).collect();
    NewTask {
        alias: task.alias.to_owned(),
        title: task.title.to_owned(),
        description: task.description.to_owned(),
        queue: task.queue.to_owned(),
        params: serde_json::to_string(&params).expect("texts and flags are always JSON"),
        shape: task.shape(),
        origin: task.origin.to_owned(),
    }
}
