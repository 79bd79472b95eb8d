//! Unique jobs: for how long a key is held.

use super::Case;
use super::bench::{Bench, LEASE, at, failed, job, retry_in, secs, snooze_in, succeeded};
use super::schedules::{fire, occurrence, planned, schedule};
use super::unique::{existing, keyed, told, with};
use crate::admin::Changed;
use crate::capability::Capability;
use crate::clock::{Due, Instant};
use crate::job::{Enqueued, JobId, Keep, NewJob, Retention};
use crate::query::JobQuery;
use crate::schedule::{Fired, Then};
use crate::settle::Outcome;
use crate::state::JobState;
use crate::unique::{Holds, OnConflict, Unique};

/// The first full hour after a case begins, in seconds from there.
const HOUR: i64 = 3_200;

pub(super) fn cases() -> Vec<Case> {
    let found = chapter!(
        "keys",
        &[Capability::Queries],
        [the_holder_of_a_key_is_found]
    );
    let held = chapter!(
        "keys",
        &[],
        [
            x_e4_a_job_on_its_way_never_meets_itself,
            x_e4_a_job_that_let_go_never_takes_its_key_again,
            x_e6_a_job_that_was_told_to_end_holds_its_key_until_it_has,
            x_e6_a_job_that_was_told_to_end_holds_its_key_until_its_lease_is_over,
            x_e7_a_period_follows_the_planned_time,
            x_e7_an_occurrence_counts_for_its_own_period,
            every_end_lets_go_of_a_key_held_until_then,
            a_key_is_held_after_the_ends_it_was_asked_for,
            a_key_that_is_held_while_kept_goes_with_its_job,
            a_job_deleted_when_it_ends_holds_nothing,
            a_success_counts_for_its_period_and_a_failure_does_not,
            a_period_makes_another_key,
            a_replaced_job_holds_its_key_as_the_new_one_asks,
            a_rerun_goes_on_without_its_key,
            a_deleted_job_is_restored_without_its_key,
            a_step_of_a_schedule_meets_a_key_without_harm,
        ]
    );
    [held, found].concat()
}

fn held(key: &str, holds: Holds) -> NewJob {
    with(Unique {
        holds,
        ..Unique::new(key)
    })
}

/// The job holds the key `k` and is in this state.
async fn holds(b: &Bench, id: JobId, state: JobState) {
    let job = b.job(id).await;
    assert_eq!(job.state, state);
    assert_eq!(b.fate(keyed("k")).await, existing(&job), "while {state}");
}

/// Nobody holds the key `k`: another job takes it, and is taken away again.
async fn is_free(b: &Bench) {
    let fate = b.fate(keyed("k")).await;
    let ("new", Some(id)) = told(&fate) else {
        panic!("the key is held: {fate:?}");
    };
    b.store.delete(id, true).await.expect("delete");
}

async fn x_e4_a_job_on_its_way_never_meets_itself(b: Bench) {
    let later = NewJob {
        due: Due::In(secs(10)),
        max_attempts: None,
        ..keyed("k")
    };
    let id = b.add(later).await;
    holds(&b, id, JobState::Scheduled).await;
    b.store.pause(id).await.expect("pause");
    holds(&b, id, JobState::Paused).await;
    b.store.resume(id).await.expect("resume");
    b.advance(10);
    b.store.promote(10).await.expect("promote");
    holds(&b, id, JobState::Queued).await;
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    holds(&b, id, JobState::Running).await;
    b.end(worker, &claimed, retry_in(10)).await;
    holds(&b, id, JobState::Retrying).await;
    b.advance(10);
    b.store.promote(10).await.expect("promote");
    holds(&b, id, JobState::Queued).await;
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, snooze_in(5)).await;
    holds(&b, id, JobState::Scheduled).await;
    b.advance(5);
    b.store.promote(10).await.expect("promote");
    let claimed = b.take(worker).await;
    let lease = vec![claimed.lease()];
    b.store.release(lease, Due::Now).await.expect("release");
    holds(&b, id, JobState::Queued).await;
    b.take(worker).await;
    b.advance(LEASE + 1);
    assert_eq!(b.store.rescue(10).await.expect("rescue").done, 1);
    holds(&b, id, JobState::Queued).await;
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, succeeded()).await;
    assert_eq!(b.state(id).await, JobState::Succeeded);
    is_free(&b).await;
}

async fn x_e4_a_job_that_let_go_never_takes_its_key_again(b: Bench) {
    let new = NewJob {
        max_attempts: None,
        ..held("k", Holds::UNTIL_STARTED)
    };
    let (worker, first) = b.running(new).await;
    // Another takes the key, and the first goes on its way past it.
    let later = NewJob {
        due: Due::In(secs(3600)),
        ..held("k", Holds::UNTIL_STARTED)
    };
    let second = b.add(later).await;
    b.end(worker, &first, retry_in(10)).await;
    holds(&b, second, JobState::Scheduled).await;
    b.store.pause(first.id).await.expect("pause");
    b.store.resume(first.id).await.expect("resume");
    b.advance(10);
    b.store.promote(10).await.expect("promote");
    assert_eq!(b.state(first.id).await, JobState::Queued);
    let again = b.take(worker).await;
    assert_eq!(again.id, first.id);
    b.end(worker, &again, snooze_in(0)).await;
    let again = b.take(worker).await;
    let lease = vec![again.lease()];
    b.store.release(lease, Due::Now).await.expect("release");
    b.take(worker).await;
    b.advance(LEASE + 1);
    assert_eq!(b.store.rescue(10).await.expect("rescue").done, 1);
    assert_eq!(b.state(first.id).await, JobState::Queued);
    let worker = b.worker().await;
    let again = b.take(worker).await;
    b.end(worker, &again, succeeded()).await;
    holds(&b, second, JobState::Scheduled).await;
}

async fn x_e6_a_job_that_was_told_to_end_holds_its_key_until_it_has(b: Bench) {
    let (worker, claimed) = b.running(keyed("k")).await;
    let asked = b.store.cancel(claimed.id).await.expect("cancel");
    assert_eq!(asked, Changed::Requested);
    holds(&b, claimed.id, JobState::Running).await;
    b.end(worker, &claimed, succeeded()).await;
    assert_eq!(b.state(claimed.id).await, JobState::Canceled);
    is_free(&b).await;
}

async fn x_e6_a_job_that_was_told_to_end_holds_its_key_until_its_lease_is_over(b: Bench) {
    let (_, claimed) = b.running(keyed("k")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    b.advance(LEASE - 1);
    b.store.rescue(10).await.expect("rescue");
    holds(&b, claimed.id, JobState::Running).await;
    b.advance(2);
    b.store.rescue(10).await.expect("rescue");
    assert_eq!(b.state(claimed.id).await, JobState::Canceled);
    is_free(&b).await;
}

async fn x_e7_a_period_follows_the_planned_time(b: Bench) {
    let hourly = |due| NewJob {
        due,
        ..with(Unique::within("k", secs(3600)))
    };
    let at_hour = |hours: i64, seconds: i64| Due::At(at(HOUR + hours * 3600 + seconds));
    let first = b.add(hourly(at_hour(2, 0))).await;
    // The same call at the same moment, for another hour.
    assert_eq!(told(&b.fate(hourly(at_hour(1, 3599))).await).0, "new");
    assert_eq!(told(&b.fate(hourly(at_hour(3, 0))).await).0, "new");
    assert_eq!(told(&b.fate(hourly(Due::Now)).await).0, "new");
    let last = hourly(at_hour(2, 3599));
    assert_eq!(told(&b.fate(last).await), ("existing", Some(first)));
    // Later calls for the same hour.
    b.advance(3600);
    let relative = hourly(Due::In(secs(HOUR as u64 + 3600 + 30)));
    assert_eq!(told(&b.fate(relative).await), ("existing", Some(first)));
    let replacing = with(Unique {
        on_conflict: OnConflict::Reschedule,
        ..Unique::within("k", secs(3600))
    });
    let replacing = NewJob {
        due: at_hour(2, 60),
        ..replacing
    };
    assert_eq!(told(&b.fate(replacing).await), ("rescheduled", Some(first)));
    let again = hourly(at_hour(2, 0));
    assert_eq!(told(&b.fate(again).await), ("existing", Some(first)));
}

async fn x_e7_an_occurrence_counts_for_its_own_period(b: Bench) {
    let read = planned(&b, "hello", HOUR + 3590).await;
    let hourly = |planned: Instant| NewJob {
        unique: Some(Unique::within("k", secs(3600))),
        ..occurrence(&read, planned)
    };
    // Both are noticed late, in one go.
    b.advance(HOUR as u64 + 7200);
    let jobs = vec![hourly(at(HOUR + 3590)), hourly(at(HOUR + 3600))];
    let fired = fire(&b, &read, jobs, Then::Completed).await;
    assert_eq!(fired, Fired::Applied { jobs: 2 });
}

async fn every_end_lets_go_of_a_key_held_until_then(b: Bench) {
    let canceled = Outcome::Canceled(super::bench::failure("enough"));
    for outcome in [succeeded(), failed(), canceled] {
        b.ended(keyed("k"), outcome).await;
        is_free(&b).await;
    }
    let id = b.add(keyed("k")).await;
    b.store.cancel(id).await.expect("cancel");
    is_free(&b).await;
    let last = NewJob {
        max_attempts: Some(1),
        ..keyed("k")
    };
    let (_, claimed) = b.running(last).await;
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    assert_eq!(b.state(claimed.id).await, JobState::Failed);
    is_free(&b).await;
}

async fn a_key_is_held_after_the_ends_it_was_asked_for(b: Bench) {
    let canceled = Outcome::Canceled(super::bench::failure("enough"));
    let ends = [
        (succeeded(), JobState::Succeeded),
        (failed(), JobState::Failed),
        (canceled, JobState::Canceled),
    ];
    for (outcome, state) in &ends {
        let asked = Holds::UNTIL_FINISHED.and_after(*state);
        let id = b.ended(held("k", asked), outcome.clone()).await;
        holds(&b, id, *state).await;
        b.store.delete(id, true).await.expect("delete");
        for (other, _) in ends.iter().filter(|(_, other)| other != state) {
            b.ended(held("k", asked), other.clone()).await;
            is_free(&b).await;
        }
    }
    // One that never started ends too.
    let id = b.add(held("k", Holds::WHILE_KEPT)).await;
    b.store.cancel(id).await.expect("cancel");
    holds(&b, id, JobState::Canceled).await;
}

async fn a_key_that_is_held_while_kept_goes_with_its_job(b: Bench) {
    let new = NewJob {
        retention: Retention {
            succeeded: Keep::For(secs(60)),
            unsuccessful: Keep::Forever,
        },
        ..held("k", Holds::WHILE_KEPT)
    };
    let id = b.ended(new, succeeded()).await;
    b.advance(59);
    b.store.prune(10).await.expect("prune");
    holds(&b, id, JobState::Succeeded).await;
    b.advance(1);
    b.store.prune(10).await.expect("prune");
    assert_eq!(b.find(id).await, None);
    is_free(&b).await;
}

async fn a_job_deleted_when_it_ends_holds_nothing(b: Bench) {
    let new = NewJob {
        retention: Retention {
            succeeded: Keep::For(secs(0)),
            unsuccessful: Keep::For(secs(0)),
        },
        ..held("k", Holds::WHILE_KEPT)
    };
    let (worker, claimed) = b.running(new.clone()).await;
    b.end(worker, &claimed, succeeded()).await;
    is_free(&b).await;
    let again = NewJob {
        id: JobId::generate(),
        ..new
    };
    let id = b.add(again).await;
    b.store.cancel(id).await.expect("cancel");
    is_free(&b).await;
}

async fn a_success_counts_for_its_period_and_a_failure_does_not(b: Bench) {
    b.advance(HOUR as u64);
    let hourly = || with(Unique::within("k", secs(3600)));
    b.ended(hourly(), failed()).await;
    let id = b.ended(hourly(), succeeded()).await;
    b.advance(3599);
    assert_eq!(b.fate(hourly()).await, existing(&b.job(id).await));
    b.advance(1);
    assert_eq!(told(&b.fate(hourly()).await).0, "new", "the next hour");
}

async fn a_period_makes_another_key(b: Bench) {
    let id = b.add(keyed("k")).await;
    let hourly = b.add(with(Unique::within("k", secs(3600)))).await;
    let daily = b.add(with(Unique::within("k", secs(86_400)))).await;
    for (new, holder) in [
        (Unique::new("k"), id),
        (Unique::within("k", secs(3600)), hourly),
        (Unique::within("k", secs(86_400)), daily),
    ] {
        assert_eq!(told(&b.fate(with(new)).await), ("existing", Some(holder)));
    }
}

async fn a_replaced_job_holds_its_key_as_the_new_one_asks(b: Bench) {
    let id = b.add(held("k", Holds::UNTIL_STARTED)).await;
    let longer = Unique {
        holds: Holds::WHILE_KEPT,
        on_conflict: OnConflict::Replace,
        ..Unique::new("k")
    };
    assert_eq!(told(&b.fate(with(longer)).await), ("replaced", Some(id)));
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    holds(&b, id, JobState::Running).await;
    b.end(worker, &claimed, succeeded()).await;
    holds(&b, id, JobState::Succeeded).await;
}

async fn a_rerun_goes_on_without_its_key(b: Bench) {
    for asked in [Holds::UNTIL_FINISHED, Holds::WHILE_KEPT] {
        let id = b.ended(held("k", asked), failed()).await;
        b.store.rerun(id).await.expect("rerun");
        assert_eq!(b.state(id).await, JobState::Queued);
        // Another has the key while the first runs, and ends, again.
        let other = NewJob {
            due: Due::In(secs(3600)),
            ..keyed("k")
        };
        let other = b.add(other).await;
        let worker = b.worker().await;
        let claimed = b.take(worker).await;
        b.end(worker, &claimed, succeeded()).await;
        b.store.rerun(id).await.expect("rerun");
        b.store.cancel(id).await.expect("cancel");
        holds(&b, other, JobState::Scheduled).await;
        b.store.delete(other, true).await.expect("delete");
    }
    // One that was canceled before its first start, while another has its key.
    let id = b.add(keyed("k")).await;
    b.store.cancel(id).await.expect("cancel");
    let other = b.add(keyed("k")).await;
    assert_eq!(
        b.store.rerun(id).await.expect("rerun"),
        Changed::Now(JobState::Queued)
    );
    holds(&b, other, JobState::Queued).await;
}

async fn a_deleted_job_is_restored_without_its_key(b: Bench) {
    let id = b.add(keyed("k")).await;
    b.store.delete(id, true).await.expect("delete");
    let other = b.add(keyed("k")).await;
    b.store.delete(id, false).await.expect("restore");
    assert_eq!(b.state(id).await, JobState::Queued);
    holds(&b, other, JobState::Queued).await;
    b.store.delete(other, true).await.expect("delete");
    is_free(&b).await;
    assert_eq!(b.state(id).await, JobState::Queued);
}

async fn a_step_of_a_schedule_meets_a_key_without_harm(b: Bench) {
    let there = b.add(keyed("k")).await;
    let read = planned(&b, "hello", 60).await;
    b.advance(65);
    let unique = |planned: Instant| NewJob {
        unique: Some(Unique::new("k")),
        ..occurrence(&read, planned)
    };
    let fired = fire(&b, &read, vec![unique(at(60))], Then::Next(at(120))).await;
    assert_eq!(fired, Fired::Applied { jobs: 0 });
    let after = schedule(&b, "hello").await;
    assert_eq!(after.next_run_at, Some(at(120)), "the schedule goes on");
    assert_eq!((after.executions, after.last_run_at), (0, None));
    holds(&b, there, JobState::Queued).await;
    // Of two missed at once the second meets the first.
    b.store.cancel(there).await.expect("cancel");
    b.advance(120);
    let jobs = vec![unique(at(120)), unique(at(180))];
    let fired = fire(&b, &after, jobs, Then::Next(at(240))).await;
    assert_eq!(fired, Fired::Applied { jobs: 1 });
    let after = schedule(&b, "hello").await;
    assert_eq!((after.executions, after.last_run_at), (1, Some(at(120))));
}

async fn the_holder_of_a_key_is_found(b: Bench) {
    let unique = Unique::new("k");
    let find = async || {
        let query = JobQuery {
            holds: Some(unique.digest("HELLO", at(0))),
            ..JobQuery::default()
        };
        let found = b.store.jobs(query).await.expect("jobs");
        found.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(find().await, []);
    b.add(job("hello")).await;
    let Enqueued::New { id, .. } = b.fate(with(unique.clone())).await else {
        panic!("nobody has the key");
    };
    assert_eq!(find().await, [id]);
    b.store.cancel(id).await.expect("cancel");
    assert_eq!(find().await, []);
}
