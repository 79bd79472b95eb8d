//! What is told to whom. A store polls nothing, so what its listeners hear of another was told.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use servers::{Engine, LONG};
use tasker_store::{Admin, Store, Wake};

use crate::place::{
    become_prompt, claim, enqueue, job, join, later, listening, next, open, raw_listener, settle,
    space, texts_until, until_due,
};
use crate::trials;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "told",
        Engine::Postgres.can_share(),
        [
            what_another_process_does_is_told,
            what_a_process_does_itself_is_told_it_once,
            two_installations_do_not_wake_each_other,
            one_installation_is_reached_in_different_ways,
            many_commits_are_few_notifications,
            a_process_that_closes_has_told,
            ends_are_told_where_somebody_waits,
            ends_are_not_told_where_nobody_waits,
            no_wake_is_lost,
        ]
    )
}

async fn what_another_process_does_is_told() {
    let space = space().await;
    let (_ours, mut wakes) = listening(&space.url()).await;
    let theirs = open(&space.url()).await;
    enqueue(&theirs, job()).await;
    while next(&mut wakes).await != Wake::Ready {}
    theirs.pause_queue("default", true).await.expect("pause");
    while next(&mut wakes).await != Wake::Control {}
    enqueue(&theirs, later()).await;
    let Wake::Due(due) = next(&mut wakes).await else {
        panic!("the due time is told next");
    };
    assert!((3500..=3600).contains(&due.as_secs()), "{due:?}");
}

async fn what_a_process_does_itself_is_told_it_once() {
    let space = space().await;
    let (ours, mut wakes) = listening(&space.url()).await;
    let theirs = open(&space.url()).await;
    let mut raw = raw_listener(&space).await;
    enqueue(&ours, job()).await;
    // It was told to all, ourselves included.
    texts_until(&mut raw, "ready").await;
    enqueue(&theirs, later()).await;
    let heard = until_due(&mut wakes).await;
    let ready = heard.iter().filter(|wake| **wake == Wake::Ready);
    assert_eq!(ready.count(), 1, "{heard:?}");
}

async fn two_installations_do_not_wake_each_other() {
    let (one, other) = (space().await, space().await);
    let (_ours, mut wakes) = listening(&one.url()).await;
    let mut raw = raw_listener(&other).await;
    enqueue(&open(&other.url()).await, job()).await;
    texts_until(&mut raw, "ready").await;
    enqueue(&open(&one.url()).await, later()).await;
    let heard = until_due(&mut wakes).await;
    assert!(!heard.contains(&Wake::Ready), "{heard:?}");
}

async fn one_installation_is_reached_in_different_ways() {
    let space = space().await;
    let (_ours, mut wakes) = listening(&space.url()).await;
    // By a setting of the connection, as a role may have it.
    let theirs = open(&space.driver_url()).await;
    enqueue(&theirs, job()).await;
    while next(&mut wakes).await != Wake::Ready {}
}

async fn many_commits_are_few_notifications() {
    let space = space().await;
    let store = open(&space.url()).await;
    let mut raw = raw_listener(&space).await;
    let begun = Instant::now();
    for _ in 0..200 {
        enqueue(&store, job()).await;
    }
    enqueue(&store, later()).await;
    let texts = texts_until(&mut raw, "due=").await;
    // One at once, then one for each 5 ms.
    let most = 2 + begun.elapsed().as_millis() / 5;
    assert!(texts.len() as u128 <= most, "{} of {most}", texts.len());
}

async fn a_process_that_closes_has_told() {
    let space = space().await;
    let (_ours, mut wakes) = listening(&space.url()).await;
    let theirs = open(&space.url()).await;
    enqueue(&theirs, job()).await;
    enqueue(&theirs, later()).await;
    theirs.close().await.expect("it closes");
    assert!(until_due(&mut wakes).await.contains(&Wake::Ready));
}

async fn ends_are_told_where_somebody_waits() {
    let space = space().await;
    let (worker_store, _hears) = listening(&space.url()).await;
    let worker = join(&worker_store).await;
    let waiting = open(&space.url()).await;
    let mut wakes = waiting.wakes();
    become_prompt(&mut wakes, true).await;
    // What came with the connection is no news of an end.
    while let Ok(Wake::Gap) = tokio::time::timeout(Duration::ZERO, wakes.next()).await {}
    let ends = async {
        loop {
            enqueue(&worker_store, job()).await;
            let jobs = claim(&worker_store, worker).await;
            settle(&worker_store, worker, jobs).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let hears = async { while next(&mut wakes).await != Wake::Gap {} };
    tokio::select! {
        () = ends => {}
        () = hears => {}
    }
}

async fn ends_are_not_told_where_nobody_waits() {
    let space = space().await;
    let (store, _hears) = listening(&space.url()).await;
    let (_others, _hear) = listening(&space.url()).await;
    let mut raw = raw_listener(&space).await;
    let worker = join(&store).await;
    enqueue(&store, job()).await;
    let jobs = claim(&store, worker).await;
    assert_eq!(jobs.len(), 1);
    settle(&store, worker, jobs).await;
    enqueue(&store, later()).await;
    let texts = texts_until(&mut raw, "due=").await;
    assert!(
        !texts.iter().any(|text| text.contains("finished")),
        "{texts:?}"
    );
}

/// One job at a time, by who looks for it only when told: a wake that is lost is a job that nobody takes.
async fn no_wake_is_lost() {
    let space = space().await;
    let (store, mut wakes) = listening(&space.url()).await;
    let theirs = open(&space.url()).await;
    let worker = join(&store).await;
    for n in 0..300_u64 {
        // Between, before and after what is being told.
        tokio::time::sleep(Duration::from_millis(n * 7 % 40)).await;
        enqueue(&theirs, job()).await;
        let taken = async {
            loop {
                // First what was told, then the look: what is told meanwhile asks for another.
                if wakes.next().await == Wake::Ready && !claim(&store, worker).await.is_empty() {
                    break;
                }
            }
        };
        let taken = tokio::time::timeout(LONG, taken).await;
        assert!(taken.is_ok(), "job {n} was not told");
    }
}
