//! `run_now`: in the caller's own context.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tasker::pool::{Error, Manager, Pool};
use tasker::{BoxError, Resource};
use tokio::time::Instant;

use crate::workshop::{Fault, Tool, ms, pool, slow_pool, soon};

///
#[tokio::test(start_paused = true)]
async fn a14_an_idle_resource_is_borrowed_and_given_back() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    pool.start().await.unwrap();
    // Neither `Send` nor `'static`.
    let local = Rc::new(5);
    let borrowed = &local;
    let sum = pool.run_now(|mut tool: Resource<Tool>| async move {
        tool.uses += 1;
        Ok::<_, Fault>(**borrowed + tool.uses)
    });
    assert_eq!(sum.await.unwrap(), 6);
    assert_eq!(ledger.log().created, [1, 2]);
    assert_eq!(pool.stats().idle, 2);
    let metrics = pool.metrics();
    assert_eq!((metrics.arrived, metrics.completed), (1, 1));
}

/// Where none is idle one is made for the call, and destroyed before it returns.
#[tokio::test(start_paused = true)]
async fn a_temporary_resource_is_made_where_none_is_idle() {
    let (pool, ledger) = slow_pool(ms(10), |pool| pool.max_workers(1));
    pool.start().await.unwrap();
    let busy = pool.submit(|_tool| async {
        tokio::time::sleep(ms(100)).await;
        Ok::<_, Fault>(())
    });
    let busy = busy.handle().await.unwrap();
    let start = Instant::now();
    let seen = &pool;
    let id = pool
        .run_now(|tool| async move {
            assert_eq!(seen.stats().temporary, 1);
            Ok::<_, Fault>(tool.id)
        })
        .await;
    assert_eq!((id.unwrap(), start.elapsed()), (2, ms(10)));
    assert_eq!(ledger.log().destroyed, [2]);
    assert_eq!((pool.stats().temporary, pool.stats().workers), (0, 1));
    ledger.fail_next(1);
    let failed = pool.run_now(|_tool| async { Ok::<_, Fault>(()) });
    assert!(matches!(failed.await, Err(Error::Create(_))));
    assert_eq!(pool.stats().temporary, 0);
    busy.await.unwrap();
}

///
#[tokio::test(start_paused = true)]
async fn a16_a_pooled_resource_that_breaks_is_destroyed_and_replaced() {
    let (pool, ledger) = pool(|pool| pool);
    pool.start().await.unwrap();
    let broken = pool.run_now(|_tool| async { Err::<(), _>(Fault::Jammed) });
    let Err(Error::Broken { attempts, source }) = broken.await else {
        panic!("it breaks");
    };
    assert_eq!((attempts, source.downcast_ref()), (1, Some(&Fault::Jammed)));
    ledger
        .until(|log| log.destroyed == [1] && log.created == [1, 2])
        .await;
    assert_eq!(pool.metrics().retried, 0);
    let panics = pool.run_now(|_tool| async { panic!("in here") as Result<(), Fault> });
    assert!(matches!(panics.await, Err(Error::Panicked(_))));
    let fails = pool.run_now(|_tool| async { Err::<(), _>(Fault::Paper(2)) });
    assert!(matches!(fails.await, Err(Error::Work(_))));
}

/// Dropped in the middle, a call takes its resource with it; the pool has another.
#[tokio::test(start_paused = true)]
async fn a_dropped_call_costs_its_resource() {
    let (pool, ledger) = pool(|pool| pool);
    pool.start().await.unwrap();
    let endless = pool.run_now(|_tool| std::future::pending::<Result<(), Fault>>());
    assert!(tokio::time::timeout(ms(5), endless).await.is_err());
    ledger
        .until(|log| log.destroyed == [1] && log.created == [1, 2])
        .await;
    // So does one that is dropped while its temporary resource is being made.
    assert_eq!((pool.stats().running, pool.stats().temporary), (0, 0));
}

/// A stop waits for a call as for any work, and reaches it when the grace time is over.
#[tokio::test(start_paused = true)]
async fn a_stop_reaches_work_in_its_callers_hands() {
    let (pool, ledger) = pool(|pool| pool.grace(ms(100)));
    pool.start().await.unwrap();
    let endless = pool.run_now(|_tool| std::future::pending::<Result<(), Fault>>());
    let temporary = pool.run_now(|_tool| std::future::pending::<Result<(), Fault>>());
    let (first, second, summary) =
        soon(async { tokio::join!(endless, temporary, pool.stop()) }).await;
    assert!(matches!(first, Err(Error::Stopped)), "{first:?}");
    assert!(matches!(second, Err(Error::Stopped)), "{second:?}");
    assert_eq!(summary.unwrap().canceled, 2);
    let late = pool.run_now(|_tool| async { Ok::<_, Fault>(()) });
    assert!(matches!(late.await, Err(Error::Stopped)));
    ledger.assert_settled();
}

/// A call that is dropped, while its resource is made or in the middle of the work, is counted as canceled.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_counts_as_canceled() {
    let (pool, ledger) = slow_pool(ms(10), |pool| pool);
    let work = |_tool| async { std::future::pending::<Result<(), Fault>>().await };
    for limit in [5, 15] {
        let dropped = tokio::time::timeout(ms(limit), pool.run_now(work)).await;
        assert!(dropped.is_err());
    }
    ledger.until(|log| log.destroyed == [1]).await;
    let metrics = pool.metrics();
    assert_eq!((metrics.arrived, metrics.canceled), (2, 2));
    assert_eq!(pool.stats().running, 0);
    soon(pool.stop()).await.unwrap();
    ledger.assert_settled();
}

/// The destruction of a temporary resource goes on where its caller goes away.
#[tokio::test(start_paused = true)]
async fn a_temporary_resource_is_destroyed_to_the_end() {
    struct Slow(Arc<AtomicU32>);
    impl Manager for Slow {
        type Resource = ();
        async fn create(&self) -> Result<(), BoxError> {
            Ok(())
        }
        async fn destroy(&self, (): ()) {
            tokio::time::sleep(ms(100)).await;
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let destroyed = Arc::new(AtomicU32::new(0));
    let pool = Pool::builder(Slow(Arc::clone(&destroyed))).build().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let work = |_: Resource<()>| async {
        done.store(true, Ordering::SeqCst);
        Ok::<_, Fault>(())
    };
    assert!(
        tokio::time::timeout(ms(50), pool.run_now(work))
            .await
            .is_err()
    );
    assert!(done.load(Ordering::SeqCst));
    soon(pool.stop()).await.unwrap();
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
    let metrics = pool.metrics();
    assert_eq!((metrics.created, metrics.destroyed), (1, 1));
    assert_eq!((metrics.completed, metrics.canceled), (1, 0));
}
