//! Jobs of schedules by hand: one now, those of a range of the past; and a look at what is to come.

use chrono::TimeDelta;
use serde_json::Value;
use tasker_store::{Enqueued, Instant, JobId, NewJob, Occurrence, Schedule, ScheduleState};

use super::{Schedules, of_a_task, refused};
use crate::client::Tasker;
use crate::enqueue::{handle, params_error};
use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::schedule::stored::Stored;
use crate::task::params;
use crate::task::unique::keep_while_held;

/// How many jobs of a range are made at a time.
const AT_ONCE: usize = 500;

/// What [`Schedules::backfill`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backfilled {
    /// Occurrences whose jobs were made by this call.
    pub made: u64,
    /// Occurrences whose jobs were in the store already; of unique tasks also those whose key another job holds.
    pub there: u64,
}

impl Schedules<'_> {
    /// Enqueues one job of a schedule now, beside its occurrences: whatever state it is in, but deleted, and whatever
    /// overlaps. The job stands for an occurrence at this very moment of the store's clock, which its handler sees and
    /// `overlap = skip` heeds. It counts in [`Schedule::extra_jobs`], neither in `executions` nor in `last_run_at`,
    /// and moves no occurrence.
    ///
    /// # Errors
    ///
    /// The schedule is unknown or deleted; its task is disabled, or unknown here and in the store; its params no
    /// longer fit.
    pub async fn run_now(self, name: &str) -> Result<JobHandle<Value>> {
        let (schedule, template) = self.template(name).await?;
        let now = now(self.tasker).await?;
        let job = NewJob {
            occurrence: Some(Occurrence {
                schedule: schedule.id,
                at: now,
            }),
            ..template
        };
        let alias = job.alias.clone();
        let mut answers = self.enqueue(&schedule, vec![job]).await?;
        handle(self.tasker, &alias, answers.pop())
    }

    /// Makes a job of every occurrence that the schedule has, or would have had, from `from` to `to`, both included
    /// and `to` at most now; oldest first, to be run as soon as there is room. Also of what was left out, by a pause
    /// or because the schedule did not exist yet. Its start and its end hold; `max_executions` and `overlap` do not.
    ///
    /// An occurrence has one job, whoever makes it: where one is in the store, because the schedule fired or because
    /// this was called before, it is not made again. So a call that was cut short may be repeated. A job that is gone
    /// after its retention is made anew. Jobs are made in batches of 500, each in one transaction.
    ///
    /// # Errors
    ///
    /// `to` is before `from`; the rule cannot be computed; and as of [`Schedules::run_now`]. Batches before an error
    /// stay.
    pub async fn backfill(self, name: &str, from: Instant, to: Instant) -> Result<Backfilled> {
        let (schedule, template) = self.template(name).await?;
        if to < from {
            let turned =
                format!("the range ends at {to}, before it begins at {from}: turn it round");
            return Err(refused(name, turned));
        }
        let to = to.min(now(self.tasker).await?);
        let wrong = |message: crate::grammar::Message| refused(name, message.to_string());
        let stored = Stored::of(&schedule).map_err(wrong)?;
        let before = from - TimeDelta::microseconds(1);
        let mut occurrences = stored.after(before).map_err(wrong)?;
        let mut done = Backfilled::default();
        loop {
            let mut jobs = Vec::new();
            while jobs.len() < AT_ONCE {
                let at = match occurrences.next() {
                    Some(at) => at.map_err(wrong)?,
                    None => break,
                };
                if at > to {
                    break;
                }
                let occurrence = Occurrence {
                    schedule: schedule.id,
                    at,
                };
                jobs.push(NewJob {
                    id: JobId::of_occurrence(occurrence),
                    occurrence: Some(occurrence),
                    ..template.clone()
                });
            }
            let asked = jobs.len();
            if asked == 0 {
                return Ok(done);
            }
            for answer in self.enqueue(&schedule, jobs).await? {
                match answer {
                    Enqueued::New { .. } => done.made += 1,
                    Enqueued::Refused { reason } => {
                        return Err(Error::Refused {
                            alias: schedule.alias,
                            reason,
                        });
                    }
                    _ => done.there += 1,
                }
            }
            if asked < AT_ONCE {
                return Ok(done);
            }
        }
    }

    /// The next `count` occurrences of a schedule after now, by the store's clock; fewer where it ends before, or has
    /// fewer left to make. Of a draft or a held one, those it would have if it went on now; none of a deleted or
    /// completed one.
    ///
    /// # Errors
    ///
    /// The schedule is unknown, or its rule cannot be computed.
    pub async fn next(self, name: &str, count: usize) -> Result<Vec<Instant>> {
        let Some(schedule) = self.get(name).await? else {
            return Err(self.unknown(name).await?);
        };
        let now = now(self.tasker).await?;
        upcoming(&schedule, now, count)
    }

    async fn enqueue(self, schedule: &Schedule, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        let store = self.tasker.store().await?;
        match store.enqueue_for(schedule.id, jobs).await? {
            Some(answers) => Ok(answers),
            None => Err(self.unknown(&schedule.name).await?),
        }
    }

    /// The schedule, and a job of it without its occurrence.
    async fn template(self, name: &str) -> Result<(Schedule, NewJob)> {
        let schedule = self.there(name).await?;
        of_a_task(&schedule, "run by hand")?;
        let fields = params::parse(&schedule.params)
            .map_err(|source| params_error(&schedule.alias, source))?;
        let mut job = crate::dynamic::new_job(self.tasker, &schedule.alias, fields)
            .await?
            .job;
        keep_while_held(&mut job);
        if let Some(queue) = &schedule.queue {
            job.queue = queue.clone();
        }
        Ok((schedule, job))
    }
}

/// The next `count` occurrences of a schedule after `now`. Pure.
fn upcoming(schedule: &Schedule, now: Instant, count: usize) -> Result<Vec<Instant>> {
    if schedule.deleted_at.is_some() || schedule.state == ScheduleState::Completed {
        return Ok(Vec::new());
    }
    let wrong = |message: crate::grammar::Message| refused(&schedule.name, message.to_string());
    let left = (schedule.left()).map_or(usize::MAX, |left| {
        usize::try_from(left).unwrap_or(usize::MAX)
    });
    let stored = Stored::of(schedule).map_err(wrong)?;
    let occurrences = stored.after(now).map_err(wrong)?;
    occurrences
        .take(count.min(left))
        .map(|at| at.map_err(wrong))
        .collect()
}

/// The store's clock.
pub(super) async fn now(tasker: &Tasker) -> Result<Instant> {
    Ok(tasker.store().await?.due(0).await?.now)
}
