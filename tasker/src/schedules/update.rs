//! [`UpdateSchedule`]: the builder behind `tasker.schedules().update(…)`.

use std::fmt;
use std::future::IntoFuture;

use serde_json::Value;
use tasker_store::{
    CatchUp, Instant, Overlap, Schedule, ScheduleChange, ScheduleSource, ScheduleState,
    canonical_alias,
};

use super::options::{Options, has_occurrences, setters};
use super::{Schedules, refused};
use crate::client::Tasker;
use crate::error::Result;
use crate::schedule::{Fold, Gap};
use crate::task::{BoxFuture, Params, Task};

/// How often an update is made anew on what others have changed meanwhile.
const TRIES: usize = 16;

/// A schedule about to be changed. What is not set stays. Awaited, it gives the schedule as it is then.
///
/// Another rule, zone, start or end makes its next occurrence be computed anew, from now on. With that, or another
/// bound on its executions, one that was `completed` is active again; so is one that was `broken`, with any change.
///
/// # Errors
///
/// It is unknown, deleted, or from code; the [`version`](UpdateSchedule::version) is another; or as of
/// [`super::CreateSchedule`].
#[must_use = "nothing is changed until this is awaited"]
#[derive(Debug)]
pub struct UpdateSchedule<'a> {
    tasker: &'a Tasker,
    name: String,
    version: Option<i64>,
    /// Whose params were given, where those are of a type.
    alias: Option<&'static str>,
    options: Options,
}

impl<'a> UpdateSchedule<'a> {
    pub(super) fn new(tasker: &'a Tasker, name: String) -> Self {
        Self {
            tasker,
            name,
            version: None,
            alias: None,
            options: Options::default(),
        }
    }

    /// Changes it only if it is at this version, [`Schedule::version`], so that what somebody else changed meanwhile
    /// is not overwritten unseen. Steps of the schedule grow the version too. Without it the change is made on
    /// whatever is there.
    pub fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// The rule: a text, or a [`Rule`](crate::schedule::Rule).
    pub fn rule(mut self, rule: impl fmt::Display) -> Self {
        self.options.rule = Some(rule.to_string());
        self
    }

    /// The params of its jobs: a JSON object, in place of the whole.
    pub fn params(mut self, params: Value) -> Self {
        self.alias = None;
        self.options.params = Some(crate::dynamic::object(params));
        self
    }

    /// The params of its jobs, of the type of its task.
    pub fn params_of<T: Task>(mut self, params: impl Into<T::Params>) -> Self {
        self.alias = Some(T::definition().alias);
        let params: T::Params = params.into();
        self.options.params = Some(params.encode());
        self
    }

    /// Its jobs go to the queue of their task.
    pub fn queue_of_task(mut self) -> Self {
        self.options.queue = Some(None);
        self
    }

    /// It is in force, whatever it was.
    pub fn active(mut self) -> Self {
        self.options.state = Some(ScheduleState::Active);
        self
    }

    async fn send(self) -> Result<Schedule> {
        let Self {
            tasker,
            name,
            version,
            alias,
            options,
        } = self;
        let schedules = Schedules::new(tasker);
        let mut read = schedules.there(&name).await?;
        if read.source == ScheduleSource::Code {
            return Err(refused(
                &name,
                "it is declared by a program's code: change it there; here it can be paused, resumed and deleted",
            ));
        }
        if let Some(alias) = alias
            && canonical_alias(alias) != canonical_alias(&read.alias)
        {
            let other = format!(
                "these are params of `{alias}`, and it runs `{}`",
                read.alias
            );
            return Err(refused(&name, other));
        }
        let state = options.state;
        let moves = options.rule.is_some()
            || options.tz.is_some()
            || options.start.is_some()
            || options.end.is_some();
        for _ in 0..TRIES {
            if version.is_some_and(|version| version != read.version) {
                break;
            }
            let to = options.clone().over(tasker, read.definition()).await?;
            if moves || state == Some(ScheduleState::Active) {
                has_occurrences(tasker, &to, Some(read.created_at)).await?;
            }
            let store = tasker.store().await?;
            let change = store.update_schedule(read.id, read.version, to, state);
            match change.await? {
                ScheduleChange::Done(schedule) => return Ok(*schedule),
                ScheduleChange::Not(there) => read = *there,
                ScheduleChange::Unknown => return Err(schedules.unknown(&name).await?),
            }
            if read.deleted_at.is_some() {
                return Err(refused(&name, "it is deleted: restore it first"));
            }
        }
        Err(refused(
            &name,
            format!(
                "it was changed meanwhile and is at version {}: read it again, then update it",
                read.version
            ),
        ))
    }
}

setters!(UpdateSchedule);

impl<'a> IntoFuture for UpdateSchedule<'a> {
    type Output = Result<Schedule>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
