//! Stop, kill, the parent's token, the last handle: what becomes of work and resources.

use std::future::IntoFuture;

use tasker::Resource;
use tasker::pool::{Error, Handle, Pool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::workshop::{Fault, Tool, ms, pool, slow_pool, soon};

/// So much work, each piece this long.
fn submit(pool: &Pool<Tool>, works: u32, millis: u64) -> Vec<Handle<u32>> {
    let one = |number| {
        let work = move |_tool| async move {
            tokio::time::sleep(ms(millis)).await;
            Ok::<_, Fault>(number)
        };
        pool.try_submit(work).unwrap()
    };
    (0..works).map(one).collect()
}

///
#[tokio::test(start_paused = true)]
async fn a17_a_stop_drains_and_destroys_everything_once() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    let works = submit(&pool, 5, 100);
    tokio::time::sleep(ms(200)).await;
    let start = Instant::now();
    let summary = soon(pool.stop()).await.unwrap();
    assert_eq!(summary.canceled, 0);
    assert_eq!(start.elapsed(), ms(100));
    assert_eq!(pool.stats().workers, 0);
    for (number, work) in works.into_iter().enumerate() {
        assert!(work.is_finished(), "before the stop returned");
        assert_eq!(work.await.unwrap() as usize, number);
    }
    ledger.assert_settled();
    assert_eq!(ledger.log().created.len(), 2);
}

///
#[tokio::test(start_paused = true)]
async fn a18_running_work_is_not_told_before_the_grace_time_is_over() {
    let (pool, ledger) = pool(|pool| pool.grace(ms(500)));
    let (told, hears) = oneshot::channel();
    let start = Instant::now();
    let work = pool.once(move |tool| async move {
        Resource::token(&tool).cancelled().await;
        told.send(start.elapsed()).unwrap();
        Ok::<_, Fault>(())
    });
    let work = work.handle().await.unwrap();
    let waiting = submit(&pool, 1, 1);
    ledger.until(|log| log.created == [1]).await;
    let summary = soon(pool.stop()).await.unwrap();
    assert_eq!(hears.await.unwrap(), ms(500));
    assert_eq!(summary.canceled, 2);
    assert!(matches!(work.await, Err(Error::Stopped)));
    for work in waiting {
        assert!(matches!(work.await, Err(Error::Stopped)));
    }
    ledger.assert_settled();
}

///
#[tokio::test(start_paused = true)]
async fn a19_a_kill_tells_running_work_and_does_not_wait_for_its_end() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    let (told, mut hears) = mpsc::unbounded_channel();
    let work = pool.submit(move |tool| {
        let told = told.clone();
        async move {
            tokio::select! {
                () = tokio::time::sleep(ms(5_000)) => {}
                () = Resource::token(&tool).cancelled_owned() => told.send(()).unwrap(),
            }
            Ok::<_, Fault>(())
        }
    });
    let work = work.handle().await.unwrap();
    let deaf = pool.submit(|_tool| std::future::pending::<Result<(), Fault>>());
    let deaf = deaf.handle().await.unwrap();
    let waiting = submit(&pool, 3, 10);
    let start = Instant::now();
    tokio::time::sleep(ms(50)).await;
    soon(pool.kill()).await.unwrap();
    assert!(start.elapsed() < ms(100), "{:?}", start.elapsed());
    hears.recv().await.unwrap();
    assert_eq!(pool.stats().workers, 0);
    assert!(matches!(work.await, Err(Error::Killed)));
    assert!(matches!(deaf.await, Err(Error::Killed)));
    for work in waiting {
        assert!(matches!(work.await, Err(Error::Killed)));
    }
    ledger.assert_settled();
}

///
#[tokio::test(start_paused = true)]
async fn a21_after_its_end_a_pool_takes_nothing() {
    let token = CancellationToken::new();
    let (stopped, _) = pool(|pool| pool);
    let (killed, _) = pool(|pool| pool);
    let (parented, ledger) = pool(|pool| pool.stop_on(token.clone()));
    let running = submit(&parented, 1, 20);
    parented.start().await.unwrap();
    stopped.stop().await.unwrap();
    killed.kill().await.unwrap();
    token.cancel();
    for pool in [&stopped, &killed, &parented] {
        let work = || pool.submit(|_tool| async { Ok::<_, Fault>(()) });
        assert!(matches!(work().await, Err(Error::Stopped)));
        assert!(matches!(work().high().handle().await, Err(Error::Stopped)));
        assert!(matches!(work().try_handle(), Err(Error::Stopped)));
        let (called, mut calls) = mpsc::unbounded_channel();
        let again = called.clone();
        work()
            .callback(move |result| called.send(result).unwrap())
            .await;
        work().try_callback(move |result| again.send(result).unwrap());
        for _ in 0..2 {
            assert!(matches!(
                soon(calls.recv()).await,
                Some(Err(Error::Stopped))
            ));
        }
        assert!(calls.recv().await.is_none());
        assert!(matches!(pool.start().await, Err(Error::Stopped)));
    }
    // What the parent's pool had taken in is done.
    for work in running {
        work.await.unwrap();
    }
    soon(parented.stopped()).await;
    ledger.assert_settled();
}

/// Who waits for a place in the queue when the stop comes hears of it.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_is_told_of_the_stop() {
    let (pool, _) = pool(|pool| pool.queue(1));
    let _works = submit(&pool, 1, 100);
    let waiting = pool.submit(|_tool| async { Ok::<_, Fault>(()) });
    let (answer, summary) = tokio::join!(waiting.into_future(), pool.stop());
    assert!(matches!(answer, Err(Error::Stopped)), "{answer:?}");
    assert_eq!(summary.unwrap().canceled, 0);
}

///
#[tokio::test(start_paused = true)]
async fn a22_stopping_and_killing_twice_are_errors_and_harmless() {
    let (pool, ledger) = crate::workshop::pool(|pool| pool);
    submit(&pool, 1, 10);
    pool.stop().await.unwrap();
    assert!(matches!(pool.stop().await, Err(Error::AlreadyStopped)));
    pool.kill().await.unwrap();
    assert!(matches!(pool.kill().await, Err(Error::AlreadyStopped)));
    assert!(matches!(pool.stop().await, Err(Error::AlreadyStopped)));
    ledger.assert_settled();

    // A kill in the middle of a stop ends it.
    let (pool, ledger) = crate::workshop::pool(|pool| pool);
    let works = submit(&pool, 3, 10_000);
    let start = Instant::now();
    let (stopped, killed) = tokio::join!(pool.stop(), async {
        tokio::time::sleep(ms(10)).await;
        pool.kill().await
    });
    killed.unwrap();
    assert_eq!(stopped.unwrap().canceled, 3);
    assert_eq!(start.elapsed(), ms(10));
    for work in works {
        assert!(matches!(work.await, Err(Error::Killed)));
    }
    ledger.assert_settled();
}

/// A pool that was never used ends as well.
#[tokio::test(start_paused = true)]
async fn an_unused_pool_stops_at_once() {
    let (first, ledger) = pool(|pool| pool.workers(4));
    soon(first.stop()).await.unwrap();
    let (second, _) = pool(|pool| pool);
    soon(second.kill()).await.unwrap();
    let token = CancellationToken::new();
    let (third, _) = pool(|pool| pool.stop_on(token.clone()));
    token.cancel();
    soon(third.stopped()).await;
    drop((first, second, third));
    assert_eq!(ledger.log().created, [0; 0]);
}

/// With the last handle goes the pool: what it has taken in is done, its resources are destroyed.
#[tokio::test(start_paused = true)]
async fn the_last_handle_stops_the_pool() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    let works = submit(&pool, 4, 10);
    let clone = pool.clone();
    drop(pool);
    assert!(
        clone
            .try_submit(|_tool| async { Ok::<_, Fault>(()) })
            .is_ok()
    );
    drop(clone);
    for work in works {
        work.await.unwrap();
    }
    ledger
        .until(|log| log.created.len() == 2 && log.alive() == 0)
        .await;
    ledger.assert_settled();
}

/// A resource that is being made when the stop comes is destroyed when it is there.
#[tokio::test(start_paused = true)]
async fn a_resource_in_the_making_is_destroyed() {
    let (pool, ledger) = slow_pool(ms(100), |pool| pool.workers(2));
    let work = submit(&pool, 1, 10);
    tokio::time::sleep(ms(50)).await;
    pool.kill().await.unwrap();
    for work in work {
        assert!(matches!(work.await, Err(Error::Killed)));
    }
    assert_eq!(ledger.log().created.len(), 2);
    ledger.assert_settled();
}

/// A stop of a pool that cannot make its resources does not wait for them.
#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_what_cannot_be_made() {
    let (pool, ledger) = pool(|pool| pool);
    ledger.fail_next(usize::MAX);
    let works = submit(&pool, 2, 10);
    tokio::time::sleep(ms(5)).await;
    let start = Instant::now();
    assert_eq!(soon(pool.stop()).await.unwrap().canceled, 2);
    assert!(start.elapsed() < ms(100), "{:?}", start.elapsed());
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.starting), (0, 0));
    for work in works {
        assert!(matches!(work.await, Err(Error::Stopped)));
    }
}

/// A resource that is never given back holds up a stop for so long, not for ever.
#[tokio::test(start_paused = true)]
async fn a_resource_that_is_kept_does_not_hold_up_a_stop_for_ever() {
    let (pool, _) = pool(|pool| pool.grace(ms(100)).upkeep_timeout(ms(100)));
    let (give, given) = oneshot::channel();
    let work = pool.once(|tool| async {
        give.send(tool).unwrap();
        Ok::<_, Fault>(())
    });
    work.await.unwrap();
    let _kept = given.await.unwrap();
    let start = Instant::now();
    soon(pool.stop()).await.unwrap();
    assert_eq!(start.elapsed(), ms(100 + 1_000 + 100));
}

/// Where the runtime ends first, nobody is left waiting.
#[test]
fn nobody_waits_for_a_runtime_that_has_ended() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let (pool, _) = pool(|pool| pool);
    let works = first.block_on(async {
        let endless = pool.submit(|_tool| std::future::pending::<Result<u32, Fault>>());
        let mut works = vec![endless.handle().await.unwrap()];
        works.extend(submit(&pool, 2, 10));
        works
    });
    drop(first);
    second.block_on(async {
        for work in works {
            assert!(matches!(soon(work).await, Err(Error::Stopped)));
        }
        assert_eq!(pool.stats().queued, 0);
        soon(pool.stop()).await.unwrap();
    });
    let (unused, _) = crate::workshop::pool(|pool| pool);
    let outside = unused.try_submit(|_tool| async { Ok::<_, Fault>(()) });
    assert!(matches!(outside, Err(Error::Setup(_))), "{outside:?}");
}
