//! Enqueueing and finishing in a transaction of the application's: all of it when that commits, nothing of it otherwise.
//!
//! What is written is the same as by `enqueue` and `settle`; a harness that sends those two this way can show it with
//! the other chapters. Only [`SqlStore`] has these methods, so another backend passes without a look.

use sea_orm::DatabaseTransaction;

use super::Case;
use super::bench::{Bench, LEASE, at, claim, failed, finish, job, job_in, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use crate::attempt::{Level, Progress};
use crate::capability::Capability;
use crate::job::{Enqueued, JobId, Keep, NewJob, Retention};
use crate::limits;
use crate::settle::{Fate, Finish, NewLine, Note, NoteBody, Outcome};
use crate::sql::SqlStore;
use crate::state::JobState;
use crate::wake::Wake;

pub(super) fn cases() -> Vec<Case> {
    let shared = chapter!(
        "within",
        &[Capability::Transactions, Capability::Shared],
        [nobody_else_sees_anything_before_the_commit,]
    );
    let others = chapter!(
        "within",
        &[Capability::Transactions],
        [
            jobs_are_there_when_it_commits,
            jobs_never_were_when_it_rolls_back,
            a_queue_that_was_rolled_back_is_made_by_the_next_job,
            thousands_of_jobs_go_into_one_transaction,
            a_refused_job_is_told_and_the_others_are_taken,
            the_same_job_twice_is_one,
            listeners_are_woken_after_the_commit,
            an_outcome_counts_when_it_commits,
            an_outcome_brings_all_that_belongs_to_it,
            an_outcome_that_is_rolled_back_never_was,
            an_outcome_and_a_job_share_a_transaction,
            a_stale_lease_changes_nothing,
            a_lease_that_was_rescued_is_stale,
            after_it_the_lease_is_over,
            a_cancel_that_was_asked_for_stands,
            a_retention_of_zero_deletes_with_the_commit,
        ]
    );
    [shared, others].concat()
}

/// The store, where it is one with such methods.
fn sql(b: &Bench) -> Option<&SqlStore> {
    b.store.as_any().downcast_ref()
}

macro_rules! sql {
    ($b:expr) => {
        match sql($b) {
            Some(store) => store,
            None => return,
        }
    };
}

async fn begin(store: &SqlStore) -> DatabaseTransaction {
    store.begin().await.expect("begin")
}

async fn put(store: &SqlStore, tx: &DatabaseTransaction, jobs: Vec<NewJob>) -> Vec<Enqueued> {
    store.enqueue_in(tx, jobs).await.expect("enqueue_in")
}

async fn end(store: &SqlStore, tx: &DatabaseTransaction, finish: Finish) -> Fate {
    store.finish_in(tx, finish).await.expect("finish_in")
}

async fn nobody_else_sees_anything_before_the_commit(b: Bench) {
    let store = sql!(&b);
    let (_, claimed) = b.running(job("hello")).await;
    let new = job("mail");
    let id = new.id;
    let tx = begin(store).await;
    put(store, &tx, vec![new]).await;
    end(store, &tx, finish(&claimed, succeeded())).await;
    assert_eq!(b.find(id).await, None);
    assert_eq!(b.state(claimed.id).await, JobState::Running);
    tx.commit().await.expect("commit");
    assert_eq!(b.state(id).await, JobState::Queued);
    assert_eq!(b.state(claimed.id).await, JobState::Succeeded);
}

async fn jobs_are_there_when_it_commits(b: Bench) {
    let store = sql!(&b);
    let first = NewJob {
        queue: "bulk".into(),
        priority: 3,
        tags: vec!["tenant:42".into()],
        ..NewJob::new("Send_Mail", r#"{"b":1,"a":"ü\u0000"}"#)
    };
    let jobs = vec![first, job("hello"), job_in(5)];
    let tx = begin(store).await;
    let answers = put(store, &tx, jobs.clone()).await;
    tx.commit().await.expect("commit");
    assert_eq!(answers.len(), 3);
    for (new, answer) in jobs.iter().zip(answers) {
        let row = b.job(new.id).await;
        let number = row.number;
        assert_eq!(answer, Enqueued::New { id: new.id, number });
        let expected = (&new.alias, &new.queue, new.priority, &new.params, &new.tags);
        let kept = (&row.alias, &row.queue, row.priority, &row.params, &row.tags);
        assert_eq!(kept, expected);
        assert_eq!(row.enqueued_at, at(0));
    }
    let later = b.job(jobs[2].id).await;
    assert_eq!((later.state, later.due_at), (JobState::Scheduled, at(5)));
    let worker = b.worker().await;
    let known = super::bench::claim_knowing(&["send-mail", "hello"], 10);
    let claimed = b.claim_as(worker, known).await;
    let expected = vec![jobs[0].id, jobs[1].id];
    assert_eq!(
        super::bench::ids(&claimed),
        expected,
        "their queue and task are known"
    );
}

/// D-55.
async fn jobs_never_were_when_it_rolls_back(b: Bench) {
    let store = sql!(&b);
    let new: Vec<NewJob> = vec![job("hello"), job_in(5)];
    let ids: Vec<JobId> = new.iter().map(|job| job.id).collect();
    let tx = begin(store).await;
    put(store, &tx, new).await;
    tx.rollback().await.expect("rollback");
    for id in ids {
        assert_eq!(b.find(id).await, None);
    }
    // One that is dropped, as by an early return or a panic.
    let tx = begin(store).await;
    let new = job("hello");
    let id = new.id;
    put(store, &tx, vec![new]).await;
    drop(tx);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await, []);
    assert_eq!(b.find(id).await, None);
}

async fn a_queue_that_was_rolled_back_is_made_by_the_next_job(b: Bench) {
    let store = sql!(&b);
    let new = || NewJob {
        queue: "bulk".into(),
        ..job("hello")
    };
    let tx = begin(store).await;
    put(store, &tx, vec![new()]).await;
    tx.rollback().await.expect("rollback");
    let (_, claimed) = b.running(new()).await;
    assert_eq!(claimed.queue, "bulk");
}

async fn thousands_of_jobs_go_into_one_transaction(b: Bench) {
    let store = sql!(&b);
    let jobs: Vec<NewJob> = (0..5_000).map(|_| job("hello")).collect();
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let tx = begin(store).await;
    let answers = put(store, &tx, jobs).await;
    tx.commit().await.expect("commit");
    let answered: Vec<JobId> = (answers.iter())
        .map(|answer| match answer {
            Enqueued::New { id, .. } => *id,
            other => panic!("the job was not taken: {other:?}"),
        })
        .collect();
    assert_eq!(answered, ids);
    let worker = b.worker().await;
    let claimed = b.claim(worker, 10_000).await;
    assert_eq!(super::bench::ids(&claimed), ids, "in their order");
}

async fn a_refused_job_is_told_and_the_others_are_taken(b: Bench) {
    let store = sql!(&b);
    declare_tasks(&b, &["mail"]).await;
    enable(&b, "mail", false).await;
    let long = NewJob::new("hello", "x".repeat(limits::PARAMS + 1));
    let tx = begin(store).await;
    let answers = put(store, &tx, vec![job("mail"), job("hello"), long]).await;
    tx.commit().await.expect("commit");
    let [
        Enqueued::Refused { reason: disabled },
        Enqueued::New { id, .. },
        Enqueued::Refused { reason: long },
    ] = &answers[..]
    else {
        panic!("{answers:?}");
    };
    assert!(disabled.contains("disabled"), "{disabled}");
    assert!(long.contains("bytes long"), "{long}");
    let (worker, expected) = (b.worker().await, *id);
    assert_eq!(b.take(worker).await.id, expected);
}

async fn the_same_job_twice_is_one(b: Bench) {
    let store = sql!(&b);
    let (before, new) = (job("hello"), job("hello"));
    b.add(before.clone()).await;
    let tx = begin(store).await;
    let first = put(store, &tx, vec![before.clone(), new.clone()]).await;
    let second = put(store, &tx, vec![new, before]).await;
    tx.commit().await.expect("commit");
    assert_eq!(first, [second[1].clone(), second[0].clone()]);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await.len(), 2);
}

async fn listeners_are_woken_after_the_commit(b: Bench) {
    let store = sql!(&b);
    let mut wakes = b.store.wakes();
    let tx = begin(store).await;
    put(store, &tx, vec![job("hello")]).await;
    tx.commit().await.expect("commit");
    let heard = async { while !matches!(wakes.next().await, Wake::Ready | Wake::Gap) {} };
    let heard = tokio::time::timeout(secs(10), heard).await;
    heard.expect("news of the job");
}

async fn an_outcome_counts_when_it_commits(b: Bench) {
    let store = sql!(&b);
    let outcomes = [
        (succeeded(), JobState::Succeeded),
        (failed(), JobState::Failed),
        (super::bench::retry_in(5), JobState::Retrying),
        (super::bench::snooze_in(5), JobState::Scheduled),
        (
            Outcome::Canceled(super::bench::failure("not wanted")),
            JobState::Canceled,
        ),
        (Outcome::Released, JobState::Queued),
    ];
    for (outcome, state) in outcomes {
        let (_, claimed) = b.running(job("hello")).await;
        let tx = begin(store).await;
        let fate = end(store, &tx, finish(&claimed, outcome)).await;
        assert_eq!(fate, Fate::Applied(state));
        tx.commit().await.expect("commit");
        assert_eq!(b.state(claimed.id).await, state);
        // So that the next one is alone.
        b.store.delete(claimed.id, true).await.expect("delete");
    }
}

fn note(line: &str) -> NoteBody {
    NoteBody {
        progress: Some(Progress { done: 2, total: 2 }),
        lines: vec![NewLine {
            age: secs(0),
            level: Level::Info,
            message: line.into(),
        }],
    }
}

async fn an_outcome_brings_all_that_belongs_to_it(b: Bench) {
    let store = sql!(&b);
    let (worker, claimed) = b.running(job("hello")).await;
    let next = job("report");
    let output = Some(r#"{"sent":true}"#.to_owned());
    let finish = Finish {
        lease: claimed.lease(),
        outcome: Outcome::Succeeded {
            output: output.clone(),
        },
        note: Some(note("the last word")),
        follow_ups: vec![next.clone()],
    };
    let tx = begin(store).await;
    end(store, &tx, finish).await;
    tx.commit().await.expect("commit");
    let row = b.job(claimed.id).await;
    assert_eq!((row.output, row.finished_at), (output, Some(at(0))));
    assert_eq!(row.progress, Some(Progress { done: 2, total: 2 }));
    let log = b.store.log(claimed.id).await.expect("log");
    assert_eq!(log[0].message, "the last word");
    assert_eq!(b.take(worker).await.id, next.id);
}

async fn an_outcome_that_is_rolled_back_never_was(b: Bench) {
    let store = sql!(&b);
    let (worker, claimed) = b.running(job("hello")).await;
    let before = b.job(claimed.id).await;
    let next = job("report");
    let tx = begin(store).await;
    let finish = Finish {
        note: Some(note("never said")),
        follow_ups: vec![next.clone()],
        ..finish(&claimed, succeeded())
    };
    assert_eq!(
        end(store, &tx, finish).await,
        Fate::Applied(JobState::Succeeded)
    );
    tx.rollback().await.expect("rollback");
    assert_eq!(b.job(claimed.id).await, before);
    assert_eq!(b.store.log(claimed.id).await.expect("log"), []);
    assert_eq!(b.find(next.id).await, None);
    let fate = b.end(worker, &claimed, failed()).await;
    assert_eq!(fate, Fate::Applied(JobState::Failed));
}

async fn an_outcome_and_a_job_share_a_transaction(b: Bench) {
    let store = sql!(&b);
    let (worker, claimed) = b.running(job("hello")).await;
    for commit in [false, true] {
        let new = job("mail");
        let tx = begin(store).await;
        put(store, &tx, vec![new.clone()]).await;
        end(store, &tx, finish(&claimed, succeeded())).await;
        match commit {
            true => tx.commit().await.expect("commit"),
            false => tx.rollback().await.expect("rollback"),
        }
        assert_eq!(b.find(new.id).await.is_some(), commit);
        let ended = b.state(claimed.id).await == JobState::Succeeded;
        assert_eq!(ended, commit);
    }
    assert_eq!(b.claim(worker, 10).await.len(), 1);
}

async fn refused(b: &Bench, store: &SqlStore, stale: Finish) {
    let (before, follow_up) = (b.find(stale.lease.job).await, job("report"));
    let tx = begin(store).await;
    let stale = Finish {
        note: Some(note("from the past")),
        follow_ups: vec![follow_up.clone()],
        ..stale
    };
    let job = stale.lease.job;
    assert_eq!(end(store, &tx, stale).await, Fate::Stale);
    // Even of a commit nothing comes.
    tx.commit().await.expect("commit");
    assert_eq!(b.find(job).await, before);
    assert_eq!(b.find(follow_up.id).await, None);
}

/// X-A4.
async fn a_stale_lease_changes_nothing(b: Bench) {
    let store = sql!(&b);
    let (worker, stale) = b.running(job("hello")).await;
    b.end(worker, &stale, Outcome::Released).await;
    let current = b.take(worker).await;
    assert!(current.token > stale.token);
    refused(&b, store, finish(&stale, succeeded())).await;
    refused(&b, store, finish(&stale, failed())).await;
    let fate = b.end(worker, &current, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
    refused(&b, store, finish(&stale, succeeded())).await;
    refused(&b, store, finish(&current, succeeded())).await;
}

async fn a_lease_that_was_rescued_is_stale(b: Bench) {
    let store = sql!(&b);
    let (_, stale) = b.running(job("hello")).await;
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    refused(&b, store, finish(&stale, succeeded())).await;
    assert_eq!(b.state(stale.id).await, JobState::Queued);
}

async fn after_it_the_lease_is_over(b: Bench) {
    let store = sql!(&b);
    let (worker, claimed) = b.running(job("hello")).await;
    let tx = begin(store).await;
    end(store, &tx, finish(&claimed, succeeded())).await;
    let again = end(store, &tx, finish(&claimed, failed())).await;
    assert_eq!(again, Fate::Stale, "also within the same transaction");
    tx.commit().await.expect("commit");
    assert_eq!(b.end(worker, &claimed, failed()).await, Fate::Stale);
    let late = Note {
        lease: claimed.lease(),
        body: note("too late"),
    };
    let fates = b.store.note(vec![late]).await.expect("note");
    assert_eq!(fates, [Fate::Stale]);
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    let row = b.job(claimed.id).await;
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    assert_eq!(b.settle(worker, Vec::new(), Some(claim(10))).await.jobs, []);
}

async fn a_cancel_that_was_asked_for_stands(b: Bench) {
    let store = sql!(&b);
    let (_, claimed) = b.running(job("hello")).await;
    b.store.cancel(claimed.id).await.expect("cancel");
    let output = Some("7".to_owned());
    let outcome = Outcome::Succeeded {
        output: output.clone(),
    };
    let tx = begin(store).await;
    let fate = end(store, &tx, finish(&claimed, outcome)).await;
    assert_eq!(fate, Fate::Applied(JobState::Canceled));
    tx.commit().await.expect("commit");
    let row = b.job(claimed.id).await;
    assert_eq!((row.state, row.output), (JobState::Canceled, output));
}

async fn a_retention_of_zero_deletes_with_the_commit(b: Bench) {
    let store = sql!(&b);
    let brief = NewJob {
        retention: Retention {
            succeeded: Keep::For(secs(0)),
            ..Retention::default()
        },
        ..job("hello")
    };
    let (_, claimed) = b.running(brief).await;
    for commit in [false, true] {
        let tx = begin(store).await;
        let finish = Finish {
            note: Some(note("gone with it")),
            ..finish(&claimed, succeeded())
        };
        let fate = end(store, &tx, finish).await;
        assert_eq!(fate, Fate::Applied(JobState::Succeeded));
        match commit {
            true => tx.commit().await.expect("commit"),
            false => tx.rollback().await.expect("rollback"),
        }
        assert_eq!(b.find(claimed.id).await.is_none(), commit);
    }
}
