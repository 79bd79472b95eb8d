//! [`CreateSchedule`]: the builder behind `tasker.schedules().create(…)`.

use std::fmt;
use std::future::IntoFuture;

use tasker_store::{
    CatchUp, Instant, NewSchedule, Overlap, Schedule, ScheduleChange, ScheduleSource, ScheduleState,
};

use super::options::{Options, has_occurrences, setters};
use super::refused;
use crate::client::Tasker;
use crate::error::Result;
use crate::schedule::{Fold, Gap};
use crate::task::{BoxFuture, Fields, ParamError};

/// A schedule about to be created. Awaited, it gives the schedule as it is stored.
///
/// # Errors
///
/// The rule, the zone, the params or a bound make no sense; the task is unknown, here and in the store; the name is
/// taken; or nothing is to come of it any more.
#[must_use = "nothing is created until this is awaited"]
#[derive(Debug)]
pub struct CreateSchedule<'a> {
    tasker: &'a Tasker,
    name: String,
    alias: String,
    options: Options,
}

impl<'a> CreateSchedule<'a> {
    pub(super) fn new(
        tasker: &'a Tasker,
        name: String,
        alias: String,
        rule: impl fmt::Display,
        params: Result<Fields, ParamError>,
    ) -> Self {
        let options = Options {
            rule: Some(rule.to_string()),
            params: Some(params),
            ..Options::default()
        };
        Self {
            tasker,
            name,
            alias,
            options,
        }
    }

    async fn send(self) -> Result<Schedule> {
        let Self {
            tasker,
            name,
            alias,
            options,
        } = self;
        let draft = options.state == Some(ScheduleState::Draft);
        let blank = NewSchedule {
            tz: tasker.timezone().to_owned(),
            ..NewSchedule::new(name.clone(), alias, String::new())
        };
        let new = options.over(tasker, blank).await?;
        has_occurrences(tasker, &new, None).await?;
        match tasker.store().await?.create_schedule(new, draft).await? {
            ScheduleChange::Done(schedule) => Ok(*schedule),
            ScheduleChange::Not(there) => Err(refused(&name, taken(&there))),
            ScheduleChange::Unknown => Err(refused(&name, "it vanished while it was created")),
        }
    }
}

/// What to do about a name that is taken.
fn taken(there: &Schedule) -> String {
    let cure = match (there.deleted_at, there.source) {
        (Some(_), _) => "a deleted schedule has this name: restore it, or erase it for good first",
        (None, ScheduleSource::Code) => {
            "a program's code declares a schedule of this name: choose another"
        }
        (None, ScheduleSource::Runtime) => {
            "a schedule has this name already: update that one, or choose another"
        }
    };
    cure.to_owned()
}

setters!(CreateSchedule);

impl<'a> IntoFuture for CreateSchedule<'a> {
    type Output = Result<Schedule>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
