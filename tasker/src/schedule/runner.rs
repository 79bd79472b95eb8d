//! The schedule runner: turns due occurrences into jobs.
//!
//! In: the store's active schedules that are due, and the store's clock. Out: for each one step, `Store::fire`:
//! the jobs of what is due and the next occurrence, in one transaction and only if nobody was faster. So any number
//! of processes may run it. What to make of occurrences that passed is decided by [`plan`], which is pure. An error of
//! one schedule holds up no other.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tasker_store::{
    CatchUp, Fire, Fired, Instant, NewJob, Occurrence, Overlap, Schedule, Store, Then,
};

use super::{Missed, Rule, missed, next, zone};
use crate::client::Tasker;
use crate::enqueue::new_job;
use crate::error::Result;
use crate::maintenance::{Alarm, MOMENT, TRY_AGAIN};
use crate::task::TaskDefinition;
use crate::task::params;
use crate::task::unique::keep_while_held;

/// Schedules looked at in one go.
const BATCH: u32 = 1_000;
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
    let due = store.due(BATCH).await?;
    let mut again: Vec<Duration> = due.next_in.into_iter().collect();
    if due.more {
        again.push(Duration::ZERO);
    }
    for schedule in due.schedules {
        // A schedule of another binary's task is that binary's to fire.
        let Some(task) = tasker.registry().get(&schedule.alias) else {
            continue;
        };
        let name = schedule.name.clone();
        match fire(store, task, schedule, due.now).await {
            Ok((Fired::Applied { jobs }, next)) => {
                if jobs > 0 {
                    tracing::debug!(schedule = name, jobs, "fired");
                }
                again.extend(next.map(|next| (next - due.now).to_std().unwrap_or_default()));
            }
            // Somebody else took this step: where it stands now, the next look says.
            Ok((Fired::Stale, _)) => again.push(Duration::ZERO),
            Err(error) => {
                tracing::warn!(schedule = name, %error, "could not fire; trying again");
                again.push(TRY_AGAIN);
            }
        }
    }
    Ok(again.into_iter().min())
}

/// Takes one step of a schedule; gives its next occurrence too.
async fn fire(
    store: &dyn Store,
    task: &'static TaskDefinition,
    schedule: Schedule,
    now: Instant,
) -> Result<(Fired, Option<Instant>)> {
    let (occurrences, then) = plan(&schedule, now).unwrap_or_else(|reason| {
        tracing::error!(schedule = schedule.name, reason, "this schedule is broken");
        (Vec::new(), Then::Broken(reason))
    });
    let jobs = occurrences
        .into_iter()
        .map(|at| job(task, &schedule, at))
        .collect::<Result<Vec<_>>>()?;
    let next = match then {
        Then::Next(at) => Some(at),
        Then::Completed | Then::Broken(_) => None,
    };
    let step = Fire {
        schedule: schedule.id,
        version: schedule.version,
        jobs,
        skip_if_unfinished: schedule.overlap == Overlap::Skip,
        then,
    };
    Ok((store.fire(step).await?, next))
}

fn job(task: &'static TaskDefinition, schedule: &Schedule, at: Instant) -> Result<NewJob> {
    let fields = params::parse(&schedule.params)
        .map_err(|source| crate::enqueue::params_error(task.alias, source))?;
    let mut job = new_job(task, &fields)?;
    keep_while_held(&mut job);
    job.occurrence = Some(Occurrence {
        schedule: schedule.id,
        at,
    });
    Ok(job)
}

/// The occurrences to make jobs of now, oldest first, and where the schedule stands then. An error is why it never
/// can again.
fn plan(schedule: &Schedule, now: Instant) -> Result<(Vec<Instant>, Then), String> {
    let mut rule = (Rule::parse(&schedule.rule).map_err(|message| message.to_string())?)
        .seeded(&schedule.name);
    if rule.needs_start() {
        rule = rule.anchored(schedule.created_at);
    }
    let tz = zone(&schedule.tz).map_err(|message| message.to_string())?;
    let then = |next: Option<Instant>| next.map_or(Then::Completed, Then::Next);
    let Some(due) = schedule.next_run_at else {
        // New, or its rule changed: it fires for no moment before this one.
        let first = next(&rule, tz, now).map_err(|message| message.to_string())?;
        return Ok((Vec::new(), then(first)));
    };
    let most = match schedule.catch_up {
        CatchUp::Skip | CatchUp::Once => 1,
        CatchUp::All { max } => max.max(1) as usize,
    };
    let before = due - TimeDelta::microseconds(1);
    let Missed {
        mut occurrences,
        next,
        ..
    } = missed(&rule, tz, before, now, most).map_err(|message| message.to_string())?;
    if schedule.catch_up == CatchUp::Skip {
        occurrences.retain(|at| now - *at <= ON_TIME);
    }
    Ok((occurrences, then(next)))
}

#[cfg(test)]
mod tests {
    use tasker_store::{ScheduleId, ScheduleState};

    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    fn hourly(catch_up: CatchUp, next_run_at: Option<&str>) -> Schedule {
        Schedule {
            id: ScheduleId::generate(),
            name: "report".into(),
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
            executions: 0,
            seen_at: at("2025-06-01T00:00:00Z"),
            version: 1,
        }
    }

    #[test]
    fn a_new_schedule_fires_for_no_moment_before_it_existed() {
        let plan = plan(&hourly(CatchUp::Once, None), at("2025-06-01T12:00:01Z"));
        assert_eq!(plan, Ok((vec![], Then::Next(at("2025-06-01T13:00:00Z")))));
    }

    #[test]
    fn six_hours_of_outage_follow_the_policy() {
        let due = Some("2025-06-01T06:00:00Z");
        let now = at("2025-06-01T12:30:00Z");
        let next = Then::Next(at("2025-06-01T13:00:00Z"));
        let hours = |hours: std::ops::RangeInclusive<u32>| {
            hours
                .map(|hour| at(&format!("2025-06-01T{hour:02}:00:00Z")))
                .collect::<Vec<_>>()
        };
        let skip = plan(&hourly(CatchUp::Skip, due), now);
        assert_eq!(skip, Ok((vec![], next.clone())));
        let once = plan(&hourly(CatchUp::Once, due), now);
        assert_eq!(once, Ok((hours(12..=12), next.clone())));
        let three = plan(&hourly(CatchUp::All { max: 3 }, due), now);
        assert_eq!(three, Ok((hours(10..=12), next.clone())));
        let all = plan(&hourly(CatchUp::All { max: 100 }, due), now);
        assert_eq!(all, Ok((hours(6..=12), next)));
    }

    #[test]
    fn a_tick_that_is_a_minute_late_is_not_missed() {
        let due = Some("2025-06-01T12:00:00Z");
        let late = plan(&hourly(CatchUp::Skip, due), at("2025-06-01T12:00:59Z"));
        assert_eq!(
            late,
            Ok((
                vec![at("2025-06-01T12:00:00Z")],
                Then::Next(at("2025-06-01T13:00:00Z"))
            ))
        );
    }

    #[test]
    fn a_rule_or_zone_that_fails_is_told() {
        let mut broken = hourly(CatchUp::Once, None);
        broken.tz = "Europe/Lodnon".into();
        let reason = plan(&broken, at("2025-06-01T12:00:00Z")).unwrap_err();
        assert!(reason.contains("Europe/London"), "{reason}");
    }
}
