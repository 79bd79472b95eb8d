//! Workers: who is on the list, and what becomes of the jobs of one that died.

use super::jobs::until;
use super::state::{Member, State};
use crate::attempt::FailureKind;
use crate::clock::{Due, Instant, after};
use crate::lease::{Beat, Lease, NewWorker, Worker, WorkerId};
use crate::settle::{Failure, Sweep};
use crate::state::{JobState, Move};

impl State {
    pub(super) fn join(&mut self, new: NewWorker, now: Instant) {
        for replaced in &new.replaces {
            self.unstart(*replaced, now);
            if self.members.remove(replaced).is_some() {
                self.tell_control();
            }
        }
        let worker = Worker {
            id: new.id,
            name: new.name,
            named: new.named,
            host: new.host,
            pid: new.pid,
            process: new.process,
            concurrency: new.concurrency,
            queues: new.queues,
            started_at: now,
            lease_until: after(now, new.lease),
            // Counted when it is read.
            running: 0,
        };
        let lease = new.lease;
        let member = Member {
            worker,
            lease,
            started: 0,
        };
        self.members.insert(new.id, member);
    }

    pub(super) fn beat(&mut self, worker: WorkerId, now: Instant) -> Beat {
        let Some(member) = self.members.get_mut(&worker) else {
            return Beat::Lost;
        };
        member.worker.lease_until = after(now, member.lease);
        let cancel = (self.running.get(&worker).into_iter().flatten())
            .map(|number| &self.jobs[number].job)
            .filter(|job| job.cancel_requested)
            .map(|job| Lease {
                job: job.id,
                token: job.token,
            })
            .collect();
        Beat::Alive { cancel }
    }

    pub(super) fn leave(&mut self, worker: WorkerId, now: Instant) {
        self.unstart(worker, now);
        self.members.remove(&worker);
        for number in self.running.get(&worker).cloned().unwrap_or_default() {
            self.give_back(number, Due::Now, now);
        }
    }

    /// Whether the worker is on the list and its lease is not over.
    pub(super) fn is_alive(&self, worker: WorkerId, now: Instant) -> bool {
        let member = self.members.get(&worker);
        member.is_some_and(|member| now < member.worker.lease_until)
    }

    pub(super) fn rescue(&mut self, limit: u32, now: Instant) -> Sweep {
        let dead = self
            .members
            .iter()
            .filter(|(_, member)| now >= member.worker.lease_until);
        let dead: Vec<WorkerId> = dead.map(|(worker, _)| *worker).collect();
        let given_back: u64 = dead
            .into_iter()
            .map(|worker| self.unstart(worker, now))
            .sum();
        // Off the list first, whatever the limit: jobs beyond it are then orphans for the next sweep.
        (self.members).retain(|_, member| now < member.worker.lease_until);
        let orphans: Vec<i64> = (self.running.iter())
            .filter(|(worker, _)| !self.members.contains_key(worker))
            .flat_map(|(_, numbers)| numbers.iter().copied())
            .take(limit as usize + 1)
            .collect();
        let (now_done, more) = match orphans.split_at_checked(limit as usize) {
            Some((first, rest)) => (first, !rest.is_empty()),
            None => (orphans.as_slice(), false),
        };
        for &number in now_done {
            self.take_back(number, now);
        }
        let next = self.members.values().map(|m| m.worker.lease_until).min();
        Sweep {
            done: now_done.len() as u64 + given_back,
            more,
            next_in: next.map(|at| until(at, now)),
        }
    }

    /// Of the jobs that the worker holds, those up to `held` have been started; whether it is on the list.
    pub(super) fn mark_started(&mut self, worker: WorkerId, held: i64) -> bool {
        let member = self.members.get_mut(&worker);
        member
            .map(|member| member.started = member.started.max(held))
            .is_some()
    }

    /// Gives back what the worker held and did not start; how much.
    fn unstart(&mut self, worker: WorkerId, now: Instant) -> u64 {
        let Some(started) = self.members.get(&worker).map(|member| member.started) else {
            return 0;
        };
        let numbers: Vec<i64> = (self.running.get(&worker).into_iter().flatten())
            .filter(|number| {
                let record = &self.jobs[number];
                record.held.is_some_and(|held| held > started) && !record.job.cancel_requested
            })
            .copied()
            .collect();
        for &number in &numbers {
            let moved = self.make(number, Move::Rescue, now, |record| record.job.attempt -= 1);
            debug_assert_eq!(moved, Ok(JobState::Queued), "what is held is running");
        }
        numbers.len() as u64
    }

    /// Takes one orphan back. What decides stands in its row; the task need not be known.
    fn take_back(&mut self, number: i64, now: Instant) {
        let job = &self.jobs[&number].job;
        let spent = job.max_attempts.is_some_and(|max| job.attempt >= max);
        let step = if job.cancel_requested {
            Move::Cancel
        } else if job.at_most_once || spent {
            Move::Fail
        } else {
            Move::Rescue
        };
        let worker = job.worker.expect("a claim names its worker");
        let moved = self.make(number, step, now, |record| {
            let message = format!("worker {worker} died, or did not beat within its lease");
            let kind = FailureKind::WorkerLost;
            record.fail(Failure { kind, message }, now);
        });
        debug_assert_ne!(moved, Err(JobState::Running), "orphans are running");
    }
}
