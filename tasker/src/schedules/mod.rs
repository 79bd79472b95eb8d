//! Schedules as an application or an operator handles them: [`Schedules`].
//!
//! In: names, definitions, ranges of time. Out: schedules in the store, and jobs made of them by hand. A schedule
//! comes from code (`#[task(schedule = …)]`), which is where it is changed, or is created here, and lives until
//! somebody deletes it. What is wrong with one is told before it is stored, in the words of the compiler's messages.
//! Read next: `options` (what a definition says, and its checks), `create`, `update`, `runs` (`run_now`, `backfill`,
//! `next`).

mod create;
mod options;
mod runs;
mod update;

use serde_json::Value;
use tasker_store::{Schedule, ScheduleChange, ScheduleQuery, ScheduleSource};

pub use self::create::CreateSchedule;
pub use self::runs::Backfilled;
pub use self::update::UpdateSchedule;
use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::task::registry::suggest;
use crate::task::{Params, Task};

/// Creating, reading and changing schedules, and running them by hand. Made by [`Tasker::schedules`].
///
/// ```standalone_crate
/// # use tasker::{Tasker, task};
/// /// Say hello.
/// #[task]
/// async fn hello(name: String) -> Result<String, std::io::Error> {
///     Ok(format!("Hello {name}!"))
/// }
///
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let tasker = Tasker::connect("memory:").await?;
/// let schedules = tasker.schedules();
/// let made = schedules
///     .create::<Hello>("morning", "weekdays 09:00", HelloParams::new("Tom"))
///     .tz("Europe/London")
///     .max_executions(100)
///     .await?;
/// assert_eq!(made.state, tasker::ScheduleState::Active);
///
/// schedules.update("morning").rule("weekdays 10:00").await?;
/// let wrong = schedules.update("morning").rule("daily 25:00").await.unwrap_err();
/// assert!(wrong.to_string().starts_with("schedule `morning`: "));
///
/// let job = schedules.run_now("morning").await?;      // one more, beside its occurrences
/// assert!(job.is_new());
/// assert_eq!(schedules.next("morning", 3).await?.len(), 3);
/// # Ok::<(), tasker::Error>(()) }).expect("runs");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a> {
    tasker: &'a Tasker,
}

impl<'a> Schedules<'a> {
    pub(crate) fn new(tasker: &'a Tasker) -> Self {
        Self { tasker }
    }

    /// A schedule of task `T`, to be named `name`, which runs it with `params` (`()` for a task without any) at the
    /// moments of `rule` (a text, or a [`Rule`](crate::schedule::Rule)). Nothing happens until it is awaited.
    pub fn create<T: Task>(
        self,
        name: impl Into<String>,
        rule: impl std::fmt::Display,
        params: impl Into<T::Params>,
    ) -> CreateSchedule<'a> {
        let alias = T::definition().alias.to_owned();
        CreateSchedule::new(
            self.tasker,
            name.into(),
            alias,
            rule,
            params.into().encode(),
        )
    }

    /// The dynamic form of [`Schedules::create`]: of the task of this alias, its params given as a JSON object. They
    /// are checked against the task's definition: this binary's, else the one mirrored in the store. A task that
    /// neither has is refused.
    pub fn create_by_alias(
        self,
        name: impl Into<String>,
        alias: impl Into<String>,
        rule: impl std::fmt::Display,
        params: Value,
    ) -> CreateSchedule<'a> {
        let params = crate::dynamic::object(params);
        CreateSchedule::new(self.tasker, name.into(), alias.into(), rule, params)
    }

    /// Changes a schedule that was created at run time. What is not set stays. Nothing happens until it is awaited.
    pub fn update(self, name: impl Into<String>) -> UpdateSchedule<'a> {
        UpdateSchedule::new(self.tasker, name.into())
    }

    /// Every schedule in the store that is not deleted, by name.
    pub async fn list(self) -> Result<Vec<Schedule>> {
        self.find(ScheduleQuery::default()).await
    }

    /// Schedules that meet all conditions, by name.
    pub async fn find(self, query: ScheduleQuery) -> Result<Vec<Schedule>> {
        Ok(self.tasker.store().await?.select_schedules(query).await?)
    }

    /// The schedule of this name, also a deleted one.
    pub async fn get(self, name: &str) -> Result<Option<Schedule>> {
        Ok(self.tasker.store().await?.schedule(name).await?)
    }

    /// Holds an active schedule; occurrences that pass meanwhile are left out. One from code stays held when programs
    /// are deployed anew. `false` where it is unknown, deleted, or not active.
    pub async fn pause(self, name: &str) -> Result<bool> {
        let store = self.tasker.store().await?;
        Ok(store.pause_schedule(name, true).await?)
    }

    /// Lets a held schedule go on. `false` where it is unknown, deleted, or not held.
    pub async fn resume(self, name: &str) -> Result<bool> {
        let store = self.tasker.store().await?;
        Ok(store.pause_schedule(name, false).await?)
    }

    /// Soft-deletes a schedule: it never fires, is listed only where it is asked for, and keeps its name. The jobs it
    /// has made stay. One from code stays deleted when programs are deployed anew. `false` where it is unknown or
    /// deleted already.
    ///
    /// # Errors
    ///
    /// It belongs to [`serialized`](crate::lifecycle::serialized()) work, which is held by a pause.
    pub async fn delete(self, name: &str) -> Result<bool> {
        if let Some(schedule) = self.get(name).await? {
            of_a_task(&schedule, "deleted")?;
        }
        self.set_deleted(name, true).await
    }

    /// Takes a soft deletion back; occurrences that passed meanwhile are left out. `false` where it is unknown, or not
    /// deleted.
    pub async fn restore(self, name: &str) -> Result<bool> {
        self.set_deleted(name, false).await
    }

    /// Deletes a schedule for good, deleted before or not; the jobs it has made stay. `false` where it is unknown.
    ///
    /// # Errors
    ///
    /// It is from code that a program declared within the last hour, and would come back.
    pub async fn erase(self, name: &str) -> Result<bool> {
        let Some(schedule) = self.get(name).await? else {
            return Ok(false);
        };
        let is_declared = schedule.source == ScheduleSource::Code
            && schedule.state != tasker_store::ScheduleState::Retired;
        if is_declared && self.is_fresh(&schedule).await? {
            return Err(refused(
                name,
                "it is declared by a program's code and would come back: delete it softly, or take it out of the code",
            ));
        }
        Ok(self.tasker.store().await?.erase_schedule(name).await?)
    }

    /// Whether code has declared it lately.
    async fn is_fresh(self, schedule: &Schedule) -> Result<bool> {
        let age = runs::now(self.tasker).await? - schedule.seen_at;
        Ok(age.to_std().unwrap_or_default() < crate::declaration::RETIRE_AFTER)
    }

    async fn set_deleted(self, name: &str, deleted: bool) -> Result<bool> {
        let store = self.tasker.store().await?;
        let change = store.delete_schedule(name, deleted).await?;
        Ok(matches!(change, ScheduleChange::Done(_)))
    }

    /// The schedule of this name, which must be there and not deleted.
    async fn there(self, name: &str) -> Result<Schedule> {
        let Some(schedule) = self.get(name).await? else {
            return Err(self.unknown(name).await?);
        };
        match schedule.deleted_at {
            None => Ok(schedule),
            Some(_) => Err(refused(name, "it is deleted: restore it first")),
        }
    }

    /// What to say of a name that no schedule has.
    pub(crate) async fn unknown(self, name: &str) -> Result<Error> {
        let known = self.list().await?;
        let near = suggest(name, known.iter().map(|schedule| schedule.name.as_str()));
        Ok(Error::UnknownSchedule {
            name: name.to_owned(),
            hint: match near {
                Some(near) => format!(": did you mean `{near}`?"),
                None => ": `schedules list` shows those that are".into(),
            },
        })
    }
}

/// A schedule that only keeps the time of something a program runs in place cannot be `what`.
fn of_a_task(schedule: &Schedule, what: &str) -> Result<()> {
    match schedule.alias.is_empty() {
        false => Ok(()),
        true => Err(refused(
            &schedule.name,
            format!(
                "it keeps the time of what a program runs in place, and cannot be {what}: pause it to hold that"
            ),
        )),
    }
}

fn refused(name: &str, reason: impl Into<String>) -> Error {
    Error::Schedule {
        name: name.to_owned(),
        reason: reason.into(),
    }
}
