//! Every form of submitting, priorities, the bounded queue, timeout and cancellation.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tasker::Resource;
use tasker::pool::{Error, Handle, Pool};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::workshop::{Fault, Tool, ms, pool, soon};

/// Submits work that takes this long and gives this.
fn timed(pool: &Pool<Tool>, takes: Duration, gives: u32) -> Handle<u32> {
    let work = move |_tool| async move {
        tokio::time::sleep(takes).await;
        Ok::<_, Fault>(gives)
    };
    pool.try_submit(work).unwrap()
}

/// Occupies a worker until the sender is dropped; returns when it runs.
async fn occupied(pool: &Pool<Tool>) -> oneshot::Sender<()> {
    let (release, released) = oneshot::channel::<()>();
    let (started, starts) = oneshot::channel();
    pool.once(move |_tool| async move {
        started.send(()).unwrap();
        let _ = released.await;
        Ok::<_, Fault>(())
    })
    .callback(drop)
    .await;
    soon(starts).await.unwrap();
    release
}

///
#[tokio::test(start_paused = true)]
async fn a05_two_workers_run_two_at_once() {
    let (pool, _) = pool(|pool| pool.workers(2));
    let start = Instant::now();
    let (long, short) = (timed(&pool, ms(70), 60), timed(&pool, ms(50), 250));
    assert_eq!((short.await.unwrap(), long.await.unwrap()), (250, 60));
    assert_eq!(start.elapsed(), ms(70));
}

///
#[tokio::test(start_paused = true)]
async fn a06_a_callback_is_called_once_after_the_submission_returned() {
    let (pool, _) = pool(|pool| pool);
    let gate = Arc::new(Semaphore::new(0));
    let (called, mut calls) = mpsc::unbounded_channel();
    let passing = Arc::clone(&gate);
    let work = move |tool: Resource<Tool>| {
        let passing = Arc::clone(&passing);
        async move {
            passing.acquire().await.unwrap().forget();
            Ok::<_, Fault>(tool.id)
        }
    };
    let call = called.clone();
    pool.submit(work.clone())
        .callback(move |result| call.send(result).unwrap())
        .await;
    pool.submit(work)
        .try_callback(move |result| called.send(result).unwrap());
    assert!(calls.try_recv().is_err(), "the work has not ended");
    gate.add_permits(2);
    assert_eq!(calls.recv().await.unwrap().unwrap(), 1);
    assert_eq!(calls.recv().await.unwrap().unwrap(), 1);
    // Both senders are gone: nobody can call again.
    assert!(calls.recv().await.is_none());
}

/// A panicking callback is nobody's trouble.
#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_harms_nobody() {
    let (pool, ledger) = pool(|pool| pool);
    pool.submit(|_tool| async { Ok::<_, Fault>(()) })
        .callback(|_| panic!("in the callback"))
        .await;
    let id = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(id.await.unwrap(), 1);
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// our handle stands for the two channels; it gives the one or the other, once.
#[tokio::test(start_paused = true)]
async fn a07_a_handle_gives_the_result_or_the_error_once() {
    let (pool, _) = pool(|pool| pool);
    let good = pool.submit(|_tool| async { Ok::<_, Fault>(7) });
    let bad = pool.submit(|_tool| async { Err::<(), _>(Fault::Paper(3)) });
    let (mut good, mut bad) = (good.handle().await.unwrap(), bad.handle().await.unwrap());
    assert!(!good.is_finished() && !bad.is_finished());
    assert_eq!((&mut good).await.unwrap(), 7);
    let Err(Error::Work(error)) = (&mut bad).await else {
        panic!("the work has failed");
    };
    assert_eq!(error.downcast_ref(), Some(&Fault::Paper(3)));
    assert!(good.is_finished() && bad.is_finished());
    good.cancel();
    let metrics = pool.metrics();
    assert_eq!((metrics.completed, metrics.canceled), (1, 0), "too late");
}

///
#[tokio::test(start_paused = true)]
async fn a08_high_priority_overtakes_all_that_waits() {
    let (pool, _) = pool(|pool| pool);
    let order = order_of(&pool, 5, 1).await;
    assert_eq!(
        order,
        [
            "high 0", "normal 0", "normal 1", "normal 2", "normal 3", "normal 4"
        ]
    );
}

/// High goes first without end, unless there is a bound.
#[tokio::test(start_paused = true)]
async fn a_bound_lets_normal_work_through() {
    let (strict, _) = pool(|pool| pool);
    let order = order_of(&strict, 1, 4).await;
    assert_eq!(order, ["high 0", "high 1", "high 2", "high 3", "normal 0"]);
    let (bounded, _) = pool(|pool| pool.starvation_bound(2));
    let order = order_of(&bounded, 2, 4).await;
    assert_eq!(
        order,
        [
            "high 0", "high 1", "normal 0", "high 2", "high 3", "normal 1"
        ]
    );
}

/// In which order one worker runs so much work of each priority.
async fn order_of(pool: &Pool<Tool>, normal: u32, high: u32) -> Vec<String> {
    let busy = occupied(pool).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |what: String| {
        let order = Arc::clone(&order);
        pool.submit(move |_tool| {
            order.lock().unwrap().push(what.clone());
            async { Ok::<_, Fault>(()) }
        })
    };
    let mut handles = Vec::new();
    for number in 0..normal {
        handles.push(note(format!("normal {number}")).try_handle().unwrap());
    }
    for number in 0..high {
        handles.push(note(format!("high {number}")).high().try_handle().unwrap());
    }
    assert_eq!(pool.stats().queued, (normal + high) as usize);
    assert_eq!(pool.stats().queued_high, high as usize);
    drop(busy);
    for handle in handles {
        handle.await.unwrap();
    }
    std::mem::take(&mut *order.lock().unwrap())
}

/// A full queue holds up who can wait and refuses who cannot, each lane by itself.
#[tokio::test(start_paused = true)]
async fn a_full_queue_pushes_back() {
    let (pool, _) = pool(|pool| pool.queue(2).high_queue(1));
    let busy = occupied(&pool).await;
    let queued = [timed(&pool, ms(1), 1), timed(&pool, ms(1), 2)];
    let full = pool.try_submit(|_tool| async { Ok::<_, Fault>(()) });
    assert!(matches!(full, Err(Error::Full)), "{full:?}");
    let (told, hears) = oneshot::channel();
    pool.submit(|_tool| async { Ok::<_, Fault>(()) })
        .try_callback(|result| told.send(result).unwrap());
    assert!(matches!(hears.await.unwrap(), Err(Error::Full)));
    let high = pool.submit(|_tool| async { Ok::<_, Fault>(3) }).high();
    let high = high.try_handle().unwrap();
    let mut waiting = Box::pin(pool.submit(|_tool| async { Ok::<_, Fault>(4) }).handle());
    assert!(futures_util::poll!(&mut waiting).is_pending());
    // A place is free when the first of the waiting ones is taken out, here by its caller.
    queued[0].cancel();
    let waited = soon(waiting).await.unwrap();
    drop(busy);
    assert_eq!((high.await.unwrap(), waited.await.unwrap()), (3, 4));
    let [canceled, ran] = queued;
    assert!(matches!(canceled.await, Err(Error::Canceled)));
    assert_eq!(ran.await.unwrap(), 2);
}

/// Work that has not asked for its token is dropped when its time is over, and takes its resource with it.
#[tokio::test(start_paused = true)]
async fn a_timeout_answers_and_costs_the_resource() {
    let (pool, ledger) = pool(|pool| pool);
    let start = Instant::now();
    let endless = pool.submit(|_tool| std::future::pending::<Result<(), Fault>>());
    let answer = endless.timeout(ms(30)).await;
    assert!(matches!(answer, Err(Error::TimedOut(limit)) if limit == ms(30)));
    assert_eq!(start.elapsed(), ms(30));
    let next = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(next.await.unwrap(), 2);
    assert_eq!(ledger.log().destroyed, [1]);
    assert_eq!(pool.metrics().failed, 1);
}

/// Work that has asked for its token is told by it, and keeps its resource if it winds up in time.
#[tokio::test(start_paused = true)]
async fn work_that_listens_is_given_time_to_wind_up() {
    let (pool, ledger) = pool(|pool| pool.patience(ms(500)));
    let (wound_up, winds_up) = oneshot::channel();
    let listening = pool.once(|tool| async move {
        let token = Resource::token(&tool);
        token.cancelled().await;
        tokio::time::sleep(ms(400)).await;
        wound_up.send(tool.id).unwrap();
        Ok::<_, Fault>(())
    });
    let start = Instant::now();
    let answer = listening.timeout(ms(30)).await;
    assert!(matches!(answer, Err(Error::TimedOut(_))));
    assert_eq!(start.elapsed(), ms(30), "the caller does not wait for it");
    assert_eq!(soon(winds_up).await.unwrap(), 1);
    assert_eq!(start.elapsed(), ms(430));
    let deaf = pool.submit(|tool| async move {
        let _token = Resource::token(&tool);
        std::future::pending::<Result<(), Fault>>().await
    });
    assert!(deaf.timeout(ms(30)).await.is_err());
    let next = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(next.await.unwrap(), 2, "that one was dropped");
    assert_eq!(start.elapsed(), ms(960));
    assert_eq!(ledger.log().destroyed, [1]);
}

/// Cancellation by the handle, by a token, and by dropping what is awaited; waiting or running.
#[tokio::test(start_paused = true)]
async fn work_is_canceled_in_every_way_wherever_it_is() {
    let (pool, ledger) = pool(|pool| pool);
    let endless = || pool.submit(|_tool| std::future::pending::<Result<(), Fault>>());
    // Running, by the handle.
    let running = endless().handle().await.unwrap();
    ledger.until(|log| log.created == [1]).await;
    running.cancel();
    assert!(matches!(running.await, Err(Error::Canceled)));
    // Waiting, by a token; also in the form with a callback.
    let busy = occupied(&pool).await;
    let token = CancellationToken::new();
    let waiting = endless().cancel_on(token.clone()).handle().await.unwrap();
    let (called, calls) = oneshot::channel();
    endless()
        .cancel_on(token.clone())
        .callback(|result| called.send(result).unwrap())
        .await;
    assert_eq!(pool.stats().queued, 2);
    token.cancel();
    assert!(matches!(waiting.await, Err(Error::Canceled)));
    assert!(matches!(calls.await.unwrap(), Err(Error::Canceled)));
    assert_eq!(pool.stats().queued, 0);
    drop(busy);
    // Running, by being dropped.
    let dropped = tokio::time::timeout(ms(10), endless().into_future()).await;
    assert!(dropped.is_err());
    let next = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(next.await.unwrap(), 3);
    assert_eq!(ledger.log().destroyed, [1, 2]);
    assert_eq!(pool.metrics().canceled, 4);
}

/// Dropped, a handle leaves its work to go on.
#[tokio::test(start_paused = true)]
async fn a_dropped_handle_cancels_nothing() {
    let (pool, _) = pool(|pool| pool);
    let (done, is_done) = oneshot::channel();
    let work = pool.once(|_tool| async {
        tokio::time::sleep(ms(10)).await;
        done.send(()).unwrap();
        Ok::<_, Fault>(())
    });
    drop(work.handle().await.unwrap());
    soon(is_done).await.unwrap();
}

/// Nothing is made, submitted or run before somebody awaits it.
#[tokio::test(start_paused = true)]
async fn a_submission_is_inert_until_it_is_awaited() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    drop(pool.submit(|_tool| async { Ok::<_, Fault>(()) }));
    assert_eq!(pool.stats().workers, 0);
    assert_eq!(pool.metrics().arrived, 0);
    pool.start().await.unwrap();
    assert_eq!(ledger.log().created, [1, 2]);
    assert_eq!((pool.stats().workers, pool.stats().idle), (2, 2));
}

/// A pool is made of a closure where there is nothing to say but how its resource is made.
#[tokio::test(start_paused = true)]
async fn a_closure_is_a_manager() {
    let pool = Pool::builder(|| async { Ok::<_, Fault>(vec![1]) })
        .build()
        .unwrap();
    let len = pool.submit(|mut list| async move {
        list.push(2);
        Ok::<_, Fault>(list.len())
    });
    assert_eq!(len.await.unwrap(), 2);
}
