//! A schedule as the store keeps it, made ready to be computed. Pure.
//!
//! In: the texts of its rule and zone, its start and its end. Out: its occurrences. The runner, `next` and `backfill`
//! see the same ones, since all of them begin here.

use chrono::TimeDelta;
use chrono_tz::Tz;
use tasker_store::{Instant, NewSchedule, Schedule};

use super::next::Timetable;
use super::rule::Rule;
use super::zones::zone;
use crate::grammar::Message;

/// What decides when a schedule has its occurrences.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) rule: Rule,
    pub(crate) tz: Tz,
    start: Option<Instant>,
    end: Option<Instant>,
}

impl Stored {
    /// Reads its texts. The error is why it is broken.
    pub(crate) fn of(schedule: &Schedule) -> Result<Self, Message> {
        let bounds = (schedule.start_at, schedule.end_at);
        let texts = [&schedule.name, &schedule.rule, &schedule.tz].map(String::as_str);
        Self::read(texts, bounds, schedule.created_at)
    }

    /// The same of a definition, of a schedule that is made at `created`.
    pub(crate) fn defined(new: &NewSchedule, created: Instant) -> Result<Self, Message> {
        let texts = [&new.name, &new.rule, &new.tz].map(String::as_str);
        Self::read(texts, (new.start_at, new.end_at), created)
    }

    fn read(
        [name, rule, tz]: [&str; 3],
        (start, end): (Option<Instant>, Option<Instant>),
        created: Instant,
    ) -> Result<Self, Message> {
        let mut rule = Rule::parse(rule)?.seeded(name);
        match start {
            Some(start) => rule = rule.anchored(start),
            None if rule.needs_start() => rule = rule.anchored(created),
            None => {}
        }
        let tz = zone(tz)?;
        Ok(Self {
            rule,
            tz,
            start,
            end,
        })
    }

    /// Its first occurrence after `after`.
    pub(crate) fn next(&self, after: Instant) -> Result<Option<Instant>, Message> {
        self.after(after)?.next().transpose()
    }

    /// Its occurrences after `after`, oldest first.
    pub(crate) fn after(
        &self,
        after: Instant,
    ) -> Result<impl Iterator<Item = Result<Instant, Message>>, Message> {
        let timetable = Timetable::new(&self.rule, self.tz)?;
        let before_start = self.start.map(|start| start - TimeDelta::microseconds(1));
        let mut last = Some(before_start.map_or(after, |before| before.max(after)));
        let end = self.end;
        Ok(std::iter::from_fn(move || {
            let found = timetable.next(last?);
            last = found.as_ref().copied().ok().flatten();
            let found = found.transpose()?;
            match (&found, end) {
                (Ok(at), Some(end)) if *at > end => {
                    last = None;
                    None
                }
                _ => Some(found),
            }
        }))
    }

    /// `now`, or its end where that has passed.
    pub(crate) fn until(&self, now: Instant) -> Instant {
        self.end.map_or(now, |end| end.min(now))
    }

    /// Whether its end has passed.
    pub(crate) fn has_ended(&self, now: Instant) -> bool {
        self.is_over(now, TimeDelta::zero())
    }

    /// Whether it has ended for so long that nothing of it is due any more.
    pub(crate) fn is_over(&self, now: Instant, tolerance: TimeDelta) -> bool {
        self.end.is_some_and(|end| now - end > tolerance)
    }

    /// `next`, unless it lies after the end.
    pub(crate) fn before_end(&self, next: Option<Instant>) -> Option<Instant> {
        next.filter(|at| self.end.is_none_or(|end| *at <= end))
    }
}
