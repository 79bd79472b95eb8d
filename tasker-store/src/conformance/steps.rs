//! The steps of schedules: what is due, and how a step makes its jobs exactly once.

use std::sync::Arc;

use super::Case;
use super::bench::{Bench, at, ids, job, retry_in, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use super::schedules::{declare, fire, new_schedule, occurrence, planned, schedule, step};
use crate::error::ErrorKind;
use crate::job::NewJob;
use crate::schedule::{Fire, Fired, Overlap, Schedule, ScheduleId, ScheduleState, Then};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "steps",
        &[],
        [
            a_step_makes_the_job_and_moves_on,
            five_racing_steps_make_one_job,
            a_step_from_an_old_version_changes_nothing,
            a_step_without_jobs_only_moves_on,
            several_missed_occurrences_count_each,
            a_step_is_left_out_while_the_one_before_is_unfinished,
            a_completed_schedule_is_never_due_again,
            the_longest_due_comes_first_and_the_rest_is_announced,
            schedules_of_a_disabled_task_are_left_out,
            a_job_over_the_limits_stops_the_whole_step,
            the_steps_of_many_schedules_are_one_call,
            one_bad_step_stops_the_call_and_no_other_call,
            a_job_knows_what_it_stands_for_besides,
        ]
    )
}

/// D-44.
async fn a_step_makes_the_job_and_moves_on(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    let due = b.store.due(9).await.expect("due");
    assert_eq!((due.schedules, due.next_in), (vec![], Some(secs(60))));
    b.advance(65);
    let due = b.store.due(9).await.expect("due");
    assert_eq!(due.now, at(65));
    assert_eq!(due.schedules, std::slice::from_ref(&read));
    let new = occurrence(&read, at(60));
    let id = new.id;
    let fired = fire(&b, &read, vec![new], Then::Next(at(120))).await;
    assert_eq!(fired, Fired::Applied { jobs: 1 });
    let after = schedule(&b, "hello").await;
    assert_eq!(after.next_run_at, Some(at(120)));
    assert_eq!(after.last_run_at, Some(at(60)), "the planned instant");
    assert_eq!((after.executions, after.state), (1, ScheduleState::Active));
    assert!(after.version > read.version);
    let made = b.job(id).await;
    assert_eq!(made.state, JobState::Queued);
    let stands_for = made.occurrence.map(|o| (o.schedule, o.at));
    assert_eq!(stands_for, Some((read.id, at(60))));
}

/// X-D8, Q-27.
async fn five_racing_steps_make_one_job(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(65);
    let gate = Arc::new(tokio::sync::Barrier::new(5));
    let mut nodes = Vec::new();
    for _ in 0..5 {
        let store = b.store.detach().await.expect("detach");
        let (gate, step) = (Arc::clone(&gate), one_step(&read));
        nodes.push(tokio::spawn(async move {
            gate.wait().await;
            store.fire(step).await.expect("fire")
        }));
    }
    let mut applied = 0;
    for node in nodes {
        match node.await.expect("no node panics") {
            Fired::Applied { jobs } => applied += jobs,
            Fired::Stale => {}
        }
    }
    assert_eq!(applied, 1, "one occurrence, one job");
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await.len(), 1);
    assert_eq!(schedule(&b, "hello").await.executions, 1);
}

pub(super) fn one_step(read: &Schedule) -> Fire {
    Fire {
        schedule: read.id,
        version: read.version,
        jobs: vec![occurrence(read, at(60))],
        overlap: Overlap::Allow,
        then: Then::Next(at(120)),
    }
}

async fn a_step_from_an_old_version_changes_nothing(b: Bench) {
    let old = planned(&b, "hello", 60).await;
    step(&b, &old, Then::Next(at(90))).await;
    let before = schedule(&b, "hello").await;
    let new = occurrence(&old, at(60));
    let id = new.id;
    let fired = fire(&b, &old, vec![new], Then::Next(at(120))).await;
    assert_eq!(fired, Fired::Stale);
    assert_eq!(b.find(id).await, None);
    assert_eq!(schedule(&b, "hello").await, before);
    let nobody = Schedule {
        id: ScheduleId::generate(),
        ..before
    };
    assert_eq!(step(&b, &nobody, Then::Completed).await, Fired::Stale);
}

async fn a_step_without_jobs_only_moves_on(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(300);
    let fired = step(&b, &read, Then::Next(at(360))).await;
    assert_eq!(fired, Fired::Applied { jobs: 0 });
    let after = schedule(&b, "hello").await;
    assert_eq!(after.next_run_at, Some(at(360)));
    assert_eq!((after.last_run_at, after.executions), (None, 0));
}

/// X-D10.
async fn several_missed_occurrences_count_each(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(200);
    let jobs: Vec<NewJob> = [60, 120, 180].map(|s| occurrence(&read, at(s))).into();
    let expected: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let fired = fire(&b, &read, jobs, Then::Next(at(240))).await;
    assert_eq!(fired, Fired::Applied { jobs: 3 });
    let after = schedule(&b, "hello").await;
    assert_eq!((after.last_run_at, after.executions), (Some(at(180)), 3));
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 9).await), expected, "oldest first");
}

/// X-D15.
async fn a_step_is_left_out_while_the_one_before_is_unfinished(b: Bench) {
    planned(&b, "hello", 60).await;
    b.add(job("hello")).await;
    b.advance(1_000);
    let worker = b.worker().await;
    let other = b.take(worker).await;
    let mut running = Some(other);
    // The job that runs first is of the task but of no schedule, so it holds nothing back.
    for (round, expected) in [1, 0, 1].into_iter().enumerate() {
        let read = schedule(&b, "hello").await;
        let planned = at(60 * (round as i64 + 1));
        let step = Fire {
            overlap: Overlap::Skip,
            jobs: vec![occurrence(&read, planned)],
            ..one_step(&read)
        };
        let fired = b.store.fire(step).await.expect("fire");
        assert_eq!(fired, Fired::Applied { jobs: expected }, "round {round}");
        let after = schedule(&b, "hello").await;
        assert_eq!(after.next_run_at, Some(at(120)), "it moves on");
        if expected == 0 {
            assert_eq!((after.executions, after.last_run_at), (1, Some(at(60))));
            let claimed = running.take().expect("set in the round before");
            b.end(worker, &claimed, succeeded()).await;
        } else {
            running = Some(b.take(worker).await);
        }
    }
    let after = schedule(&b, "hello").await;
    assert_eq!((after.executions, after.last_run_at), (2, Some(at(180))));
}

/// D-42, D-43.
async fn a_completed_schedule_is_never_due_again(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(60);
    let jobs = vec![occurrence(&read, at(60))];
    let fired = fire(&b, &read, jobs, Then::Completed).await;
    assert_eq!(fired, Fired::Applied { jobs: 1 });
    let after = schedule(&b, "hello").await;
    assert_eq!(
        (after.state, after.next_run_at),
        (ScheduleState::Completed, None)
    );
    assert_eq!(after.executions, 1);
    b.advance(9_999);
    let due = b.store.due(9).await.expect("due");
    assert_eq!((due.schedules, due.next_in), (vec![], None));
    assert_eq!(step(&b, &after, Then::Next(at(1))).await, Fired::Stale);
}

async fn the_longest_due_comes_first_and_the_rest_is_announced(b: Bench) {
    for (name, seconds) in [("a", 30), ("b", 10), ("c", 20), ("d", 90)] {
        planned(&b, name, seconds).await;
    }
    b.advance(40);
    let due = b.store.due(2).await.expect("due");
    let names: Vec<&str> = due.schedules.iter().map(|s| s.name.as_str()).collect();
    assert_eq!((names, due.more), (vec!["b", "c"], true));
    let due = b.store.due(3).await.expect("due");
    assert_eq!((due.schedules.len(), due.more), (3, false));
    assert_eq!(due.next_in, Some(secs(50)));
}

async fn schedules_of_a_disabled_task_are_left_out(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    declare(&b, vec![new_schedule("hello")]).await;
    enable(&b, "Hello", false).await;
    let due = b.store.due(9).await.expect("due");
    assert_eq!((due.schedules, due.next_in), (vec![], None));
    enable(&b, "hello", true).await;
    assert_eq!(b.store.due(9).await.expect("due").schedules.len(), 1);
}

async fn a_job_over_the_limits_stops_the_whole_step(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    let good = occurrence(&read, at(60));
    let id = good.id;
    let bad = NewJob {
        queue: String::new(),
        ..occurrence(&read, at(120))
    };
    let step = Fire {
        jobs: vec![good, bad],
        ..one_step(&read)
    };
    let error = b.store.fire(step).await.expect_err("not acceptable");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(b.find(id).await, None, "all or nothing");
    assert_eq!(schedule(&b, "hello").await, read);
}

/// A thousand in a second are a matter of a few calls. More than one statement holds on any database.
async fn the_steps_of_many_schedules_are_one_call(b: Bench) {
    const MANY: usize = 600;
    let name = |place: usize| format!("hello/{place:03}");
    declare(
        &b,
        (0..MANY).map(|place| new_schedule(&name(place))).collect(),
    )
    .await;
    let all = b.store.schedules().await.expect("schedules");
    let first = all.iter().map(|read| Fire {
        jobs: Vec::new(),
        then: Then::Next(at(60)),
        ..one_step(read)
    });
    let fired = b.store.fire_all(first.collect()).await.expect("fire_all");
    assert_eq!(fired, vec![Fired::Applied { jobs: 0 }; MANY]);
    b.advance(60);
    let due = b.store.due(1_000).await.expect("due").schedules;
    assert_eq!(due.len(), MANY);
    // Somebody else is faster with every tenth.
    let mut expected = Vec::new();
    for (place, read) in due.iter().enumerate() {
        expected.push(match place % 10 {
            0 => {
                step(&b, read, Then::Next(at(90))).await;
                Fired::Stale
            }
            3 => Fired::Applied { jobs: 2 },
            _ => Fired::Applied { jobs: 1 },
        });
    }
    let steps = due.iter().enumerate().map(|(place, read)| Fire {
        jobs: match place % 10 {
            3 => vec![occurrence(read, at(59)), occurrence(read, at(60))],
            _ => vec![occurrence(read, at(60))],
        },
        ..one_step(read)
    });
    let fired = b.store.fire_all(steps.collect()).await.expect("fire_all");
    assert_eq!(fired, expected, "the answers come in the order given");
    let worker = b.worker().await;
    let mut made = 0;
    loop {
        let claimed = b.claim(worker, 1_000).await;
        if claimed.is_empty() {
            break;
        }
        made += claimed.len();
    }
    assert_eq!(made, MANY);
    let after = b.store.schedules().await.expect("schedules");
    let of = |jobs: i64| after.iter().filter(|s| s.executions == jobs).count();
    assert_eq!((of(0), of(1), of(2)), (MANY / 10, MANY * 8 / 10, MANY / 10));
    let next = |seconds| {
        after
            .iter()
            .filter(move |s| s.next_run_at == Some(at(seconds)))
    };
    assert_eq!(
        (next(90).count(), next(120).count()),
        (MANY / 10, MANY * 9 / 10)
    );
    assert!(
        after
            .iter()
            .all(|s| s.executions == 0 || s.last_run_at == Some(at(60)))
    );
    assert_eq!(b.store.fire_all(Vec::new()).await.expect("fire_all"), []);
}

/// X-D14: the caller finds the bad one by trying each alone.
async fn one_bad_step_stops_the_call_and_no_other_call(b: Bench) {
    let good = planned(&b, "good", 60).await;
    let bad = planned(&b, "hello", 60).await;
    b.advance(60);
    let wrong = NewJob {
        queue: String::new(),
        ..occurrence(&bad, at(60))
    };
    let steps = [
        one_step(&good),
        Fire {
            jobs: vec![wrong],
            ..one_step(&bad)
        },
    ];
    let error = b
        .store
        .fire_all(steps.to_vec())
        .await
        .expect_err("not acceptable");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(schedule(&b, "good").await, good, "all or nothing");
    let [first, second] = steps;
    b.store.fire(first).await.expect("fire");
    b.store
        .fire(second)
        .await
        .expect_err("still not acceptable");
    assert_eq!(schedule(&b, "good").await.executions, 1);
    assert_eq!(schedule(&b, "hello").await, bad);
}

/// X-D10: under `once`, what passed without a job is told to the one that stands for all.
async fn a_job_knows_what_it_stands_for_besides(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(9_060);
    let missed: Vec<_> = (1..=150).map(|minute| at(60 * minute)).collect();
    let new = NewJob {
        missed: missed.clone(),
        ..occurrence(&read, at(9_060))
    };
    let id = new.id;
    fire(&b, &read, vec![new], Then::Next(at(9_120))).await;
    let job = b.job(id).await;
    assert_eq!(job.missed, missed[50..], "the latest hundred, oldest first");
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    b.end(worker, &claimed, retry_in(1)).await;
    assert_eq!(
        b.job(id).await.missed.len(),
        100,
        "also at the next attempt"
    );
}
