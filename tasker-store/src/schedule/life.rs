//! How a schedule changes: by code that declares it, by hands that edit it, by steps that fire it. Pure, and the same for
//! every backend, which writes down what comes out.

use std::time::Duration;

use super::{NewSchedule, Schedule, ScheduleId, ScheduleSource, ScheduleState, Then, Waiting};
use crate::clock::{Instant, after};
use crate::state::JobState;

/// What a new definition changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redefined {
    Nothing,
    Something,
}

/// What a declaration by code came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It was seen, and is what it was.
    Same,
    /// It is another now, or came back.
    Changed,
    /// One created at run time has its name, and keeps it.
    Taken,
}

impl Schedule {
    /// Whether an occurrence of it waits and may still become a job.
    pub(crate) fn waits(&self) -> bool {
        // One that waits may be the last.
        let may = matches!(self.state, ScheduleState::Active | ScheduleState::Completed);
        may && self.waiting.is_some() && self.deleted_at.is_none()
    }

    /// Whether a step of it may be made.
    pub(crate) fn may_step(&self) -> bool {
        (self.state == ScheduleState::Active && self.deleted_at.is_none()) || self.waits()
    }

    /// One that code declares for the first time.
    pub(crate) fn declared(new: NewSchedule, now: Instant) -> Self {
        Self::new(new, ScheduleSource::Code, ScheduleState::Active, now)
    }

    /// Takes the declaration of code in. What an operator decided stays: a pause, a soft deletion.
    pub(crate) fn declare(&mut self, new: NewSchedule, now: Instant) -> Declared {
        if self.source == ScheduleSource::Runtime {
            return Declared::Taken;
        }
        self.seen_at = now;
        match self.redefine(new) {
            Redefined::Something => Declared::Changed,
            Redefined::Nothing => Declared::Same,
        }
    }

    /// Retires it where code has not declared it for `retire_after`; says whether it did. A held or completed one
    /// stays what it is, so that it does not come back as an active one.
    pub(crate) fn retire(&mut self, retire_after: Duration, now: Instant) -> bool {
        let may = self.source == ScheduleSource::Code
            && matches!(self.state, ScheduleState::Active | ScheduleState::Broken);
        if !may || after(self.seen_at, retire_after) > now || self.seen_at >= now {
            return false;
        }
        self.state = ScheduleState::Retired;
        self.version += 1;
        true
    }

    /// One that is new at `now`.
    pub(crate) fn new(
        new: NewSchedule,
        source: ScheduleSource,
        state: ScheduleState,
        now: Instant,
    ) -> Self {
        Self {
            id: ScheduleId::generate(),
            name: new.name,
            description: new.description,
            source,
            alias: new.alias,
            rule: new.rule,
            tz: new.tz,
            params: new.params,
            queue: new.queue,
            start_at: new.start_at,
            end_at: new.end_at,
            max_executions: new.max_executions,
            catch_up: new.catch_up,
            overlap: new.overlap,
            state,
            error: None,
            created_at: now,
            next_run_at: None,
            last_run_at: None,
            waiting: None,
            executions: 0,
            extra_jobs: 0,
            last_outcome: None,
            last_error: None,
            last_ended_at: None,
            seen_at: now,
            deleted_at: None,
            version: 1,
        }
    }

    /// What it does.
    pub fn definition(&self) -> NewSchedule {
        NewSchedule {
            name: self.name.clone(),
            description: self.description.clone(),
            alias: self.alias.clone(),
            rule: self.rule.clone(),
            tz: self.tz.clone(),
            params: self.params.clone(),
            queue: self.queue.clone(),
            start_at: self.start_at,
            end_at: self.end_at,
            max_executions: self.max_executions,
            catch_up: self.catch_up,
            overlap: self.overlap,
        }
    }

    /// Takes a definition over, its name apart. Another rule, zone, start or end clears `next_run_at`. One that is
    /// `retired` comes back, one that is `broken` where anything changed, one that is `completed` where it may have
    /// more occurrences than it had.
    pub(crate) fn redefine(&mut self, new: NewSchedule) -> Redefined {
        let before = self.definition();
        let changed = new
            != (NewSchedule {
                name: new.name.clone(),
                ..before.clone()
            });
        let moved = (&before.rule, &before.tz, before.start_at, before.end_at)
            != (&new.rule, &new.tz, new.start_at, new.end_at);
        let revived = match self.state {
            ScheduleState::Retired => true,
            ScheduleState::Broken => changed,
            // It came to the end of another rule, or of another bound.
            ScheduleState::Completed => moved || before.max_executions != new.max_executions,
            ScheduleState::Draft | ScheduleState::Active | ScheduleState::Paused => false,
        };
        if !changed && !revived {
            return Redefined::Nothing;
        }
        if moved {
            self.next_run_at = None;
        }
        if revived {
            self.state = ScheduleState::Active;
            self.error = None;
            self.waiting = None;
        }
        self.description = new.description;
        self.alias = new.alias;
        self.rule = new.rule;
        self.tz = new.tz;
        self.params = new.params;
        self.queue = new.queue;
        self.start_at = new.start_at;
        self.end_at = new.end_at;
        self.max_executions = new.max_executions;
        self.catch_up = new.catch_up;
        self.overlap = new.overlap;
        self.version += 1;
        Redefined::Something
    }

    /// Puts it into a state that somebody asked for; its next occurrence is to be computed from then on.
    pub(crate) fn go(&mut self, state: ScheduleState) {
        self.state = state;
        self.error = None;
        self.next_run_at = None;
        self.waiting = None;
    }

    /// What [`crate::Admin::update_schedule`] makes of it.
    pub(crate) fn update(&mut self, to: NewSchedule, state: Option<ScheduleState>) {
        let version = self.version;
        let redefined = self.redefine(to);
        let wanted = state.filter(|state| *state != self.state);
        if let Some(state) = wanted {
            self.go(state);
        }
        if redefined == Redefined::Something || wanted.is_some() {
            self.version = version + 1;
        }
    }

    /// Takes a soft deletion in, or back; `false` where it stands so already. What passed meanwhile is left out.
    pub(crate) fn delete(&mut self, deleted: bool, now: Instant) -> bool {
        if self.deleted_at.is_some() == deleted {
            return false;
        }
        self.deleted_at = deleted.then_some(now);
        self.next_run_at = None;
        self.waiting = None;
        self.version += 1;
        true
    }

    /// Holds it, or lets it go on; `false` where its state does not allow it. What passed meanwhile is left out.
    pub(crate) fn pause(&mut self, paused: bool) -> bool {
        let (from, to) = match paused {
            true => (ScheduleState::Active, ScheduleState::Paused),
            false => (ScheduleState::Paused, ScheduleState::Active),
        };
        if self.state != from || self.deleted_at.is_some() {
            return false;
        }
        self.state = to;
        if !paused {
            self.next_run_at = None;
            self.waiting = None;
        }
        self.version += 1;
        true
    }

    /// Takes in how a job of it ended, unless one that ended later is known.
    pub(crate) fn ended(&mut self, at: Instant, outcome: JobState, error: Option<String>) {
        if self.last_ended_at.is_none_or(|known| known <= at) {
            self.last_ended_at = Some(at);
            self.last_outcome = Some(outcome);
            self.last_error = error;
        }
    }

    /// Counts what a step has made, the planned instant of the last one being `last`, and writes what waits and where it
    /// stands then.
    pub(crate) fn stepped(
        &mut self,
        made: usize,
        last: Option<Instant>,
        waiting: Option<Waiting>,
        then: Then,
    ) {
        self.version += 1;
        self.executions += i64::try_from(made).expect("a step has few jobs");
        self.last_run_at = last.or(self.last_run_at);
        self.next_run_at = None;
        self.waiting = waiting;
        match then {
            Then::Broken(reason) => {
                self.state = ScheduleState::Broken;
                self.error = Some(reason);
            }
            _ if self.left() == Some(0) => self.state = ScheduleState::Completed,
            Then::Next(at) => self.next_run_at = Some(at),
            Then::Completed => self.state = ScheduleState::Completed,
        }
    }

    /// How many jobs its occurrences may still make; `None` is without end.
    pub fn left(&self) -> Option<u64> {
        let max = i64::from(self.max_executions?);
        Some((max - self.executions).max(0).unsigned_abs())
    }
}
