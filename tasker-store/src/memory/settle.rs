//! The worker's exchange: attempts end, jobs are claimed, given back, and written about.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::state::{Lane, Record, State};
use crate::attempt::{FailureKind, LogLine};
use crate::clock::{Due, Instant};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::NewJob;
use crate::lease::{Lease, WorkerId};
use crate::limits;
use crate::settle::{
    Claim, Claimed, Failure, Fate, Finish, Note, NoteBody, Outcome, Queues, Settle, Settled,
};
use crate::state::{JobState, Move};
use crate::task::canonical_alias;

impl State {
    pub(super) fn settle(&mut self, settle: Settle, now: Instant) -> Result<Settled> {
        check_all(
            "settle",
            settle.finishes.iter().flat_map(|finish| &finish.follow_ups),
        )?;
        let mut follow_ups = Vec::new();
        let fates = (settle.finishes.into_iter())
            .map(|finish| self.finish(finish, &mut follow_ups, now))
            .collect();
        for job in follow_ups {
            self.take(job, now);
        }
        let started = (settle.started).is_some_and(|held| self.mark_started(settle.worker, held));
        let jobs = (settle.claim)
            .map(|claim| self.claim(settle.worker, &claim, now))
            .unwrap_or_default();
        Ok(Settled {
            fates,
            started,
            jobs,
        })
    }

    /// The jobs under the worker's lease that it does not know.
    pub(super) fn unheard(&self, worker: WorkerId, known: &[Lease]) -> Vec<Claimed> {
        let known: HashSet<Lease> = known.iter().copied().collect();
        let mut jobs: Vec<&Record> = (self.running.get(&worker).into_iter().flatten())
            .map(|number| &self.jobs[number])
            .collect();
        jobs.sort_unstable_by_key(|record| {
            let job = &record.job;
            (Reverse(job.priority), job.due_at, job.number)
        });
        (jobs.into_iter().map(claimed))
            .filter(|job| !known.contains(&job.lease()))
            .collect()
    }

    /// Gives one running job back, unless its lease is no longer the caller's.
    pub(super) fn release(&mut self, lease: Lease, due: Due, now: Instant) -> Fate {
        match self.held(lease) {
            Some(number) => Fate::Applied(self.give_back(number, due, now)),
            None => Fate::Stale,
        }
    }

    pub(super) fn note(&mut self, note: Note, now: Instant) -> Fate {
        match self.held(note.lease) {
            Some(number) => {
                self.write(number, note.body, now);
                Fate::Applied(JobState::Running)
            }
            None => Fate::Stale,
        }
    }

    /// Gives a running job back. One that may not go back ends, and its attempt stays spent.
    pub(super) fn give_back(&mut self, number: i64, due: Due, now: Instant) -> JobState {
        let job = &self.jobs[&number].job;
        let moved = if job.cancel_requested {
            self.make(number, Move::Cancel, now, |_| {})
        } else if job.at_most_once {
            self.make(number, Move::Fail, now, |record| {
                let message = "a stop cut it short, and it must not be started twice".into();
                let kind = FailureKind::Interrupted;
                record.fail(Failure { kind, message }, now);
            })
        } else {
            self.make(number, Move::Release, now, |record| {
                record.job.attempt -= 1;
                record.job.due_at = due.resolve(now);
            })
        };
        moved.expect("the job is running")
    }

    /// Ends an attempt; the jobs that follow from it are gathered.
    fn finish(&mut self, finish: Finish, follow_ups: &mut Vec<NewJob>, now: Instant) -> Fate {
        let Some(number) = self.held(finish.lease) else {
            return Fate::Stale;
        };
        if let Some(body) = finish.note {
            self.write(number, body, now);
        }
        let state = self.end(number, finish.outcome, now);
        follow_ups.extend(finish.follow_ups);
        Fate::Applied(state)
    }

    /// Ends the running attempt. A cancel that was asked for wins over every outcome.
    fn end(&mut self, number: i64, outcome: Outcome, now: Instant) -> JobState {
        let (step, failure, output, due) = match outcome {
            Outcome::Succeeded { output } => (Move::Succeed, None, output, None),
            Outcome::Failed(failure) => (Move::Fail, Some(failure), None, None),
            Outcome::Canceled(failure) => (Move::Cancel, Some(failure), None, None),
            Outcome::Retry { failure, due } => (Move::Retry, Some(failure), None, Some(due)),
            Outcome::Snoozed { due } => (Move::Snooze, None, None, Some(due)),
            Outcome::Released => return self.give_back(number, Due::Now, now),
        };
        let canceled = self.jobs[&number].job.cancel_requested;
        let step = if canceled { Move::Cancel } else { step };
        let moved = self.make(number, step, now, |record| {
            if let Some(failure) = failure {
                record.fail(failure, now);
            }
            let job = &mut record.job;
            match step {
                Move::Retry | Move::Snooze => {
                    job.due_at = due.unwrap_or(Due::Now).resolve(now);
                    job.attempt -= u32::from(step == Move::Snooze);
                }
                _ => job.output = output,
            }
        });
        moved.expect("the job is running")
    }

    /// Takes the first jobs over all lanes that are open to this worker, by a merge of the lanes' heads.
    fn claim(&mut self, worker: WorkerId, claim: &Claim, now: Instant) -> Vec<Claimed> {
        if !self.is_alive(worker, now) {
            return Vec::new();
        }
        let mut room: Option<HashMap<&str, u32>> = match &claim.queues {
            Queues::All => None,
            Queues::Only(queues) => Some(queues.iter().map(|(q, n)| (q.as_str(), *n)).collect()),
        };
        let mut heads = self.open_lanes(claim, |queue| {
            (room.as_ref()).is_none_or(|room| room.contains_key(queue))
        });
        let mut claimed = Vec::new();
        while claimed.len() < claim.limit as usize {
            let Some(Reverse((place, lane))) = heads.pop() else {
                break;
            };
            if let Some(room) = room.as_mut().and_then(|r| r.get_mut(lane.queue.as_str())) {
                if *room == 0 {
                    continue;
                }
                *room -= 1;
            }
            let nth = claimed.len() as u32 + 1;
            let held = (nth > claim.start).then(|| claim.held + i64::from(nth));
            claimed.push(self.start(place.2, worker, held, now));
            if let Some(&next) = self.ready.get(&lane).and_then(|places| places.first()) {
                heads.push(Reverse((next, lane)));
            }
        }
        claimed
    }

    /// The first ready job of each lane whose queue is asked for and not paused, and whose task is known to
    /// the worker and not disabled.
    fn open_lanes(
        &self,
        claim: &Claim,
        asked: impl Fn(&str) -> bool,
    ) -> BinaryHeap<Reverse<(super::state::Place, Lane)>> {
        let known: HashSet<String> = claim.known.iter().map(|a| canonical_alias(a)).collect();
        (self.ready.iter())
            .filter(|(lane, _)| {
                asked(&lane.queue)
                    && !self.queues[&lane.queue]
                    && known.contains(&lane.alias)
                    && !self.is_disabled(&lane.alias)
            })
            .filter_map(|(lane, places)| Some(Reverse((*places.first()?, lane.clone()))))
            .collect()
    }

    fn start(&mut self, number: i64, worker: WorkerId, held: Option<i64>, now: Instant) -> Claimed {
        let moved = self.make(number, Move::Claim, now, |record| {
            record.held = held;
            let job = &mut record.job;
            job.attempt += 1;
            job.token += 1;
            job.worker = Some(worker);
            job.started_at = Some(now);
            job.cancel_requested = false;
            job.progress = None;
        });
        moved.expect("lanes hold queued jobs");
        claimed(&self.jobs[&number])
    }

    fn write(&mut self, number: i64, body: NoteBody, now: Instant) {
        // No index looks at what a note changes.
        let record = (self.jobs.get_mut(&number)).expect("held jobs are in the store");
        record.job.progress = body.progress.or(record.job.progress);
        let attempt = record.job.attempt;
        record.log.extend(body.lines.into_iter().map(|line| {
            let age = chrono::Duration::from_std(line.age).unwrap_or_default();
            LogLine {
                attempt,
                at: now.checked_sub_signed(age).unwrap_or(now),
                level: line.level,
                message: limits::cut(&line.message, limits::LINE).into_owned(),
            }
        }));
    }
}

/// What an attempt at a running job needs to know.
fn claimed(record: &Record) -> Claimed {
    let job = &record.job;
    Claimed {
        id: job.id,
        number: job.number,
        token: job.token,
        alias: job.alias.clone(),
        queue: job.queue.clone(),
        priority: job.priority,
        params: job.params.clone(),
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        at_most_once: job.at_most_once,
        tags: job.tags.clone(),
        enqueued_at: job.enqueued_at,
        occurrence: job.occurrence,
        held: record.held,
    }
}

/// Refuses a call with a job over the limits, before anything is changed.
pub(super) fn check_all<'a>(
    op: &'static str,
    jobs: impl IntoIterator<Item = &'a NewJob>,
) -> Result<()> {
    (jobs.into_iter()).try_for_each(|job| {
        limits::check(job).map_err(|reason| StoreError::new(ErrorKind::Invalid, op, reason))
    })
}
