//! Reading: lists of jobs, queues, unknown tasks, the schema.

use super::Case;
use super::bench::{Bench, failed, finish, job, job_in, retry_in, succeeded};
use super::enqueue::declare_tasks;
use crate::capability::Capability;
use crate::error::ErrorKind;
use crate::job::{JobId, NewJob};
use crate::query::JobQuery;
use crate::queue::Queue;
use crate::state::JobState;
use crate::store::Migrate;

pub(super) fn cases() -> Vec<Case> {
    let listing = chapter!(
        "inspect",
        &[Capability::Queries],
        [
            jobs_are_listed_the_newest_first,
            a_list_goes_on_page_by_page,
            a_list_is_narrowed_by_each_condition,
            all_conditions_hold_at_once,
            deleted_jobs_are_listed_only_when_asked_for,
            jobs_of_several_states_are_one_list,
            a_job_that_moves_is_always_in_one_of_its_states,
        ]
    );
    let others = chapter!(
        "inspect",
        &[],
        [
            queues_count_their_jobs_by_state,
            a_queue_is_listed_once_it_had_a_job_or_was_paused,
            unknown_tasks_are_counted,
            opening_twice_is_harmless,
        ]
    );
    [listing, others].concat()
}

async fn list(b: &Bench, query: JobQuery) -> Vec<JobId> {
    let jobs = b.store.jobs(query).await.expect("jobs");
    jobs.into_iter().map(|job| job.id).collect()
}

async fn jobs_are_listed_the_newest_first(b: Bench) {
    let mut added = b.add_all((0..60).map(|_| job("hello")).collect()).await;
    added.reverse();
    let listed = list(&b, JobQuery::default()).await;
    assert_eq!(listed, added[..50], "50 unless asked otherwise");
    let full = b.store.jobs(JobQuery::default()).await.expect("jobs");
    assert_eq!(full[0], b.job(full[0].id).await, "the same as one by one");
}

async fn a_list_goes_on_page_by_page(b: Bench) {
    let mut added = b.add_all((0..7).map(|_| job("hello")).collect()).await;
    added.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let query = JobQuery {
            before,
            limit: 3,
            ..JobQuery::default()
        };
        let page = b.store.jobs(query).await.expect("jobs");
        assert!(page.len() <= 3);
        let Some(last) = page.last() else {
            break;
        };
        before = Some(last.number);
        seen.extend(page.iter().map(|job| job.id));
    }
    assert_eq!(seen, added, "each once, in order");
}

async fn a_list_is_narrowed_by_each_condition(b: Bench) {
    let worker = b.worker().await;
    let id = b.add(job("Send-Mail2")).await;
    let known = super::bench::claim_knowing(&["sendmail2"], 1);
    let claimed = b.claim_as(worker, known).await;
    b.settle(worker, vec![finish(&claimed[0], failed())], None)
        .await;
    let jobs = several_waiting(&b).await;
    let all = JobQuery::default;
    let states = |states: &[JobState]| JobQuery {
        states: states.to_vec(),
        ..all()
    };
    let alias = |alias: &str| JobQuery {
        alias: Some(alias.into()),
        ..all()
    };
    let queue = |queue: &str| JobQuery {
        queue: Some(queue.into()),
        ..all()
    };
    let tag = |tag: &str| JobQuery {
        tag: Some(tag.into()),
        ..all()
    };
    assert_eq!(list(&b, states(&[JobState::Failed])).await, [id]);
    let waiting = states(&[JobState::Queued, JobState::Scheduled]);
    assert_eq!(list(&b, waiting).await, [jobs[2], jobs[1], jobs[0]]);
    assert_eq!(list(&b, alias("send_mail2")).await, [id], "in any spelling");
    assert_eq!(list(&b, alias("send")).await, []);
    assert_eq!(list(&b, queue("mail")).await, [jobs[1]]);
    assert_eq!(list(&b, tag("tenant:4")).await, [jobs[0]], "the whole tag");
    assert_eq!(list(&b, tag("a,b")).await, [jobs[0]]);
    assert_eq!(list(&b, tag("tenant:%")).await, [], "no pattern");
    assert_eq!(list(&b, tag("a")).await, []);
}

/// A tagged one due later, one in `mail`, and a plain one.
async fn several_waiting(b: &Bench) -> Vec<JobId> {
    let tagged = NewJob {
        tags: vec!["tenant:4".into(), "a,b".into()],
        ..job_in(60)
    };
    let other = NewJob {
        tags: vec!["tenant:42".into()],
        queue: "mail".into(),
        ..job("mail")
    };
    b.add_all(vec![tagged, other, job("hello")]).await
}

async fn all_conditions_hold_at_once(b: Bench) {
    let jobs = several_waiting(&b).await;
    let both = |tag: &str| JobQuery {
        states: vec![JobState::Queued],
        alias: Some("mail".into()),
        queue: Some("mail".into()),
        tag: Some(tag.into()),
        ..JobQuery::default()
    };
    assert_eq!(list(&b, both("tenant:42")).await, [jobs[1]]);
    assert_eq!(list(&b, both("tenant:4")).await, []);
}

async fn deleted_jobs_are_listed_only_when_asked_for(b: Bench) {
    let added = b.add_all(vec![job("hello"), job("hello")]).await;
    b.store.delete(added[0], true).await.expect("delete");
    assert_eq!(list(&b, JobQuery::default()).await, [added[1]]);
    let all = JobQuery {
        include_deleted: true,
        ..JobQuery::default()
    };
    assert_eq!(list(&b, all).await, [added[1], added[0]]);
}

/// Seen neither in the state it left nor in the one it came to, a job would be missing from a list of both.
async fn a_job_that_moves_is_always_in_one_of_its_states(b: Bench) {
    let moving = b.add(job("hello")).await;
    let store = std::sync::Arc::clone(&b.store);
    let moves = tokio::spawn(async move {
        for _ in 0..30 {
            store.pause(moving).await.expect("pause");
            store.resume(moving).await.expect("resume");
        }
    });
    while !moves.is_finished() {
        let both = JobQuery {
            states: vec![JobState::Queued, JobState::Paused],
            ..JobQuery::default()
        };
        assert_eq!(list(&b, both).await, [moving]);
        tokio::task::yield_now().await;
    }
    moves.await.expect("it moves");
}

async fn jobs_of_several_states_are_one_list(b: Bench) {
    let mut of = std::collections::HashMap::new();
    for round in 0..3 {
        for (state, outcome) in [
            (JobState::Succeeded, succeeded()),
            (JobState::Failed, failed()),
        ] {
            of.insert((state, round), b.ended(job("hello"), outcome).await);
        }
        let (worker, claimed) = b.running(job("hello")).await;
        b.end(worker, &claimed, retry_in(900)).await;
        of.insert((JobState::Retrying, round), claimed.id);
        of.insert((JobState::Scheduled, round), b.add(job_in(900)).await);
        let paused = b.add(job("hello")).await;
        b.store.pause(paused).await.expect("pause");
        of.insert((JobState::Paused, round), paused);
        let canceled = b.add(job("hello")).await;
        b.store.cancel(canceled).await.expect("cancel");
        of.insert((JobState::Canceled, round), canceled);
        of.insert(
            (JobState::Running, round),
            b.running(job("hello")).await.1.id,
        );
    }
    for round in 0..3 {
        of.insert((JobState::Queued, round), b.add(job("hello")).await);
    }
    let everything = list(&b, JobQuery::default()).await;
    assert_eq!(everything.len(), of.len());
    let state = |id: &JobId| *of.iter().find(|(_, of)| *of == id).expect("it is there").0;
    // Every choice of states, and page by page.
    for choice in 1u32..256 {
        let states: Vec<JobState> = (JobState::ALL.into_iter().enumerate())
            .filter(|(place, _)| choice & (1 << place) != 0)
            .map(|(_, state)| state)
            .collect();
        let expected = everything.iter().filter(|id| states.contains(&state(id).0));
        let expected: Vec<JobId> = expected.copied().collect();
        let mut query = JobQuery {
            states,
            limit: 7,
            ..JobQuery::default()
        };
        let mut found = Vec::new();
        loop {
            let page = b.store.jobs(query.clone()).await.expect("jobs");
            query.before = page.last().map(|job| job.number);
            found.extend(page.iter().map(|job| job.id));
            if page.len() < 7 {
                break;
            }
        }
        assert_eq!(found, expected, "{:?}", query.states);
    }
}

async fn queue(b: &Bench, name: &str) -> Queue {
    let queues = b.store.queues().await.expect("queues");
    let found = queues.into_iter().find(|queue| queue.name == name);
    found.unwrap_or_else(|| panic!("queue `{name}` is not listed"))
}

async fn queues_count_their_jobs_by_state(b: Bench) {
    b.ended(job("hello"), succeeded()).await;
    b.ended(job("hello"), failed()).await;
    let (worker, waits) = b.running(job("hello")).await;
    b.end(worker, &waits, retry_in(60)).await;
    b.running(job("hello")).await;
    let jobs = (0..6).map(|_| job("hello")).collect();
    let added = b.add_all(jobs).await;
    b.store.cancel(added[0]).await.expect("cancel");
    b.store.pause(added[1]).await.expect("pause");
    b.store.delete(added[2], true).await.expect("delete");
    b.add(job_in(60)).await;
    let expected = Queue {
        name: "default".into(),
        paused: false,
        scheduled: 1,
        queued: 3,
        running: 1,
        retrying: 1,
        paused_jobs: 1,
        succeeded: 1,
        failed: 1,
        canceled: 1,
        more: false,
    };
    assert_eq!(queue(&b, "default").await, expected);
}

async fn a_queue_is_listed_once_it_had_a_job_or_was_paused(b: Bench) {
    assert_eq!(b.store.queues().await.expect("queues"), []);
    b.store.pause_queue("later", true).await.expect("pause");
    let other = NewJob {
        queue: "a first".into(),
        retention: crate::job::Retention {
            succeeded: crate::job::Keep::For(std::time::Duration::ZERO),
            ..Default::default()
        },
        ..job("hello")
    };
    b.ended(other, succeeded()).await;
    let queues = b.store.queues().await.expect("queues");
    let seen: Vec<_> = queues.iter().map(|q| (q.name.as_str(), q.paused)).collect();
    assert_eq!(seen, [("a first", false), ("later", true)], "by name");
    let expected = Queue {
        name: "a first".into(),
        ..Queue::default()
    };
    assert_eq!(queues[0], expected);
    let error = b.store.pause_queue("", true).await.expect_err("no name");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

async fn unknown_tasks_are_counted(b: Bench) {
    declare_tasks(&b, &["send-mail"]).await;
    let novel = || job("novelty");
    let later = NewJob {
        alias: "novelty".into(),
        ..job_in(60)
    };
    let jobs = vec![novel(), job("Send_Mail"), novel(), job("another"), later];
    let added = b.add_all(jobs).await;
    b.store.pause(added[2]).await.expect("pause");
    let unknown = b.store.unknown().await.expect("unknown");
    let expected = [("another".to_string(), 1), ("novelty".to_string(), 1)];
    let mut sorted = unknown.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "queued jobs without a declared task");
    declare_tasks(&b, &["novelty", "another"]).await;
    assert_eq!(b.store.unknown().await.expect("unknown"), []);
}

async fn opening_twice_is_harmless(b: Bench) {
    let id = b.add(job("hello")).await;
    b.store.open(Migrate::Up).await.expect("open");
    b.store.open(Migrate::Check).await.expect("open");
    assert_eq!(b.state(id).await, JobState::Queued);
    let schema = b.store.schema().await.expect("schema");
    assert!(schema.iter().all(|step| step.applied), "{schema:?}");
}
