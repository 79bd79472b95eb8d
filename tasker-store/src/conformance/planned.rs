//! Finding schedules, and the jobs that are made of them: by their steps, beside them, and how these ended.

use std::sync::Arc;

use super::Case;
use super::bench::{Bench, at, failed, ids, job, succeeded};
use super::enqueue::{declare_tasks, enable, new_task};
use super::plans::{changed, create, delete, due, read};
use super::schedules::{fire, new_schedule, occurrence, planned, schedule};
use crate::job::{Enqueued, Keep, NewJob, Retention};
use crate::query::ScheduleQuery;
use crate::schedule::{Fired, NewSchedule, Schedule, ScheduleSource, ScheduleState, Then};
use crate::state::JobState;
use crate::task::Declaration;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "planned",
        &[],
        [
            schedules_are_found_by_every_condition,
            pages_of_schedules_follow_each_other,
            a_bound_on_executions_completes_it,
            jobs_beside_the_steps_are_counted_apart,
            a_job_that_is_there_is_not_made_again,
            racing_callers_make_each_job_once,
            jobs_beside_the_steps_need_a_schedule_and_a_task,
            the_outcome_of_the_latest_job_is_told,
            an_outcome_outlives_its_job,
        ]
    )
}

async fn schedules_are_found_by_every_condition(b: Bench) {
    let mut bills = new_task("Send-Bill");
    bills.queue = "bills".into();
    let declaration = Declaration {
        tasks: vec![bills, new_task("hello")],
        schedules: vec![new_schedule("hello"), new_schedule("hello/night")],
        ..Declaration::default()
    };
    b.store.declare(declaration).await.expect("declare");
    create(
        &b,
        NewSchedule::new("bills/monthly", "send-bill", "monthly 1 09:00"),
    )
    .await;
    let slow = NewSchedule {
        queue: Some("slow".into()),
        ..NewSchedule::new("bills/yearly", "send_bill", "yearly jan 1 09:00")
    };
    create(&b, slow).await;
    create(&b, new_schedule("gone")).await;
    delete(&b, "gone", true).await;
    assert!(
        b.store
            .pause_schedule("hello/night", true)
            .await
            .expect("pause")
    );
    let all = || ScheduleQuery::default();
    let questions: [(ScheduleQuery, &[&str]); 10] = [
        (
            all(),
            &["bills/monthly", "bills/yearly", "hello", "hello/night"],
        ),
        (
            ScheduleQuery {
                include_deleted: true,
                ..all()
            },
            &[
                "bills/monthly",
                "bills/yearly",
                "gone",
                "hello",
                "hello/night",
            ],
        ),
        (
            ScheduleQuery {
                states: vec![ScheduleState::Paused, ScheduleState::Broken],
                ..all()
            },
            &["hello/night"],
        ),
        (
            ScheduleQuery {
                alias: Some("SendBill".into()),
                ..all()
            },
            &["bills/monthly", "bills/yearly"],
        ),
        (
            ScheduleQuery {
                queue: Some("bills".into()),
                ..all()
            },
            &["bills/monthly"],
        ),
        (
            ScheduleQuery {
                queue: Some("slow".into()),
                ..all()
            },
            &["bills/yearly"],
        ),
        (
            ScheduleQuery {
                name: Some("*ly".into()),
                ..all()
            },
            &["bills/monthly", "bills/yearly"],
        ),
        (
            ScheduleQuery {
                source: Some(ScheduleSource::Code),
                ..all()
            },
            &["hello", "hello/night"],
        ),
        (
            ScheduleQuery {
                source: Some(ScheduleSource::Runtime),
                include_deleted: true,
                name: Some("*e*".into()),
                ..all()
            },
            &["bills/yearly", "gone"],
        ),
        (
            ScheduleQuery {
                name: Some("HELLO".into()),
                ..all()
            },
            &[],
        ),
    ];
    for (query, expected) in questions {
        let found = b.store.select_schedules(query.clone()).await;
        let found = found.expect("select_schedules");
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, expected, "{query:?}");
    }
}

async fn pages_of_schedules_follow_each_other(b: Bench) {
    let names = ["B", "a", "b", "c", "ü"];
    for name in names {
        create(&b, new_schedule(name)).await;
    }
    let mut seen: Vec<String> = Vec::new();
    loop {
        let query = ScheduleQuery {
            after: seen.last().cloned(),
            limit: Some(2),
            ..ScheduleQuery::default()
        };
        let page = b.store.select_schedules(query).await.expect("a page");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.into_iter().map(|schedule| schedule.name));
    }
    assert_eq!(seen, names, "by the bytes of their names");
}

/// D-46.
async fn a_bound_on_executions_completes_it(b: Bench) {
    let new = NewSchedule {
        max_executions: Some(3),
        ..new_schedule("hello")
    };
    let read = create(&b, new.clone()).await;
    b.advance(60);
    let one = vec![occurrence(&read, at(60))];
    fire(&b, &read, one, Then::Next(at(120))).await;
    let read = schedule(&b, "hello").await;
    assert_eq!((read.executions, read.left()), (1, Some(2)));
    assert_eq!(read.state, ScheduleState::Active);
    b.advance(600);
    let many = [120, 180, 240, 300].map(|second| occurrence(&read, at(second)));
    let fired = fire(&b, &read, many.into(), Then::Next(at(660))).await;
    assert_eq!(fired, Fired::Applied { jobs: 2 }, "no more than it may");
    let over = schedule(&b, "hello").await;
    assert_eq!((over.executions, over.last_run_at), (3, Some(at(180))));
    assert_eq!(
        (over.state, over.next_run_at),
        (ScheduleState::Completed, None)
    );
    assert_eq!(due(&b).await, [] as [&str; 0]);
    let to = NewSchedule {
        max_executions: Some(4),
        ..new
    };
    let more = changed(&b, &over, to, None).await;
    assert_eq!((more.state, more.left()), (ScheduleState::Active, Some(1)));
}

async fn enqueue_for(b: &Bench, schedule: &Schedule, jobs: Vec<NewJob>) -> Option<Vec<Enqueued>> {
    let answers = b.store.enqueue_for(schedule.id, jobs).await;
    answers.expect("enqueue_for")
}

async fn jobs_beside_the_steps_are_counted_apart(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    b.advance(5);
    let new = occurrence(&read, at(5));
    let id = new.id;
    let answers = enqueue_for(&b, &read, vec![new])
        .await
        .expect("it is there");
    assert!(matches!(&answers[..], [Enqueued::New { id: made, .. }] if *made == id));
    let after = schedule(&b, "hello").await;
    assert_eq!((after.extra_jobs, after.executions), (1, 0));
    assert_eq!(after.last_run_at, None, "it is no step");
    assert_eq!(after.next_run_at, Some(at(60)));
    assert_eq!(after.version, read.version, "the next step goes on");
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 9).await), [id]);
}

async fn a_job_that_is_there_is_not_made_again(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    let jobs = [-30, -20, -10].map(|second| occurrence(&read, at(second)));
    let first = enqueue_for(&b, &read, jobs[..2].to_vec()).await;
    let first = first.expect("it is there");
    let second = enqueue_for(&b, &read, jobs.to_vec()).await;
    let second = second.expect("it is there");
    let number = |answer: &Enqueued| match answer {
        Enqueued::New { number, .. } => (true, *number),
        Enqueued::Existing { number, state, .. } => {
            assert_eq!(*state, JobState::Queued);
            (false, *number)
        }
        other => panic!("{other:?}"),
    };
    let first: Vec<_> = first.iter().map(number).collect();
    let second: Vec<_> = second.iter().map(number).collect();
    assert_eq!(first, [(true, 1), (true, 2)]);
    assert_eq!(second[..2], [(false, 1), (false, 2)]);
    assert!(second[2].0 && second[2].1 > 2);
    assert_eq!(schedule(&b, "hello").await.extra_jobs, 3);
}

async fn racing_callers_make_each_job_once(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    let jobs: Vec<NewJob> = (1..=20)
        .map(|back| occurrence(&read, at(-60 * back)))
        .collect();
    let gate = Arc::new(tokio::sync::Barrier::new(5));
    let mut callers = Vec::new();
    for _ in 0..5 {
        let store = b.store.detach().await.expect("detach");
        let (gate, jobs, id) = (Arc::clone(&gate), jobs.clone(), read.id);
        callers.push(tokio::spawn(async move {
            gate.wait().await;
            let answers = store.enqueue_for(id, jobs).await.expect("enqueue_for");
            let answers = answers.expect("it is there");
            let new = (answers.iter()).filter(|answer| matches!(answer, Enqueued::New { .. }));
            new.count()
        }));
    }
    let mut made = 0;
    for caller in callers {
        made += caller.await.expect("no caller panics");
    }
    assert_eq!(made, 20, "each was made by one of them");
    assert_eq!(schedule(&b, "hello").await.extra_jobs, 20);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 99).await.len(), 20);
}

async fn jobs_beside_the_steps_need_a_schedule_and_a_task(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    let read = planned(&b, "hello", 60).await;
    enable(&b, "hello", false).await;
    let refused = enqueue_for(&b, &read, vec![occurrence(&read, at(0))]).await;
    let refused = refused.expect("the schedule is there");
    assert!(
        matches!(&refused[..], [Enqueued::Refused { reason }] if reason.contains("disabled")),
        "{refused:?}"
    );
    assert_eq!(schedule(&b, "hello").await.extra_jobs, 0);
    enable(&b, "hello", true).await;
    delete(&b, "hello", true).await;
    let one = || vec![occurrence(&read, at(0))];
    assert_eq!(enqueue_for(&b, &read, one()).await, None, "it is deleted");
    b.store.erase_schedule("hello").await.expect("erase");
    assert_eq!(enqueue_for(&b, &read, one()).await, None, "it is gone");
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await, []);
}

async fn the_outcome_of_the_latest_job_is_told(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    planned(&b, "other", 60).await;
    let outcome = async |name: &str| {
        let one = self::read(&b, name).await.expect("it is there");
        let listed = schedule(&b, name).await;
        assert_eq!(one, listed, "however it is read");
        (one.last_outcome, one.last_error, one.last_ended_at)
    };
    assert_eq!(outcome("hello").await, (None, None, None));
    let worker = b.worker().await;
    for (second, ended, state, error) in [
        (1, failed(), JobState::Failed, Some("no luck".to_owned())),
        (2, succeeded(), JobState::Succeeded, None),
    ] {
        enqueue_for(&b, &read, vec![occurrence(&read, at(second))]).await;
        let before = outcome("hello").await;
        let claimed = b.claim(worker, 9).await;
        assert_eq!(outcome("hello").await, before, "it has not ended");
        b.advance(1);
        b.end(worker, &claimed[0], ended).await;
        let expected = (Some(state), error, Some(at(second)));
        assert_eq!(outcome("hello").await, expected);
    }
    assert_eq!(outcome("other").await, (None, None, None));
    // One that no schedule made has none to tell.
    b.ended(job("hello"), failed()).await;
    assert_eq!(outcome("hello").await.0, Some(JobState::Succeeded));
}

async fn an_outcome_outlives_its_job(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    let worker = b.worker().await;
    for (second, retention) in [(1, 10), (2, 1)] {
        let kept = Keep::For(super::bench::secs(retention));
        let new = NewJob {
            retention: Retention {
                succeeded: kept,
                unsuccessful: kept,
            },
            ..occurrence(&read, at(second))
        };
        enqueue_for(&b, &read, vec![new]).await;
        let claimed = b.claim(worker, 9).await;
        b.advance(1);
        let ended = match second {
            1 => succeeded(),
            _ => failed(),
        };
        b.end(worker, &claimed[0], ended).await;
    }
    let expected = (Some(JobState::Failed), Some("no luck".into()), Some(at(2)));
    // The latest goes first, then the one before it, which must not come back as the latest.
    for seconds in [2, 20] {
        b.advance(seconds);
        b.store.prune(99).await.expect("prune");
        let after = schedule(&b, "hello").await;
        let told = (after.last_outcome, after.last_error, after.last_ended_at);
        assert_eq!(told, expected);
    }
    let after = schedule(&b, "hello").await;
    assert_eq!(after.version, read.version, "no step is disturbed");
}
