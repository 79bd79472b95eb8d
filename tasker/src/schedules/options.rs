//! What a schedule's definition says, step by step, and whether it makes sense.
//!
//! In: what was set, over the definition there is. Out: a definition in which everything was checked, or an error in
//! the words that the compiler uses for the same mistake in `#[task(schedule = …)]`.

use tasker_store::{CatchUp, Instant, NewSchedule, Overlap, ScheduleState, limits};

use super::{refused, runs};
use crate::client::Tasker;
use crate::enqueue::params_error;
use crate::error::Result;
use crate::grammar::Message;
use crate::schedule::stored::Stored;
use crate::schedule::{Fold, Gap, Rule, zone};
use crate::task::{Fields, ParamError};

/// What was set. `None` stays as it is; where a thing may be absent, the inner `None` takes it away.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) description: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) tz: Option<String>,
    pub(super) params: Option<Result<Fields, ParamError>>,
    pub(super) queue: Option<Option<String>>,
    pub(super) start: Option<Option<Instant>>,
    pub(super) end: Option<Option<Instant>>,
    pub(super) max_executions: Option<Option<u32>>,
    pub(super) catch_up: Option<CatchUp>,
    pub(super) overlap: Option<Overlap>,
    pub(super) gap: Option<Gap>,
    pub(super) fold: Option<Fold>,
    pub(super) state: Option<ScheduleState>,
}

/// The setters that creating and updating have in common.
macro_rules! setters {
    ($builder:ident) => {
        impl $builder<'_> {
            /// What it is for, for people.
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.options.description = Some(description.into());
                self
            }

            /// The time zone of the rule's local times, as `Europe/London`. Default: that of the tasker, which is UTC.
            pub fn tz(mut self, zone: impl Into<String>) -> Self {
                self.options.tz = Some(zone.into());
                self
            }

            /// The queue of its jobs, in place of their task's.
            pub fn queue(mut self, queue: impl Into<String>) -> Self {
                self.options.queue = Some(Some(queue.into()));
                self
            }

            /// It has no occurrence before this moment, which is also where the grid of an `every` begins. `None`, the
            /// default, is no bound.
            pub fn start(mut self, start: impl Into<Option<Instant>>) -> Self {
                self.options.start = Some(start.into());
                self
            }

            /// It has no occurrence after this moment, and is `completed` then; what was missed is not made good any
            /// more. `None`, the default, is no bound.
            pub fn end(mut self, end: impl Into<Option<Instant>>) -> Self {
                self.options.end = Some(end.into());
                self
            }

            /// It is `completed` when its occurrences have made so many jobs, at least 1. `None`, the default, is
            /// without end.
            pub fn max_executions(mut self, max: impl Into<Option<u32>>) -> Self {
                self.options.max_executions = Some(max.into());
                self
            }

            /// What happens to occurrences that pass while nobody is there. Default: one job for all of them.
            pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
                self.options.catch_up = Some(catch_up);
                self
            }

            /// What happens to an occurrence while a job of the one before is unfinished. Default: its job is made all
            /// the same.
            pub fn overlap(mut self, overlap: Overlap) -> Self {
                self.options.overlap = Some(overlap);
                self
            }

            /// What becomes of a local time that a clock change leaves out, in place of what the rule says.
            pub fn gap(mut self, gap: Gap) -> Self {
                self.options.gap = Some(gap);
                self
            }

            /// What becomes of a local time that a clock change repeats, in place of what the rule says.
            pub fn fold(mut self, fold: Fold) -> Self {
                self.options.fold = Some(fold);
                self
            }

            /// It is a draft: it does not run until it is made active.
            pub fn draft(mut self) -> Self {
                self.options.state = Some(ScheduleState::Draft);
                self
            }
        }
    };
}

pub(super) use setters;

impl Options {
    /// The definition `there` with what was set; checked, but for what the store alone knows.
    pub(super) async fn over(self, tasker: &Tasker, there: NewSchedule) -> Result<NewSchedule> {
        let name = there.name.clone();
        let wrong = |message: Message| refused(&name, message.to_string());
        let mut new = there;
        new.description = self.description.unwrap_or(new.description);
        let text = self.rule.unwrap_or(new.rule);
        new.rule = Rule::with_policies(&text, self.gap, self.fold).map_err(wrong)?;
        if let Some(tz) = self.tz {
            Rule::parse_in(&new.rule, Some(&tz)).map_err(wrong)?;
            new.tz = tz;
        }
        new.tz = zone(&new.tz).map_err(wrong)?.name().to_owned();
        if let Some(params) = self.params {
            let params = params.map_err(|source| params_error(&new.alias, source))?;
            let made = crate::dynamic::new_job(tasker, &new.alias, params).await?;
            new.alias = made.job.alias;
            new.params = made.job.params;
        }
        new.queue = self.queue.unwrap_or(new.queue);
        new.start_at = self.start.unwrap_or(new.start_at);
        new.end_at = self.end.unwrap_or(new.end_at);
        new.max_executions = self.max_executions.unwrap_or(new.max_executions);
        new.catch_up = self.catch_up.unwrap_or(new.catch_up);
        new.overlap = self.overlap.unwrap_or(new.overlap);
        limits::check_schedule(&new).map_err(|reason| refused(&name, reason))?;
        Ok(new)
    }
}

/// Whether anything is to come of `new`, which was made at `created`; the present where that is not yet.
pub(super) async fn has_occurrences(
    tasker: &Tasker,
    new: &NewSchedule,
    created: Option<Instant>,
) -> Result<()> {
    let now = runs::now(tasker).await?;
    let wrong = |message: Message| refused(&new.name, message.to_string());
    let stored = Stored::defined(new, created.unwrap_or(now)).map_err(wrong)?;
    if stored.next(now).map_err(wrong)?.is_some() {
        return Ok(());
    }
    let reason = match new.end_at {
        Some(end) if stored.has_ended(now) => {
            format!("its end, {end}, has passed: give a later one")
        }
        Some(_) => format!(
            "`{}` does not come true before the end: give a later end, or another rule",
            new.rule
        ),
        None => format!(
            "`{}` does not come true any more: give another rule",
            new.rule
        ),
    };
    Err(refused(&new.name, reason))
}
