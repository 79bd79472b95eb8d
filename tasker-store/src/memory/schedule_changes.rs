//! Schedules as operators and applications read and change them.

use super::state::State;
use crate::clock::Instant;
use crate::job::{Enqueued, NewJob};
use crate::query::ScheduleQuery;
use crate::schedule::{
    NewSchedule, Schedule, ScheduleChange, ScheduleId, ScheduleSource, ScheduleState,
};

impl State {
    pub(super) fn select_schedules(&self, query: &ScheduleQuery) -> Vec<Schedule> {
        let all = (self.schedules.values()).map(|schedule| self.with_outcome(schedule.clone()));
        query.select(all, |task| {
            self.tasks.get(task).map(|task| task.queue.clone())
        })
    }

    pub(super) fn find_schedule(&self, name: &str) -> Option<Schedule> {
        let schedule = self.schedules.get(name)?.clone();
        Some(self.with_outcome(schedule))
    }

    pub(super) fn create_schedule(
        &mut self,
        new: NewSchedule,
        draft: bool,
        now: Instant,
    ) -> ScheduleChange {
        if let Some(there) = self.find_schedule(&new.name) {
            return ScheduleChange::Not(Box::new(there));
        }
        let state = match draft {
            true => ScheduleState::Draft,
            false => ScheduleState::Active,
        };
        let schedule = Schedule::new(new, ScheduleSource::Runtime, state, now);
        self.schedules
            .insert(schedule.name.clone(), schedule.clone());
        self.tell_control();
        ScheduleChange::Done(Box::new(schedule))
    }

    pub(super) fn update_schedule(
        &mut self,
        id: ScheduleId,
        version: i64,
        to: NewSchedule,
        wanted: Option<ScheduleState>,
    ) -> ScheduleChange {
        let found = (self.schedules.values_mut()).find(|schedule| schedule.id == id);
        let Some(schedule) = found else {
            return ScheduleChange::Unknown;
        };
        let fits = schedule.version == version && schedule.deleted_at.is_none();
        if fits {
            schedule.update(to, wanted);
        }
        let schedule = schedule.clone();
        self.changed(schedule, fits)
    }

    pub(super) fn delete_schedule(
        &mut self,
        name: &str,
        deleted: bool,
        now: Instant,
    ) -> ScheduleChange {
        let Some(schedule) = self.schedules.get_mut(name) else {
            return ScheduleChange::Unknown;
        };
        let done = schedule.delete(deleted, now);
        let schedule = schedule.clone();
        self.changed(schedule, done)
    }

    pub(super) fn erase_schedule(&mut self, name: &str) -> bool {
        let erased = self.schedules.remove(name).is_some();
        self.tell_control();
        erased
    }

    pub(super) fn pause_schedule(&mut self, name: &str, paused: bool) -> bool {
        let paused = (self.schedules.get_mut(name)).is_some_and(|schedule| schedule.pause(paused));
        self.tell_control();
        paused
    }

    pub(super) fn enqueue_for(
        &mut self,
        id: ScheduleId,
        jobs: Vec<NewJob>,
        now: Instant,
    ) -> Option<Vec<Enqueued>> {
        let is_meant = |schedule: &&Schedule| schedule.id == id && schedule.deleted_at.is_none();
        let name = (self.schedules.values().find(is_meant))?.name.clone();
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            answers.push(match self.numbers.get(&job.id) {
                Some(&number) => Enqueued::Existing {
                    id: job.id,
                    number,
                    state: self.jobs[&number].job.state,
                },
                None => self.enqueue(job, now),
            });
        }
        let new = (answers.iter())
            .filter(|answer| matches!(answer, Enqueued::New { .. }))
            .count();
        let schedule = (self.schedules.get_mut(&name)).expect("it was found above");
        schedule.extra_jobs += i64::try_from(new).expect("a call has few jobs");
        Some(answers)
    }

    fn changed(&mut self, schedule: Schedule, done: bool) -> ScheduleChange {
        let schedule = Box::new(self.with_outcome(schedule));
        match done {
            true => {
                self.tell_control();
                ScheduleChange::Done(schedule)
            }
            false => ScheduleChange::Not(schedule),
        }
    }

    /// The schedule, with what its job that ended last came to.
    fn with_outcome(&self, mut schedule: Schedule) -> Schedule {
        let ended = self.ended.get(&schedule.id).and_then(|ended| ended.last());
        if let Some((at, number)) = ended {
            let job = &self.jobs[number].job;
            schedule.ended(*at, job.state, job.error.clone());
        }
        schedule
    }

    /// Keeps what a job came to that is about to go.
    pub(super) fn remember_outcome(&mut self, number: i64) {
        let Some(job) = self.jobs.get(&number).map(|record| &record.job) else {
            return;
        };
        let (Some(occurrence), Some(at)) = (job.occurrence, job.finished_at) else {
            return;
        };
        let (state, error) = (job.state, job.error.clone());
        let meant = (self.schedules.values_mut()).find(|s| s.id == occurrence.schedule);
        if let Some(schedule) = meant {
            schedule.ended(at, state, error);
        }
    }
}
