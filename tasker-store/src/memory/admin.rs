//! Reading and administration.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::State;
use crate::admin::{Admin, Changed, SchemaStep};
use crate::attempt::{Attempt, LogLine};
use crate::clock::Instant;
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, Job, JobId, NewJob};
use crate::lease::Worker;
use crate::limits::check_schedule;
use crate::query::{JobQuery, ScheduleQuery};
use crate::queue::{Queue, check_queue_name};
use crate::schedule::{NewSchedule, Schedule, ScheduleChange, ScheduleId, ScheduleState};
use crate::state::{JobState, Move};
use crate::task::{Task, canonical_alias};

#[async_trait]
impl Admin for MemoryStore {
    async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>> {
        Ok(self.transact(|state, _| state.select(&query)))
    }

    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>> {
        Ok(self.transact(|state, _| match state.numbers.get(&job) {
            Some(number) => state.jobs[number].attempts.clone(),
            None => Vec::new(),
        }))
    }

    async fn log(&self, job: JobId) -> Result<Vec<LogLine>> {
        Ok(self.transact(|state, _| match state.numbers.get(&job) {
            Some(number) => state.jobs[number].log.clone(),
            None => Vec::new(),
        }))
    }

    async fn queues(&self) -> Result<Vec<Queue>> {
        Ok(self.transact(|state, _| state.count_queues()))
    }

    async fn workers(&self) -> Result<Vec<Worker>> {
        Ok(self.transact(|state, _| {
            let mut workers: Vec<Worker> = (state.members.values())
                .map(|member| Worker {
                    running: (state.running.get(&member.worker.id))
                        .map_or(0, |numbers| numbers.len() as u64),
                    ..member.worker.clone()
                })
                .collect();
            workers.sort_by_key(|worker| (worker.started_at, worker.id));
            workers
        }))
    }

    async fn select_schedules(&self, query: ScheduleQuery) -> Result<Vec<Schedule>> {
        Ok(self.transact(|state, _| state.select_schedules(&query)))
    }

    async fn schedule(&self, name: &str) -> Result<Option<Schedule>> {
        Ok(self.transact(|state, _| state.find_schedule(name)))
    }

    async fn tasks(&self) -> Result<Vec<Task>> {
        Ok(self.transact(|state, _| {
            let mut tasks: Vec<Task> = state.tasks.values().cloned().collect();
            tasks.sort_by(|a, b| a.alias.cmp(&b.alias));
            tasks
        }))
    }

    async fn unknown(&self) -> Result<Vec<(String, u64)>> {
        Ok(self.transact(|state, _| state.count_unknown()))
    }

    async fn cancel(&self, job: JobId) -> Result<Changed> {
        Ok(self.transact(|state, now| state.cancel(job, now)))
    }

    async fn pause(&self, job: JobId) -> Result<Changed> {
        Ok(self.transact(|state, now| {
            state.tell_control();
            state.change(job, Move::Pause, now)
        }))
    }

    async fn resume(&self, job: JobId) -> Result<Changed> {
        Ok(self.transact(|state, now| state.change(job, Move::Resume, now)))
    }

    async fn rerun(&self, job: JobId) -> Result<Changed> {
        Ok(self.transact(|state, now| state.change(job, Move::Rerun, now)))
    }

    async fn delete(&self, job: JobId, deleted: bool) -> Result<Changed> {
        Ok(self.transact(|state, now| state.delete(job, deleted, now)))
    }

    async fn pause_queue(&self, queue: &str, paused: bool) -> Result<()> {
        check_queue_name(queue)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "pause_queue", reason))?;
        self.transact(|state, _| {
            state.queues.insert(queue.to_owned(), paused);
            state.tell_control();
            if !paused {
                state.tell_ready();
            }
        });
        Ok(())
    }

    async fn enable_task(&self, alias: &str, enabled: bool) -> Result<bool> {
        Ok(self.transact(|state, _| {
            let Some(task) = state.tasks.get_mut(&canonical_alias(alias)) else {
                return false;
            };
            task.enabled = enabled;
            state.tell_control();
            if enabled {
                state.tell_ready();
            }
            true
        }))
    }

    async fn pause_schedule(&self, name: &str, paused: bool) -> Result<bool> {
        Ok(self.transact(|state, _| state.pause_schedule(name, paused)))
    }

    async fn create_schedule(&self, new: NewSchedule, draft: bool) -> Result<ScheduleChange> {
        check_schedule(&new)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "create_schedule", reason))?;
        Ok(self.transact(|state, now| state.create_schedule(new, draft, now)))
    }

    async fn update_schedule(
        &self,
        schedule: ScheduleId,
        version: i64,
        to: NewSchedule,
        wanted: Option<ScheduleState>,
    ) -> Result<ScheduleChange> {
        check_schedule(&to)
            .map_err(|reason| StoreError::new(ErrorKind::Invalid, "update_schedule", reason))?;
        Ok(self.transact(|state, _| state.update_schedule(schedule, version, to, wanted)))
    }

    async fn delete_schedule(&self, name: &str, deleted: bool) -> Result<ScheduleChange> {
        Ok(self.transact(|state, now| state.delete_schedule(name, deleted, now)))
    }

    async fn erase_schedule(&self, name: &str) -> Result<bool> {
        Ok(self.transact(|state, _| state.erase_schedule(name)))
    }

    async fn enqueue_for(
        &self,
        schedule: ScheduleId,
        jobs: Vec<NewJob>,
    ) -> Result<Option<Vec<Enqueued>>> {
        Ok(self.transact(|state, now| state.enqueue_for(schedule, jobs, now)))
    }

    async fn schema(&self) -> Result<Vec<SchemaStep>> {
        Ok(Vec::new())
    }
}

impl State {
    fn select(&self, query: &JobQuery) -> Vec<Job> {
        let alias = query.alias.as_deref().map(canonical_alias);
        let end = query.before.map_or(Bound::Unbounded, Bound::Excluded);
        (self.jobs.range((Bound::Unbounded, end)).rev())
            .filter(|(_, record)| (query.holds).is_none_or(|key| record.held_key() == Some(key)))
            .map(|(_, record)| &record.job)
            .filter(|job| query.include_deleted || job.deleted_at.is_none())
            .filter(|job| query.states.is_empty() || query.states.contains(&job.state))
            .filter(|job| {
                (alias.as_ref()).is_none_or(|alias| canonical_alias(&job.alias) == *alias)
            })
            .filter(|job| (query.queue.as_ref()).is_none_or(|queue| job.queue == *queue))
            .filter(|job| (query.tag.as_ref()).is_none_or(|tag| job.tags.contains(tag)))
            .take(query.limit as usize)
            .cloned()
            .collect()
    }

    fn count_queues(&self) -> Vec<Queue> {
        let mut queues: BTreeMap<&str, Queue> = (self.queues.iter())
            .map(|(name, &paused)| {
                let name = name.as_str();
                let queue = Queue {
                    name: name.to_owned(),
                    paused,
                    ..Queue::default()
                };
                (name, queue)
            })
            .collect();
        let kept = self.jobs.values().map(|record| &record.job);
        for job in kept.filter(|job| job.deleted_at.is_none()) {
            let queue = (queues.get_mut(job.queue.as_str())).expect("a job's queue is listed");
            *match job.state {
                JobState::Scheduled => &mut queue.scheduled,
                JobState::Queued => &mut queue.queued,
                JobState::Running => &mut queue.running,
                JobState::Retrying => &mut queue.retrying,
                JobState::Paused => &mut queue.paused_jobs,
                JobState::Succeeded => &mut queue.succeeded,
                JobState::Failed => &mut queue.failed,
                JobState::Canceled => &mut queue.canceled,
            } += 1;
        }
        queues.into_values().collect()
    }

    /// Counts the ready jobs that no declared task has, under the first spelling met.
    fn count_unknown(&self) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        for (lane, places) in &self.ready {
            if self.tasks.contains_key(&lane.alias) {
                continue;
            }
            let Some(first) = places.first() else {
                continue;
            };
            let spelling = self.jobs[&first.2].job.alias.as_str();
            counts.entry(&lane.alias).or_insert((spelling, 0)).1 += places.len() as u64;
        }
        (counts.into_values())
            .map(|(alias, count)| (alias.to_owned(), count))
            .collect()
    }

    pub(super) fn cancel(&mut self, job: JobId, now: Instant) -> Changed {
        let Some(&number) = self.numbers.get(&job) else {
            return Changed::Unknown;
        };
        if self.jobs[&number].job.state != JobState::Running {
            return self.change(job, Move::Cancel, now);
        }
        self.edit(number, |record| record.job.cancel_requested = true);
        self.tell_control();
        Changed::Requested
    }

    /// Makes an operator's move.
    fn change(&mut self, job: JobId, step: Move, now: Instant) -> Changed {
        let Some(&number) = self.numbers.get(&job) else {
            return Changed::Unknown;
        };
        let moved = self.make(number, step, now, |record| {
            if step == Move::Rerun {
                record.job.attempt = 0;
                record.job.due_at = now;
                record.job.cancel_requested = false;
                // Another may have its key by now.
                record.unique = None;
            }
        });
        match moved {
            Ok(state) => Changed::Now(state),
            Err(state) => Changed::Not(state),
        }
    }

    fn delete(&mut self, job: JobId, deleted: bool, now: Instant) -> Changed {
        let Some(&number) = self.numbers.get(&job) else {
            return Changed::Unknown;
        };
        let state = self.jobs[&number].job.state;
        if state == JobState::Running {
            return Changed::Not(state);
        }
        self.edit(number, |record| {
            let since = record.job.deleted_at.unwrap_or(now);
            record.job.deleted_at = deleted.then_some(since);
            if deleted {
                // It stays without when it is restored: another may have it by then.
                record.unique = None;
            }
        });
        self.tell_control();
        if !deleted && state == JobState::Queued {
            self.tell_ready();
        }
        Changed::Now(state)
    }
}
