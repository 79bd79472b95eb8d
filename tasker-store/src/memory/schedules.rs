//! Declarations of tasks and schedules, and the steps of schedules.

use std::collections::HashMap;
use std::time::Duration;

use super::jobs::until;
use super::settle::check_all;
use super::state::State;
use crate::clock::Instant;
use crate::error::Result;
use crate::job::{Enqueued, NewJob};
use crate::schedule::{
    Declared, DueSchedules, Fire, Fired, LOOK_AGAIN, NewSchedule, Overlap, Schedule, ScheduleId,
    ScheduleState, Then,
};
use crate::task::{Declaration, Diff, NewTask, Task, canonical_alias};

impl State {
    pub(super) fn declare(&mut self, declaration: Declaration, now: Instant) -> Diff {
        let mut changed_tasks = false;
        for task in declaration.tasks {
            changed_tasks |= self.declare_task(task, now);
        }
        let mut diff = Diff::default();
        for schedule in declaration.schedules {
            self.declare_schedule(schedule, now, &mut diff);
        }
        diff.retired = self.retire(declaration.retire_after, now);
        if changed_tasks || !diff.is_empty() {
            self.tell_control();
        }
        diff
    }

    fn declare_task(&mut self, new: NewTask, now: Instant) -> bool {
        let key = canonical_alias(&new.alias);
        let before = self.tasks.get(&key);
        let mut task = Task {
            alias: new.alias,
            title: new.title,
            description: new.description,
            queue: new.queue,
            params: new.params,
            shape: new.shape,
            origin: new.origin,
            enabled: before.is_none_or(|before| before.enabled),
            seen_at: before.and_then(|before| before.seen_at),
        };
        let changed = before != Some(&task);
        task.seen_at = Some(now);
        self.tasks.insert(key, task);
        changed
    }

    fn declare_schedule(&mut self, new: NewSchedule, now: Instant, diff: &mut Diff) {
        let name = new.name.clone();
        let Some(old) = self.schedules.get_mut(&name) else {
            diff.added.push(name.clone());
            self.schedules.insert(name, Schedule::declared(new, now));
            return;
        };
        match old.declare(new, now) {
            Declared::Same => {}
            Declared::Changed => diff.changed.push(name),
            Declared::Taken => diff.taken.push(name),
        }
    }

    /// Retires what nobody has declared for `retire_after`.
    fn retire(&mut self, retire_after: Duration, now: Instant) -> Vec<String> {
        (self.schedules.values_mut())
            .filter_map(|schedule| {
                (schedule.retire(retire_after, now)).then(|| schedule.name.clone())
            })
            .collect()
    }

    pub(super) fn due(&self, limit: u32, now: Instant) -> DueSchedules {
        let enabled = |s: &&Schedule| !self.is_disabled(&s.alias);
        let (mut due, later): (Vec<_>, Vec<_>) = (self.schedules.values())
            .filter(enabled)
            .filter(|s| s.state == ScheduleState::Active && s.deleted_at.is_none())
            .partition(|s| s.next_run_at.is_none_or(|at| at <= now));
        due.sort_by_key(|schedule| schedule.next_run_at);
        let (free, held): (Vec<_>, Vec<_>) = (self.schedules.values())
            .filter(enabled)
            .filter(|s| s.waits() && !due.iter().any(|due| due.id == s.id))
            .partition(|s| !self.unfinished.contains_key(&s.id));
        due.extend(free);
        let next = later.iter().filter_map(|schedule| schedule.next_run_at);
        let next = next.min().map(|at| until(at, now));
        DueSchedules {
            now,
            more: due.len() > limit as usize,
            schedules: due.into_iter().take(limit as usize).cloned().collect(),
            next_in: match held.is_empty() {
                true => next,
                false => Some(next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
            },
        }
    }

    pub(super) fn fire(&mut self, steps: Vec<Fire>, now: Instant) -> Result<Vec<Fired>> {
        for step in &steps {
            check_all("fire", &step.jobs)?;
        }
        let by_id: HashMap<ScheduleId, String> = (self.schedules.values())
            .map(|schedule| (schedule.id, schedule.name.clone()))
            .collect();
        let mut step = |step: Fire| match by_id.get(&step.schedule) {
            Some(name) => self.step(name, step, now),
            None => Fired::Stale,
        };
        Ok(steps.into_iter().map(&mut step).collect())
    }

    fn step(&mut self, name: &str, fire: Fire, now: Instant) -> Fired {
        let schedule = &self.schedules[name];
        if schedule.version != fire.version || !schedule.may_step() {
            return Fired::Stale;
        }
        let unfinished = self.unfinished.get(&fire.schedule);
        let mut jobs = fire.jobs;
        jobs.truncate(schedule.left().map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        }));
        let (made, waits) = fire.overlap.of(jobs.len(), unfinished.is_some());
        let waiting = waits.and_then(|place| jobs[place].waiting());
        if fire.overlap == Overlap::CancelPrevious && !made.is_empty() {
            let numbers: Vec<i64> = unfinished.into_iter().flatten().copied().collect();
            for number in numbers {
                self.cancel(self.jobs[&number].job.id, now);
            }
        }
        let jobs = jobs.drain(made).collect();
        let (made, last) = self.enqueue_occurrences(jobs, now);
        if matches!(fire.then, Then::Broken(_)) {
            self.tell_control();
        }
        let schedule = (self.schedules.get_mut(name)).expect("it was found above");
        schedule.stepped(made, last, waiting, fire.then);
        Fired::Applied { jobs: made }
    }

    /// Enqueues what a step brought: how many were taken, and the planned instant of the last one.
    fn enqueue_occurrences(&mut self, jobs: Vec<NewJob>, now: Instant) -> (usize, Option<Instant>) {
        let mut made = 0;
        let mut last = None;
        for job in jobs {
            let planned = job.occurrence.map(|occurrence| occurrence.at);
            if let Enqueued::New { .. } = self.enqueue(job, now) {
                made += 1;
                last = planned.or(last);
            }
        }
        (made, last)
    }
}
