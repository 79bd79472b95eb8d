//! Unique jobs: what becomes of a new job that meets the holder of its key.

use super::jobs::due_state;
use super::state::State;
use crate::clock::Instant;
use crate::job::{Enqueued, Job, NewJob};
use crate::state::JobState;
use crate::unique::OnConflict;

impl State {
    /// Answers a new job whose key the job of this number holds.
    pub(super) fn meet(&mut self, number: i64, new: NewJob, now: Instant) -> Enqueued {
        let asked = new.unique.as_ref().map(|unique| unique.on_conflict);
        let held = &self.jobs[&number].job;
        // Its first claim raised the token; an end before that cannot be changed either.
        let is_started = held.token > 0 || held.state.is_final();
        let answer: fn(&Job) -> Enqueued = match asked.unwrap_or_default() {
            OnConflict::Skip => skipped,
            OnConflict::Replace if !is_started => {
                self.replace(number, new, now);
                replaced
            }
            OnConflict::Reschedule if !is_started => {
                self.reschedule(number, new.due.resolve(now), now);
                rescheduled
            }
            OnConflict::Existing | OnConflict::Replace | OnConflict::Reschedule => existing,
        };
        answer(&self.jobs[&number].job)
    }

    fn replace(&mut self, number: i64, new: NewJob, now: Instant) {
        self.queues.entry(new.queue.clone()).or_default();
        let due_at = new.due.resolve(now);
        self.edit(number, |record| {
            let job = &mut record.job;
            job.queue = new.queue;
            job.priority = new.priority;
            job.params = new.params;
            job.shape = new.shape;
            job.max_attempts = new.max_attempts;
            job.at_most_once = new.at_most_once;
            job.tags = new.tags;
            job.occurrence = new.occurrence;
            job.missed = crate::limits::latest_missed(new.missed);
            record.retention = new.retention;
            // The key stays what it is: they met under it.
            if let (Some((_, holds)), Some(unique)) = (&mut record.unique, new.unique) {
                *holds = unique.holds;
            }
        });
        self.reschedule(number, due_at, now);
    }

    fn reschedule(&mut self, number: i64, due_at: Instant, now: Instant) {
        let state = self.edit(number, |record| {
            record.job.due_at = due_at;
            if record.job.state != JobState::Paused {
                record.job.state = due_state(due_at, now);
            }
            record.job.state
        });
        if state == JobState::Queued {
            self.tell_ready();
        }
    }
}

fn existing(job: &Job) -> Enqueued {
    Enqueued::Existing {
        id: job.id,
        number: job.number,
        state: job.state,
    }
}

fn skipped(job: &Job) -> Enqueued {
    Enqueued::Skipped {
        id: job.id,
        number: job.number,
        state: job.state,
    }
}

fn replaced(job: &Job) -> Enqueued {
    Enqueued::Replaced {
        id: job.id,
        number: job.number,
        state: job.state,
    }
}

fn rescheduled(job: &Job) -> Enqueued {
    Enqueued::Rescheduled {
        id: job.id,
        number: job.number,
        state: job.state,
    }
}
