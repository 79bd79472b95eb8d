//! The schedule runner: turns due occurrences into jobs.
//!
//! In: the store's active schedules that are due, and the store's clock. Out: one step of each, `Store::fire_all`:
//! the jobs of what is due and the next occurrence, in one transaction and only if nobody was faster. So any number
//! of processes may run it. What to make of occurrences that passed is decided by [`plan`], which is pure. Schedules that
//! are due together are fired together; where such a call fails for good each is tried alone, so that an error of one
//! schedule holds up no other.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tasker_store::{
    CatchUp, DueSchedules, Fire, Fired, Instant, JobId, NewJob, Occurrence, Schedule,
    ScheduleState, Store, Then, limits,
};

use super::stored::Stored;
use super::{Missed, missed};
use crate::client::Tasker;
use crate::enqueue::new_job;
use crate::error::Result;
use crate::maintenance::{Alarm, MOMENT, TRY_AGAIN};
use crate::task::params;
use crate::task::unique::keep_while_held;
use crate::task::{BoxFuture, TaskDefinition};

/// Schedules looked at in one go.
const BATCH: u32 = 1_000;
/// Schedules fired by one call at the most.
const TOGETHER: usize = 500;
/// How late the latest occurrence may be noticed and still not count as missed.
const ON_TIME: TimeDelta = TimeDelta::seconds(60);

/// Fires due schedules for ever, whenever the alarm goes off.
pub(crate) async fn run(tasker: Tasker, store: Arc<dyn Store>, alarm: Alarm) {
    loop {
        alarm.wait().await;
        let again = pass(&tasker, store.as_ref()).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not look at the schedules; trying again");
            Some(TRY_AGAIN)
        });
        if let Some(again) = again {
            alarm.within(again);
        }
        tokio::time::sleep(MOMENT).await;
    }
}

/// Fires what is due now, and says how long until the next look; the lookout notices what changes until then.
async fn pass(tasker: &Tasker, store: &dyn Store) -> Result<Option<Duration>> {
    let (due, ours) = look(tasker, store).await?;
    let mut again: Vec<Duration> = due.next_in.into_iter().collect();
    if due.more {
        again.push(Duration::ZERO);
    }
    let mut steps = Vec::with_capacity(ours.len());
    for (task, schedule) in ours {
        match step(task, &schedule, due.now) {
            Ok(step) => steps.push(step),
            Err(error) => {
                tracing::warn!(schedule = schedule.name, %error, "could not fire; trying again");
                again.push(TRY_AGAIN);
            }
        }
    }
    for together in steps.chunks(TOGETHER) {
        again.extend(fire(store, together, due.now).await);
    }
    Ok(again.into_iter().min())
}

/// The schedules to look at, and those of them that are ours to fire: one of another binary's task is that binary's.
async fn look(
    tasker: &Tasker,
    store: &dyn Store,
) -> Result<(DueSchedules, Vec<(&'static TaskDefinition, Schedule)>)> {
    let mut limit = BATCH;
    loop {
        let mut due = store.due(limit).await?;
        let ours: Vec<_> = (due.schedules.drain(..))
            .filter_map(|schedule| Some((tasker.registry().get(&schedule.alias)?, schedule)))
            .collect();
        if !ours.is_empty() || !due.more {
            return Ok((due, ours));
        }
        // So many of others stand before ours.
        limit = limit.saturating_mul(2);
    }
}

/// A step of a schedule, on its way to the store.
struct Step {
    name: String,
    next: Option<Instant>,
    fire: Fire,
}

/// Makes steps: together, or each alone where that fails for good. Says how long until the next look.
fn fire<'a>(
    store: &'a dyn Store,
    steps: &'a [Step],
    now: Instant,
) -> BoxFuture<'a, Option<Duration>> {
    Box::pin(async move {
        let all = steps.iter().map(|step| step.fire.clone()).collect();
        match store.fire_all(all).await {
            Ok(fired) => {
                let again = steps.iter().zip(fired);
                again
                    .filter_map(|(step, fired)| step.after(&fired, now))
                    .min()
            }
            Err(error) if steps.len() > 1 && !error.is_transient() => {
                let mut again = None;
                for step in steps {
                    let within = fire(store, slice::from_ref(step), now).await;
                    again = again.into_iter().chain(within).min();
                }
                again
            }
            Err(error) => {
                let schedule = steps.first().map(|step| step.name.as_str());
                let count = steps.len();
                tracing::warn!(schedule, count, %error, "could not fire; trying again");
                Some(TRY_AGAIN)
            }
        }
    })
}

impl Step {
    /// How long until the next look, after it came to this.
    fn after(&self, fired: &Fired, now: Instant) -> Option<Duration> {
        match fired {
            Fired::Applied { jobs } => {
                if *jobs > 0 {
                    tracing::debug!(schedule = self.name, jobs, "fired");
                }
                self.next
                    .map(|next| (next - now).to_std().unwrap_or_default())
            }
            // Somebody else took this step: where it stands now, the next look says.
            Fired::Stale => Some(Duration::ZERO),
        }
    }
}

/// The step of a schedule that is due. An error is why its jobs cannot be made.
fn step(task: &'static TaskDefinition, schedule: &Schedule, now: Instant) -> Result<Step> {
    let Plan { occurrences, then } = plan(schedule, now).unwrap_or_else(|reason| {
        tracing::error!(schedule = schedule.name, reason, "this schedule is broken");
        Plan {
            occurrences: Vec::new(),
            then: Then::Broken(reason),
        }
    });
    let jobs = occurrences
        .into_iter()
        .map(|planned| job(task, schedule, planned))
        .collect::<Result<Vec<_>>>()?;
    let next = match then {
        Then::Next(at) => Some(at),
        Then::Completed | Then::Broken(_) => None,
    };
    let fire = Fire {
        schedule: schedule.id,
        version: schedule.version,
        jobs,
        overlap: schedule.overlap,
        then,
    };
    Ok(Step {
        name: schedule.name.clone(),
        next,
        fire,
    })
}

fn job(task: &'static TaskDefinition, schedule: &Schedule, planned: Planned) -> Result<NewJob> {
    let fields = params::parse(&schedule.params)
        .map_err(|source| crate::enqueue::params_error(task.alias, source))?;
    let mut job = new_job(task, &fields)?;
    keep_while_held(&mut job);
    let occurrence = Occurrence {
        schedule: schedule.id,
        at: planned.at,
    };
    job.id = JobId::of_occurrence(occurrence);
    job.occurrence = Some(occurrence);
    job.missed = planned.missed;
    if let Some(queue) = &schedule.queue {
        job.queue = queue.clone();
    }
    Ok(job)
}

/// What a schedule comes to.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// The occurrences to make jobs of now, oldest first; what waited is the first.
    occurrences: Vec<Planned>,
    then: Then,
}

/// An occurrence that is to become a job.
#[derive(Debug, PartialEq, Eq)]
struct Planned {
    at: Instant,
    /// Earlier ones that it stands for too, oldest first.
    missed: Vec<Instant>,
}

/// What is to be made of a schedule now. An error is why nothing can be, ever.
fn plan(schedule: &Schedule, now: Instant) -> Result<Plan, String> {
    let waiting = schedule.waiting.iter().map(|waiting| Planned {
        at: waiting.at,
        missed: waiting.missed.clone(),
    });
    let mut occurrences: Vec<Planned> = waiting.collect();
    if schedule.state == ScheduleState::Completed {
        let then = Then::Completed;
        return Ok(Plan { occurrences, then });
    }
    if let Some(at) = schedule.next_run_at.filter(|at| *at > now) {
        let then = Then::Next(at);
        return Ok(Plan { occurrences, then });
    }
    let stored = Stored::of(schedule).map_err(|message| message.to_string())?;
    let next = match schedule.next_run_at {
        // New, or its rule changed: it fires for no moment before this one.
        None => stored.next(now).map_err(|message| message.to_string())?,
        Some(_) if stored.is_over(now, ON_TIME) => None,
        Some(due) => {
            let last = due - TimeDelta::microseconds(1);
            let most = jobs_at_most(schedule.catch_up).saturating_add(limits::MISSED);
            let passed = missed(&stored.rule, stored.tz, last, stored.until(now), most)
                .map_err(|message| message.to_string())?;
            let next = stored.before_end(passed.next);
            occurrences.extend(caught_up(schedule.catch_up, passed, now));
            next
        }
    };
    let then = next.map_or(Then::Completed, Then::Next);
    Ok(Plan { occurrences, then })
}

fn jobs_at_most(catch_up: CatchUp) -> usize {
    match catch_up {
        CatchUp::Skip | CatchUp::Once => 1,
        CatchUp::All { max } => max.max(1) as usize,
    }
}

/// Which of the occurrences that passed become jobs; the first of them stands for the older ones too.
fn caught_up(catch_up: CatchUp, passed: Missed, now: Instant) -> Vec<Planned> {
    let mut missed = passed.occurrences;
    let made = missed.len().saturating_sub(jobs_at_most(catch_up));
    let mut made = missed.split_off(made);
    if catch_up == CatchUp::Skip {
        made.retain(|at| now - *at <= ON_TIME);
        missed.clear();
    }
    let mut missed = Some(missed);
    let planned = made.into_iter().map(|at| Planned {
        at,
        missed: missed.take().unwrap_or_default(),
    });
    planned.collect()
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use tasker_store::{Overlap, ScheduleId, ScheduleSource, Waiting};

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    fn hourly(catch_up: CatchUp, next_run_at: Option<&str>) -> Schedule {
        Schedule {
            id: ScheduleId::generate(),
            name: "report".into(),
            description: String::new(),
            source: ScheduleSource::Code,
            queue: None,
            start_at: None,
            end_at: None,
            max_executions: None,
            extra_jobs: 0,
            last_outcome: None,
            last_error: None,
            last_ended_at: None,
            deleted_at: None,
            alias: "report".into(),
            rule: "hourly".into(),
            tz: "UTC".into(),
            params: "{}".into(),
            catch_up,
            overlap: Overlap::Allow,
            state: ScheduleState::Active,
            error: None,
            created_at: at("2025-06-01T00:00:00Z"),
            next_run_at: next_run_at.map(at),
            last_run_at: None,
            waiting: None,
            executions: 0,
            seen_at: at("2025-06-01T00:00:00Z"),
            version: 1,
        }
    }

    fn hour(hour: u32) -> Instant {
        at(&format!("2025-06-01T{hour:02}:00:00Z"))
    }

    fn hours(hours: RangeInclusive<u32>) -> Vec<Instant> {
        hours.map(hour).collect()
    }

    /// The hours of the jobs, with the hours that each stands for besides.
    fn planned(schedule: &Schedule, now: Instant) -> (Vec<(Instant, Vec<Instant>)>, Then) {
        let plan = plan(schedule, now).expect("the rule is right");
        let occurrences = plan.occurrences.into_iter();
        let jobs = occurrences.map(|planned| (planned.at, planned.missed));
        (jobs.collect(), plan.then)
    }

    /// X-D13.
    #[test]
    fn a_new_schedule_fires_for_no_moment_before_it_existed() {
        let plan = planned(&hourly(CatchUp::Once, None), at("2025-06-01T12:00:01Z"));
        assert_eq!(plan, (vec![], Then::Next(hour(13))));
    }

    /// X-D10, Q-26.
    #[test]
    fn six_hours_of_outage_follow_the_policy() {
        let due = Some("2025-06-01T06:00:00Z");
        let now = at("2025-06-01T12:30:00Z");
        let of = |catch_up| {
            let (jobs, then) = planned(&hourly(catch_up, due), now);
            assert_eq!(then, Then::Next(hour(13)));
            jobs
        };
        assert_eq!(of(CatchUp::Skip), []);
        assert_eq!(of(CatchUp::Once), [(hour(12), hours(6..=11))]);
        let three = [
            (hour(10), hours(6..=9)),
            (hour(11), vec![]),
            (hour(12), vec![]),
        ];
        assert_eq!(of(CatchUp::All { max: 3 }), three);
        let all: Vec<_> = hours(6..=12).into_iter().map(|at| (at, vec![])).collect();
        assert_eq!(of(CatchUp::All { max: 100 }), all);
        assert_eq!(
            of(CatchUp::All { max: 0 }),
            of(CatchUp::Once),
            "at least one"
        );
    }

    /// However long nobody was there, the work and the list are bounded.
    #[test]
    fn a_year_of_outage_makes_one_job_with_a_bounded_list() {
        let mut every = hourly(CatchUp::Once, Some("2024-06-01T00:00:00Z"));
        every.rule = "every 1s".into();
        let now = at("2025-06-01T00:00:00.5Z");
        let (jobs, then) = planned(&every, now);
        let second = |second| hour(0) - TimeDelta::seconds(second);
        let missed = (1..=100).rev().map(second).collect();
        assert_eq!(jobs, [(hour(0), missed)]);
        assert_eq!(then, Then::Next(at("2025-06-01T00:00:01Z")));
        every.catch_up = CatchUp::All { max: 3 };
        let (jobs, _) = planned(&every, now);
        let moments: Vec<Instant> = jobs.iter().map(|(at, _)| *at).collect();
        assert_eq!(moments, [second(2), second(1), second(0)], "oldest first");
        let missed: Vec<Instant> = (3..=102).rev().map(second).collect();
        assert_eq!(jobs[0].1, missed);
    }

    #[test]
    fn a_tick_that_is_a_minute_late_is_not_missed() {
        let due = Some("2025-06-01T12:00:00Z");
        let skip = hourly(CatchUp::Skip, due);
        let late = planned(&skip, at("2025-06-01T12:01:00Z"));
        assert_eq!(late, (vec![(hour(12), vec![])], Then::Next(hour(13))));
        let later = planned(&skip, at("2025-06-01T12:01:01Z"));
        assert_eq!(later, (vec![], Then::Next(hour(13))));
    }

    /// The store's clock may be set back: nothing fires twice, and nothing waits longer than until the same moment.
    #[test]
    fn a_clock_that_was_set_back_waits_for_the_next_occurrence() {
        let early = hourly(CatchUp::Once, Some("2025-06-01T13:00:00Z"));
        let plan = planned(&early, at("2025-06-01T11:30:00Z"));
        assert_eq!(plan, (vec![], Then::Next(hour(13))));
    }

    #[test]
    fn what_waits_is_made_before_what_is_due() {
        let mut schedule = hourly(CatchUp::Once, Some("2025-06-01T13:00:00Z"));
        let waiting = Waiting {
            at: hour(12),
            missed: hours(10..=11),
        };
        schedule.waiting = Some(waiting);
        let first = (hour(12), hours(10..=11));
        let alone = planned(&schedule, at("2025-06-01T12:30:00Z"));
        assert_eq!(alone, (vec![first.clone()], Then::Next(hour(13))));
        let both = planned(&schedule, at("2025-06-01T13:00:00Z"));
        let second = (hour(13), vec![]);
        assert_eq!(both, (vec![first.clone(), second], Then::Next(hour(14))));
        schedule.state = ScheduleState::Completed;
        schedule.next_run_at = None;
        let last = planned(&schedule, at("2025-06-01T15:00:00Z"));
        assert_eq!(last, (vec![first], Then::Completed));
    }

    /// X-D11: restarts leave no trace, since the grid is the calendar's and not the process's.
    #[test]
    fn a_day_is_kept_whatever_the_restarts() {
        let mut daily = hourly(CatchUp::Once, None);
        daily.rule = "every 24h".into();
        let mut runs = Vec::new();
        for half_day in 0..20 {
            let now = at("2025-06-01T07:00:00Z") + TimeDelta::hours(12 * half_day);
            let (jobs, then) = planned(&daily, now);
            runs.extend(jobs.into_iter().map(|(at, _)| at));
            let Then::Next(next) = then else {
                panic!("it goes on for ever: {then:?}");
            };
            daily.next_run_at = Some(next);
        }
        let days = (1..=9).map(|day| hour(0) + TimeDelta::days(day));
        assert_eq!(runs, days.collect::<Vec<_>>());
    }

    /// D-46: nothing runs after the end, and a late look makes up for nothing.
    #[test]
    fn past_its_end_it_is_completed_without_a_run() {
        let ending = |next: Option<&str>, end: &str| Schedule {
            end_at: Some(at(end)),
            ..hourly(CatchUp::Once, next)
        };
        let over = (vec![], Then::Completed);
        let new = ending(None, "2025-06-01T11:59:59Z");
        assert_eq!(planned(&new, at("2025-06-01T11:00:00Z")), over);
        let due = ending(Some("2025-06-01T11:00:00Z"), "2025-06-01T11:30:00Z");
        assert_eq!(planned(&due, at("2025-06-01T12:30:00Z")), over);
        let last = (vec![(hour(11), vec![])], Then::Completed);
        assert_eq!(planned(&due, at("2025-06-01T11:00:01Z")), last);
        let just = ending(Some("2025-06-01T12:00:00Z"), "2025-06-01T12:00:00Z");
        let last = (vec![(hour(12), vec![])], Then::Completed);
        assert_eq!(planned(&just, at("2025-06-01T12:00:59Z")), last);
        let soon = ending(Some("2025-06-01T11:00:00Z"), "2025-06-01T12:00:00Z");
        let next = Then::Next(at("2025-06-01T12:00:00Z"));
        let first = (vec![(hour(11), vec![])], next);
        assert_eq!(planned(&soon, at("2025-06-01T11:00:01Z")), first);
    }

    /// D-35.
    #[test]
    fn a_start_is_the_first_occurrence_of_the_grid_it_begins() {
        let every = |rule: &str| Schedule {
            rule: rule.into(),
            start_at: Some(at("2024-10-28T10:00:00Z")),
            ..hourly(CatchUp::Once, None)
        };
        for (rule, expected) in [
            ("every 1d", "2024-10-29T10:00:00Z"),
            ("every 2d", "2024-10-30T10:00:00Z"),
            ("every 3d", "2024-10-31T10:00:00Z"),
            ("daily 10:00", "2024-10-29T10:00:00Z"),
        ] {
            let plan = planned(&every(rule), at("2024-10-29T00:00:00Z"));
            assert_eq!(plan, (vec![], Then::Next(at(expected))), "{rule}");
        }
        let early = planned(&every("every 2d"), at("2024-10-01T00:00:00Z"));
        let start = Then::Next(at("2024-10-28T10:00:00Z"));
        assert_eq!(early, (vec![], start));
    }

    /// D-42, X-D7.
    #[test]
    fn a_rule_or_zone_that_fails_is_told() {
        let mut broken = hourly(CatchUp::Once, None);
        broken.tz = "Europe/Lodnon".into();
        let reason = plan(&broken, at("2025-06-01T12:00:00Z")).unwrap_err();
        assert!(reason.contains("Europe/London"), "{reason}");
    }
}
