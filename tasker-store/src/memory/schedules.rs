//! Declarations of tasks and schedules, and the steps of schedules.

use std::time::Duration;

use super::jobs::until;
use super::settle::check_all;
use super::state::State;
use crate::clock::{Instant, after};
use crate::error::Result;
use crate::job::{Enqueued, NewJob};
use crate::schedule::{
    DueSchedules, Fire, Fired, NewSchedule, Schedule, ScheduleId, ScheduleState, Then,
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
        if changed_tasks || diff != Diff::default() {
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
        let Some(old) = self.schedules.get_mut(&new.name) else {
            diff.added.push(new.name.clone());
            self.schedules.insert(new.name.clone(), first(new, now));
            return;
        };
        old.seen_at = now;
        let moved = (&old.rule, &old.tz) != (&new.rule, &new.tz);
        let changed = moved
            || (&old.alias, &old.params) != (&new.alias, &new.params)
            || (old.catch_up, old.overlap) != (new.catch_up, new.overlap);
        let revived = match old.state {
            ScheduleState::Retired => true,
            ScheduleState::Broken => changed,
            // It came to the end of another rule.
            ScheduleState::Completed => moved,
            ScheduleState::Draft | ScheduleState::Active | ScheduleState::Paused => false,
        };
        if !changed && !revived {
            return;
        }
        if moved {
            old.next_run_at = None;
        }
        if revived {
            old.state = ScheduleState::Active;
            old.error = None;
        }
        old.alias = new.alias;
        old.rule = new.rule;
        old.tz = new.tz;
        old.params = new.params;
        old.catch_up = new.catch_up;
        old.overlap = new.overlap;
        old.version += 1;
        diff.changed.push(new.name);
    }

    /// Retires what nobody has declared for `retire_after`. A held or completed schedule stays what it is, so
    /// that it does not come back as an active one.
    fn retire(&mut self, retire_after: Duration, now: Instant) -> Vec<String> {
        let mut retired = Vec::new();
        for schedule in self.schedules.values_mut() {
            let may = matches!(
                schedule.state,
                ScheduleState::Active | ScheduleState::Broken
            );
            if may && after(schedule.seen_at, retire_after) <= now && schedule.seen_at < now {
                schedule.state = ScheduleState::Retired;
                schedule.version += 1;
                retired.push(schedule.name.clone());
            }
        }
        retired
    }

    pub(super) fn due(&self, limit: u32, now: Instant) -> DueSchedules {
        let (mut due, later): (Vec<_>, Vec<_>) = (self.schedules.values())
            .filter(|s| s.state == ScheduleState::Active && !self.is_disabled(&s.alias))
            .partition(|s| s.next_run_at.is_none_or(|at| at <= now));
        due.sort_by_key(|schedule| schedule.next_run_at);
        DueSchedules {
            now,
            more: due.len() > limit as usize,
            schedules: due.into_iter().take(limit as usize).cloned().collect(),
            next_in: (later.iter().filter_map(|schedule| schedule.next_run_at))
                .min()
                .map(|at| until(at, now)),
        }
    }

    pub(super) fn fire(&mut self, fire: Fire, now: Instant) -> Result<Fired> {
        check_all("fire", &fire.jobs)?;
        let is_current = |s: &&Schedule| {
            (s.id, s.version, s.state) == (fire.schedule, fire.version, ScheduleState::Active)
        };
        let Some(name) = (self.schedules.values())
            .find(is_current)
            .map(|schedule| schedule.name.clone())
        else {
            return Ok(Fired::Stale);
        };
        let is_left_out = fire.skip_if_unfinished && self.unfinished.contains_key(&fire.schedule);
        let jobs = if is_left_out { Vec::new() } else { fire.jobs };
        let (made, last) = self.enqueue_occurrences(jobs, now);
        let schedule = (self.schedules.get_mut(&name)).expect("it was found above");
        schedule.version += 1;
        schedule.executions += made as i64;
        schedule.last_run_at = last.or(schedule.last_run_at);
        schedule.next_run_at = None;
        match fire.then {
            Then::Next(at) => schedule.next_run_at = Some(at),
            Then::Completed => schedule.state = ScheduleState::Completed,
            Then::Broken(reason) => {
                schedule.state = ScheduleState::Broken;
                schedule.error = Some(reason);
                self.tell_control();
            }
        }
        Ok(Fired::Applied { jobs: made })
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

fn first(new: NewSchedule, now: Instant) -> Schedule {
    Schedule {
        id: ScheduleId::generate(),
        name: new.name,
        alias: new.alias,
        rule: new.rule,
        tz: new.tz,
        params: new.params,
        catch_up: new.catch_up,
        overlap: new.overlap,
        state: ScheduleState::Active,
        error: None,
        created_at: now,
        next_run_at: None,
        last_run_at: None,
        executions: 0,
        seen_at: now,
        version: 1,
    }
}
