//! The outlook: one question whose answer says which sweep has something to do, and when.

use super::Case;
use super::bench::{Bench, LEASE, at, job, job_in, retry_in, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use super::schedules::{declare, fire, new_schedule, planned};
use crate::clock::Due;
use crate::job::{Keep, NewJob, Retention};
use crate::outlook::Outlook;
use crate::schedule::Then;
use crate::wake::Wake;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "outlook",
        &[],
        [
            an_empty_store_has_none,
            ready_jobs_are_seen_and_told,
            the_next_waiting_job_is_seen,
            a_lease_that_ends_and_a_job_without_its_worker_are_seen,
            the_next_retention_to_end_is_seen,
            the_next_schedule_is_seen,
        ]
    )
}

async fn outlook(b: &Bench) -> Outlook {
    b.store.outlook().await.expect("outlook")
}

async fn an_empty_store_has_none(b: Bench) {
    assert_eq!(outlook(&b).await, Outlook::default());
}

async fn ready_jobs_are_seen_and_told(b: Bench) {
    let id = b.add(job("hello")).await;
    let mut wakes = b.store.work_wakes();
    let ready = Outlook {
        ready: true,
        ..Outlook::default()
    };
    assert_eq!(outlook(&b).await, ready);
    while wakes.next().await != Wake::Ready {}
    b.store.cancel(id).await.expect("cancel");
    assert!(!outlook(&b).await.ready);
}

async fn the_next_waiting_job_is_seen(b: Bench) {
    b.add_all([60, 5].map(job_in).into()).await;
    assert_eq!(outlook(&b).await.promote_in, Some(secs(5)));
    b.advance(6);
    assert_eq!(outlook(&b).await.promote_in, Some(secs(0)));
    b.store.promote(9).await.expect("promote");
    let after = outlook(&b).await;
    assert_eq!((after.promote_in, after.ready), (Some(secs(54)), true));
    let (worker, claimed) = (b.worker().await, &b.claim(b.worker().await, 9).await[0]);
    b.end(worker, claimed, retry_in(3)).await;
    assert_eq!(outlook(&b).await.promote_in, Some(secs(3)));
}

async fn a_lease_that_ends_and_a_job_without_its_worker_are_seen(b: Bench) {
    let (worker, _) = b.running(job("hello")).await;
    b.advance(10);
    assert_eq!(outlook(&b).await.rescue_in, Some(secs(LEASE - 10)));
    b.store.beat(worker).await.expect("beat");
    assert_eq!(outlook(&b).await.rescue_in, Some(secs(LEASE)));

    b.add(job("hello")).await;
    assert_eq!(b.claim(worker, 1).await.len(), 1);
    b.advance(LEASE + 1);
    assert_eq!(outlook(&b).await.rescue_in, Some(secs(0)));
    // One of the two stays behind, with no worker on the list.
    b.store.rescue(1).await.expect("rescue");
    b.worker().await;
    assert_eq!(outlook(&b).await.rescue_in, Some(secs(0)));
    b.store.rescue(1).await.expect("rescue");
    assert_eq!(outlook(&b).await.rescue_in, Some(secs(LEASE)));
}

async fn the_next_retention_to_end_is_seen(b: Bench) {
    let kept = |seconds| NewJob {
        retention: Retention {
            succeeded: Keep::For(secs(seconds)),
            unsuccessful: Keep::Forever,
        },
        due: Due::Now,
        ..job("hello")
    };
    b.ended(kept(60), succeeded()).await;
    b.ended(kept(20), succeeded()).await;
    assert_eq!(outlook(&b).await.prune_in, Some(secs(20)));
    b.advance(30);
    assert_eq!(outlook(&b).await.prune_in, Some(secs(0)));
    b.store.prune(9).await.expect("prune");
    assert_eq!(outlook(&b).await.prune_in, Some(secs(30)));
}

async fn the_next_schedule_is_seen(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    declare(&b, vec![new_schedule("hello")]).await;
    assert_eq!(outlook(&b).await.fire_in, Some(secs(0)), "it has no next");
    let read = planned(&b, "hello", 0).await;
    assert_eq!(outlook(&b).await.fire_in, Some(secs(0)), "it is due");
    fire(&b, &read, Vec::new(), Then::Next(at(40))).await;
    assert_eq!(outlook(&b).await.fire_in, Some(secs(40)));
    enable(&b, "hello", false).await;
    assert_eq!(outlook(&b).await.fire_in, None, "its task is disabled");
}
