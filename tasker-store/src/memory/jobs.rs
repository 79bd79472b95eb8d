//! Jobs on their way in and out: enqueue, promote, prune, and finding one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::state::{Record, State};
use crate::clock::Instant;
use crate::job::{Enqueued, Job, JobRef, NewJob};
use crate::limits;
use crate::settle::Sweep;
use crate::state::{JobState, Move};

impl State {
    /// Takes one job, unless it is there already or its task is disabled.
    pub(super) fn enqueue(&mut self, new: NewJob, now: Instant) -> Enqueued {
        if let Some(&number) = self.numbers.get(&new.id) {
            return Enqueued::New { id: new.id, number };
        }
        if let Err(reason) = limits::check(&new) {
            return Enqueued::Refused { reason };
        }
        if self.is_disabled(&new.alias) {
            let reason = format!(
                "the task `{}` is disabled: enable it, then enqueue again",
                new.alias
            );
            return Enqueued::Refused { reason };
        }
        self.take(new, now)
    }

    /// Takes one job without asking whether its task is enabled; a repeated id is answered as the first time, and
    /// one that meets another under its key as that was asked for.
    pub(super) fn take(&mut self, new: NewJob, now: Instant) -> Enqueued {
        let id = new.id;
        if let Some(&number) = self.numbers.get(&id) {
            return Enqueued::New { id, number };
        }
        let key = new.unique_digest(now);
        if let Some(&holder) = key.and_then(|key| self.keys.get(&key)) {
            return self.meet(holder, new, now);
        }
        self.last_number += 1;
        let number = self.last_number;
        let due_at = new.due.resolve(now);
        let state = due_state(due_at, now);
        if state == JobState::Queued {
            self.tell_ready();
        }
        self.insert(Record {
            held: None,
            retention: new.retention,
            unique: key.zip(new.unique.map(|unique| unique.holds)),
            attempts: Vec::new(),
            log: Vec::new(),
            job: Job {
                id,
                number,
                alias: new.alias,
                queue: new.queue,
                priority: new.priority,
                state,
                params: new.params,
                shape: new.shape,
                attempt: 0,
                max_attempts: new.max_attempts,
                at_most_once: new.at_most_once,
                tags: new.tags,
                due_at,
                enqueued_at: now,
                started_at: None,
                finished_at: None,
                worker: None,
                token: 0,
                cancel_requested: false,
                output: None,
                error: None,
                progress: None,
                occurrence: new.occurrence,
                missed: limits::latest_missed(new.missed),
                deleted_at: None,
            },
        });
        Enqueued::New { id, number }
    }

    pub(super) fn find(&self, job: JobRef) -> Option<&Job> {
        let number = match job {
            JobRef::Id(id) => *self.numbers.get(&id)?,
            JobRef::Number(number) => number,
        };
        self.jobs.get(&number).map(|record| &record.job)
    }

    pub(super) fn promote(&mut self, limit: u32, now: Instant) -> Sweep {
        let come = past(&self.waiting, limit, now);
        for &number in &come {
            let promoted = self.make(number, Move::Promote, now, |_| {});
            debug_assert_eq!(promoted, Ok(JobState::Queued), "only waiting jobs wait");
        }
        swept(come.len(), &self.waiting, now)
    }

    pub(super) fn prune(&mut self, limit: u32, now: Instant) -> Sweep {
        let over = past(&self.prunable, limit, now);
        for &number in &over {
            self.remember_outcome(number);
            self.remove(number);
        }
        swept(over.len(), &self.prunable, now)
    }
}

/// The state of a job that waits for its first start.
pub(super) fn due_state(due_at: Instant, now: Instant) -> JobState {
    if due_at <= now {
        JobState::Queued
    } else {
        JobState::Scheduled
    }
}

/// The first `limit` whose time has come.
fn past(times: &BTreeSet<(Instant, i64)>, limit: u32, now: Instant) -> Vec<i64> {
    (times.range(..=(now, i64::MAX)))
        .take(limit as usize)
        .map(|&(_, number)| number)
        .collect()
}

fn swept(done: usize, left: &BTreeSet<(Instant, i64)>, now: Instant) -> Sweep {
    let next = left.first().map(|&(at, _)| at);
    Sweep {
        done: done as u64,
        more: next.is_some_and(|at| at <= now),
        next_in: next.map(|at| until(at, now)),
    }
}

/// The time from `now` to `at`, zero where that has passed.
pub(super) fn until(at: Instant, now: Instant) -> Duration {
    (at - now).to_std().unwrap_or_default()
}
