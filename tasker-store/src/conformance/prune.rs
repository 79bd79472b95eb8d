//! Finished jobs go when their retention is over.

use super::Case;
use super::bench::{Bench, failed, job, job_in, retry_in, secs, succeeded};
use crate::job::{Enqueued, JobRef, Keep, NewJob, Retention};
use crate::settle::Sweep;

const DAY: u64 = 24 * 3600;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "prune",
        &[],
        [
            a_job_is_kept_for_its_retention,
            how_it_ended_decides_how_long_it_is_kept,
            a_job_kept_for_ever_stays,
            unfinished_jobs_are_never_pruned,
            a_sweep_is_bounded_and_says_that_there_is_more,
            all_that_belongs_to_a_job_goes_with_it,
            a_number_is_never_given_twice,
            a_rerun_clears_the_retention,
            a_deleted_job_goes_seven_days_later,
            a_job_that_is_back_is_not_pruned_as_deleted,
        ]
    )
}

fn kept_for(seconds: u64) -> NewJob {
    let keep = Keep::For(secs(seconds));
    NewJob {
        retention: Retention {
            succeeded: keep,
            unsuccessful: keep,
        },
        ..job("hello")
    }
}

async fn prune(b: &Bench) -> Sweep {
    b.store.prune(100).await.expect("prune")
}

async fn a_job_is_kept_for_its_retention(b: Bench) {
    let id = b.ended(kept_for(60), succeeded()).await;
    b.advance(59);
    let sweep = prune(&b).await;
    assert_eq!((sweep.done, sweep.more), (0, false));
    assert_eq!(sweep.next_in, Some(secs(1)));
    assert!(b.find(id).await.is_some());
    b.advance(2);
    let sweep = prune(&b).await;
    assert_eq!((sweep.done, sweep.more), (1, false));
    assert_eq!(b.find(id).await, None);
    assert_eq!(prune(&b).await, Sweep::default());
}

async fn how_it_ended_decides_how_long_it_is_kept(b: Bench) {
    let good = b.ended(job("hello"), succeeded()).await;
    let bad = b.ended(job("hello"), failed()).await;
    let canceled = b.add(job("hello")).await;
    b.store.cancel(canceled).await.expect("cancel");
    b.advance(DAY + 1);
    assert_eq!(prune(&b).await.done, 1);
    assert_eq!(b.find(good).await, None);
    b.advance(6 * DAY - 2);
    assert_eq!(prune(&b).await.done, 0);
    b.advance(2);
    assert_eq!(prune(&b).await.done, 2);
    assert_eq!((b.find(bad).await, b.find(canceled).await), (None, None));
}

async fn a_job_kept_for_ever_stays(b: Bench) {
    let new = NewJob {
        retention: Retention {
            succeeded: Keep::Forever,
            unsuccessful: Keep::Forever,
        },
        ..job("hello")
    };
    let id = b.ended(new, succeeded()).await;
    b.advance(3_650 * DAY);
    assert_eq!(prune(&b).await, Sweep::default());
    assert!(b.find(id).await.is_some());
}

async fn unfinished_jobs_are_never_pruned(b: Bench) {
    let (worker, claimed) = b.running(kept_for(1)).await;
    b.end(worker, &claimed, retry_in(9)).await;
    let mut ids = b.add_all(vec![kept_for(1), kept_for(1), job_in(9)]).await;
    b.store.pause(ids[1]).await.expect("pause");
    let (_, running) = (worker, b.take(worker).await);
    ids.extend([claimed.id, running.id]);
    b.advance(3_650 * DAY);
    assert_eq!(prune(&b).await.done, 0);
    for id in ids {
        assert!(b.find(id).await.is_some());
    }
}

async fn a_sweep_is_bounded_and_says_that_there_is_more(b: Bench) {
    b.add_all((0..25).map(|_| kept_for(5)).collect()).await;
    let worker = b.worker().await;
    for job in b.claim(worker, 25).await {
        b.end(worker, &job, succeeded()).await;
    }
    let kept = b.ended(kept_for(3_600), succeeded()).await;
    b.advance(6);
    let mut sweeps = Vec::new();
    for _ in 0..4 {
        let sweep = b.store.prune(10).await.expect("prune");
        sweeps.push((sweep.done, sweep.more));
    }
    assert_eq!(sweeps, [(10, true), (10, true), (5, false), (0, false)]);
    assert!(b.find(kept).await.is_some());
}

async fn all_that_belongs_to_a_job_goes_with_it(b: Bench) {
    let (worker, claimed) = b.running(kept_for(5)).await;
    super::notes::say(&b, &claimed, "a line").await;
    b.end(worker, &claimed, failed()).await;
    b.advance(6);
    assert_eq!(prune(&b).await.done, 1);
    assert_eq!(b.store.attempts(claimed.id).await.expect("attempts"), []);
    assert_eq!(b.store.log(claimed.id).await.expect("log"), []);
    let by_number = b.store.job(JobRef::Number(claimed.number)).await;
    assert_eq!(by_number.expect("job"), None);
}

async fn a_number_is_never_given_twice(b: Bench) {
    let (worker, claimed) = b.running(kept_for(0)).await;
    b.end(worker, &claimed, succeeded()).await;
    assert_eq!(b.find(claimed.id).await, None);
    let answers = b.store.enqueue(vec![job("hello")]).await.expect("enqueue");
    let Enqueued::New { number, .. } = answers[0] else {
        panic!("refused: {answers:?}");
    };
    assert!(number > claimed.number, "numbers count up");
}

async fn a_rerun_clears_the_retention(b: Bench) {
    let id = b.ended(kept_for(60), succeeded()).await;
    b.store.rerun(id).await.expect("rerun");
    b.advance(120);
    assert_eq!(prune(&b).await.done, 0);
    let worker = b.worker().await;
    let again = b.take(worker).await;
    b.end(worker, &again, succeeded()).await;
    b.advance(59);
    assert_eq!(prune(&b).await.done, 0, "counted from the new end");
    b.advance(2);
    assert_eq!(prune(&b).await.done, 1);
}

async fn a_deleted_job_goes_seven_days_later(b: Bench) {
    let id = b.add(job("hello")).await;
    b.advance(60);
    b.store.delete(id, true).await.expect("delete");
    b.advance(7 * DAY - 1);
    assert_eq!(prune(&b).await.done, 0);
    b.advance(2);
    assert_eq!(prune(&b).await.done, 1);
    assert_eq!(b.find(id).await, None);
}

async fn a_job_that_is_back_is_not_pruned_as_deleted(b: Bench) {
    let id = b.add(job("hello")).await;
    b.store.delete(id, true).await.expect("delete");
    b.advance(60);
    b.store.delete(id, false).await.expect("delete");
    b.advance(30 * DAY);
    assert_eq!(prune(&b).await.done, 0);
    let worker = b.worker().await;
    assert_eq!(b.take(worker).await.id, id);
}
