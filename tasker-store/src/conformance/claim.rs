//! Which jobs a claim takes, and in which order.

use super::Case;
use super::bench::{
    Bench, LEASE, at, claim, claim_from, claim_knowing, ids, job, job_in, succeeded,
};
use super::enqueue::{declare_tasks, enable};
use crate::admin::Changed;
use crate::clock::Due;
use crate::job::{JobId, NewJob};
use crate::lease::{Beat, WorkerId};
use crate::settle::{Claim, Fate};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "claim",
        &[],
        [
            order_is_priority_then_due_then_number,
            order_holds_over_all_queues_asked_for,
            only_the_queues_asked_for,
            limits_of_each_queue_and_of_all,
            a_claim_starts_the_attempt,
            a_claimed_job_is_not_claimed_again,
            a_job_due_later_is_not_claimed_before_it_is_promoted,
            a_soft_deleted_job_is_never_claimed,
            a_paused_job_is_never_claimed,
            a_canceled_job_is_never_claimed,
            a_paused_queue_is_left_out,
            jobs_of_a_disabled_task_are_parked,
            an_unknown_alias_waits_for_a_worker_that_knows_it,
            an_unknown_job_can_be_canceled_and_deleted,
            aliases_are_compared_in_one_form,
            parked_jobs_do_not_hide_the_others,
            a_worker_that_never_joined_claims_nothing,
            a_worker_whose_lease_is_over_claims_nothing,
            nothing_wanted_is_nothing_claimed,
        ]
    )
}

async fn order_is_priority_then_due_then_number(b: Bench) {
    let with = |priority, due| NewJob {
        priority,
        due: Due::At(at(due)),
        ..job("hello")
    };
    let added = b
        .add_all(vec![
            with(0, -1),
            with(0, -1),
            with(0, -2),
            with(-5, -9),
            with(i16::MAX, 0),
            with(i16::MIN, -99),
            with(1, 0),
        ])
        .await;
    let worker = b.worker().await;
    let expected: Vec<JobId> = [4, 6, 2, 0, 1, 3, 5].map(|place| added[place]).into();
    assert_eq!(ids(&b.claim(worker, 2).await), expected[..2]);
    assert_eq!(ids(&b.claim(worker, 10).await), expected[2..]);
}

async fn order_holds_over_all_queues_asked_for(b: Bench) {
    let with = |queue: &str, priority| NewJob {
        queue: queue.into(),
        priority,
        ..job("hello")
    };
    for claim in [claim(9), claim_from(&[("b", 9), ("a", 9)], 9)] {
        let jobs = vec![with("a", 1), with("b", 2), with("a", 3), with("b", 1)];
        let added = b.add_all(jobs).await;
        let worker = b.worker().await;
        let expected = [2, 1, 0, 3].map(|place| added[place]);
        assert_eq!(ids(&b.claim_as(worker, claim).await), expected);
    }
}

async fn only_the_queues_asked_for(b: Bench) {
    let with = |queue: &str| NewJob {
        queue: queue.into(),
        ..job("mail")
    };
    let added = b.add_all(vec![with("default"), with("emails")]).await;
    let worker = b.worker().await;
    let emails = b.claim_as(worker, claim_from(&[("emails", 5)], 5)).await;
    assert_eq!(ids(&emails), [added[1]]);
    let none = b
        .claim_as(worker, claim_from(&[("Emails", 5), ("no", 5)], 5))
        .await;
    assert_eq!(none, []);
    assert_eq!(b.claim_as(worker, claim_from(&[], 5)).await, []);
    assert_eq!(ids(&b.claim(worker, 5).await), [added[0]]);
}

async fn limits_of_each_queue_and_of_all(b: Bench) {
    let with = |queue: &str| NewJob {
        queue: queue.into(),
        ..job("hello")
    };
    let jobs = vec![
        with("a"),
        with("a"),
        with("a"),
        with("b"),
        with("b"),
        with("c"),
    ];
    let added = b.add_all(jobs).await;
    let worker = b.worker().await;
    let some = claim_from(&[("a", 2), ("b", 5), ("c", 0)], 3);
    let first = b.claim_as(worker, some.clone()).await;
    assert_eq!(ids(&first), [added[0], added[1], added[3]]);
    let second = b.claim_as(worker, some).await;
    assert_eq!(ids(&second), [added[2], added[4]], "`c` has no room");
}

async fn a_claim_starts_the_attempt(b: Bench) {
    let new = NewJob {
        tags: vec!["t".into()],
        queue: "mail".into(),
        priority: 3,
        params: r#"{"to": "a"}"#.into(),
        max_attempts: Some(7),
        ..job("mail")
    };
    b.add(new.clone()).await;
    b.advance(5);
    let worker = b.worker().await;
    let claimed = b.take(worker).await;
    let stored = b.job(new.id).await;
    assert_eq!(stored.state, JobState::Running);
    assert_eq!((stored.attempt, claimed.attempt), (1, 1));
    assert!(claimed.token > 0, "a token is a positive number");
    assert_eq!(stored.token, claimed.token);
    assert_eq!(stored.worker, Some(worker));
    assert_eq!((stored.started_at, stored.finished_at), (Some(at(5)), None));
    assert_eq!((claimed.id, claimed.number), (new.id, stored.number));
    assert_eq!((&claimed.alias, &claimed.queue), (&new.alias, &new.queue));
    assert_eq!((&claimed.params, &claimed.tags), (&new.params, &new.tags));
    assert_eq!((claimed.priority, claimed.max_attempts), (3, Some(7)));
    assert_eq!((claimed.enqueued_at, claimed.at_most_once), (at(0), false));
    assert_eq!(claimed.occurrence, None);
}

async fn a_claimed_job_is_not_claimed_again(b: Bench) {
    let (worker, _) = b.running(job("hello")).await;
    let other = b.worker().await;
    assert_eq!(b.claim(worker, 5).await, []);
    assert_eq!(b.claim(other, 5).await, []);
}

async fn a_job_due_later_is_not_claimed_before_it_is_promoted(b: Bench) {
    let id = b.add(job_in(5)).await;
    b.advance(6);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 5).await, [], "only queued jobs are claimed");
    assert_eq!(b.store.promote(5).await.expect("promote").done, 1);
    assert_eq!(ids(&b.claim(worker, 5).await), [id]);
}

async fn a_soft_deleted_job_is_never_claimed(b: Bench) {
    let id = b.add(job("hello")).await;
    let deleted = b.store.delete(id, true).await.expect("delete");
    assert_eq!(deleted, Changed::Now(JobState::Queued));
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 5).await, []);
    let restored = b.store.delete(id, false).await.expect("delete");
    assert_eq!(restored, Changed::Now(JobState::Queued));
    assert_eq!(ids(&b.claim(worker, 5).await), [id]);
}

async fn a_paused_job_is_never_claimed(b: Bench) {
    let id = b.add(job("hello")).await;
    b.store.pause(id).await.expect("pause");
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 5).await, []);
    b.store.resume(id).await.expect("resume");
    assert_eq!(ids(&b.claim(worker, 5).await), [id]);
}

async fn a_canceled_job_is_never_claimed(b: Bench) {
    let id = b.add(job("hello")).await;
    b.store.cancel(id).await.expect("cancel");
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 5).await, []);
    assert_eq!(b.job(id).await.attempt, 0);
}

async fn a_paused_queue_is_left_out(b: Bench) {
    let other = NewJob {
        queue: "other".into(),
        ..job("hello")
    };
    let added = b.add_all(vec![job("hello"), other]).await;
    b.store.pause_queue("default", true).await.expect("pause");
    let worker = b.worker().await;
    let named = b.claim_as(worker, claim_from(&[("default", 5)], 5)).await;
    assert_eq!(named, [], "a paused queue is left out when it is named too");
    assert_eq!(ids(&b.claim(worker, 5).await), [added[1]]);
    b.store.pause_queue("default", false).await.expect("resume");
    assert_eq!(ids(&b.claim(worker, 5).await), [added[0]]);
}

async fn jobs_of_a_disabled_task_are_parked(b: Bench) {
    declare_tasks(&b, &["hello", "mail"]).await;
    let added = b
        .add_all(vec![job("mail"), job("hello"), job("Mail")])
        .await;
    enable(&b, "mail", false).await;
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 5).await), [added[1]]);
    let parked = b.job(added[0]).await;
    assert_eq!((parked.state, parked.attempt), (JobState::Queued, 0));
    enable(&b, "mail", true).await;
    assert_eq!(ids(&b.claim(worker, 5).await), [added[0], added[2]]);
}

async fn an_unknown_alias_waits_for_a_worker_that_knows_it(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    let id = b.add(job("novelty")).await;
    let worker = b.worker().await;
    for _ in 0..3 {
        assert_eq!(b.claim(worker, 5).await, []);
    }
    let waiting = b.job(id).await;
    assert_eq!((waiting.state, waiting.attempt), (JobState::Queued, 0));
    assert_eq!((waiting.started_at, waiting.worker), (None, None));
    let unknown = b.store.unknown().await.expect("unknown");
    assert_eq!(unknown, [("novelty".to_string(), 1)]);
    let claimed = b
        .claim_as(worker, claim_knowing(&["hello", "novelty"], 5))
        .await;
    assert_eq!(ids(&claimed), [id]);
    assert_eq!(claimed[0].attempt, 1);
}

async fn an_unknown_job_can_be_canceled_and_deleted(b: Bench) {
    let added = b.add_all(vec![job("novelty"), job("novelty")]).await;
    let canceled = b.store.cancel(added[0]).await.expect("cancel");
    assert_eq!(canceled, Changed::Now(JobState::Canceled));
    b.store.delete(added[1], true).await.expect("delete");
    let worker = b.worker().await;
    let claimed = b.claim_as(worker, claim_knowing(&["novelty"], 5)).await;
    assert_eq!(claimed, []);
    assert_eq!(b.store.unknown().await.expect("unknown"), []);
}

async fn aliases_are_compared_in_one_form(b: Bench) {
    let jobs = vec![job("Send-Mail"), job("send_mail"), job("sendmail2")];
    let added = b.add_all(jobs).await;
    let worker = b.worker().await;
    let claimed = b.claim_as(worker, claim_knowing(&["sendMAIL"], 5)).await;
    assert_eq!(ids(&claimed), [added[0], added[1]]);
    assert_eq!(claimed[0].alias, "Send-Mail", "shown as it was written");
}

async fn parked_jobs_do_not_hide_the_others(b: Bench) {
    declare_tasks(&b, &["mail"]).await;
    let with = |alias: &str, queue: &str| NewJob {
        queue: queue.into(),
        priority: 9,
        ..job(alias)
    };
    let mut jobs = Vec::new();
    for _ in 0..300 {
        jobs.extend([
            with("novelty", "default"),
            with("mail", "default"),
            with("hello", "held"),
        ]);
    }
    b.add_all(jobs).await;
    let id = b.add(job("hello")).await;
    enable(&b, "mail", false).await;
    b.store.pause_queue("held", true).await.expect("pause");
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 1).await), [id]);
    assert_eq!(b.claim(worker, 1).await, []);
}

async fn a_worker_that_never_joined_claims_nothing(b: Bench) {
    let id = b.add(job("hello")).await;
    assert_eq!(b.claim(WorkerId::generate(), 5).await, []);
    assert_eq!(b.job(id).await.attempt, 0);
}

async fn a_worker_whose_lease_is_over_claims_nothing(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let waiting = b.add(job("hello")).await;
    b.advance(LEASE + 1);
    let finishes = vec![super::bench::finish(&claimed, succeeded())];
    let settled = b.settle(worker, finishes, Some(claim(5))).await;
    assert_eq!(settled.jobs, [], "its lease is over");
    let applied = [Fate::Applied(JobState::Succeeded)];
    assert_eq!(settled.fates, applied, "nobody took the job from it");
    let beat = b.store.beat(worker).await.expect("beat");
    assert!(matches!(beat, Beat::Alive { .. }), "{beat:?}");
    assert_eq!(ids(&b.claim(worker, 5).await), [waiting]);
}

async fn nothing_wanted_is_nothing_claimed(b: Bench) {
    let id = b.add(job("hello")).await;
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 0).await, []);
    assert_eq!(b.claim_as(worker, claim_knowing(&[], 5)).await, []);
    let settled = b.settle(worker, Vec::new(), None::<Claim>).await;
    assert!(settled.jobs.is_empty() && settled.fates.is_empty());
    assert_eq!(b.state(id).await, JobState::Queued);
}
