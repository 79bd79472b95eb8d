//! More workers under load, fewer without, and never too many.

use tasker::pool::{Collector, Event, Handle, Metrics, Pool};
use tokio::time::Instant;

use crate::workshop::{Fault, Tool, ms, pool, slow_pool};

/// 20 pieces of 100 to 400 ms.
fn burst(pool: &Pool<Tool>) -> Vec<Handle<()>> {
    let one = |number: u64| {
        let work = move |_tool| async move {
            tokio::time::sleep(ms(100 + number % 4 * 100)).await;
            Ok::<_, Fault>(())
        };
        pool.try_submit(work).unwrap()
    };
    (0..20).map(one).collect()
}

/// Works the burst off; how many workers above those at rest there were at the most.
async fn work_off(pool: &Pool<Tool>) -> usize {
    let mut extra = 0;
    for work in burst(pool) {
        work.await.unwrap();
        extra = extra.max(pool.stats().extra());
    }
    extra
}

///
#[tokio::test(start_paused = true)]
async fn a24_a_burst_brings_more_workers_and_idling_takes_them_away() {
    let (pool, ledger) = pool(|pool| pool.workers(2).max_workers(4).scale_every(ms(200)));
    assert_eq!(work_off(&pool).await, 2);
    assert_eq!(ledger.log().peak, 4);
    let idle = Instant::now();
    ledger.until(|log| log.alive() == 2).await;
    // One window of calm, and the second one five looks later: gently, but not for ever.
    assert!(
        (ms(2_000)..=ms(4_000)).contains(&idle.elapsed()),
        "{:?}",
        idle.elapsed()
    );
    assert_eq!(pool.stats().extra(), 0);
    // At rest nothing ticks: time jumps to the next thing that happens, an hour from here.
    tokio::time::sleep(ms(3_600_000)).await;
    assert_eq!(pool.stats().workers, 2);
    assert_eq!(work_off(&pool).await, 2, "and again");
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// However long it takes to make a resource, there are never more than the maximum, those being destroyed counted.
#[tokio::test(start_paused = true)]
async fn slow_creation_does_not_overshoot() {
    let (pool, ledger) = slow_pool(ms(1_500), |pool| {
        pool.workers(1).max_workers(3).scale_every(ms(50))
    });
    let mut works = burst(&pool);
    let breaking = |_tool| async {
        tokio::time::sleep(ms(30)).await;
        Err::<(), _>(Fault::Jammed)
    };
    works.extend((0..5).map(|_| pool.try_submit(breaking).unwrap()));
    for work in works {
        let _ = work.await;
        assert!(pool.stats().workers <= 3);
    }
    assert_eq!(ledger.log().peak, 3);
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// With a minimum of none, the first piece of work makes a worker, and none stays.
#[tokio::test(start_paused = true)]
async fn a_pool_can_be_empty_at_rest() {
    let (pool, ledger) = pool(|pool| pool.workers(0).max_workers(2).scale_every(ms(100)));
    let id = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(id.await.unwrap(), 1);
    ledger.until(|log| log.destroyed == [1]).await;
    let id = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(id.await.unwrap(), 2);
}

/// A resource that cannot be made does not stop the others from working, nor fill the log.
#[tokio::test(start_paused = true)]
async fn growth_that_fails_is_held_back() {
    let (pool, ledger) = pool(|pool| pool.workers(1).max_workers(4).scale_every(ms(100)));
    pool.start().await.unwrap();
    ledger.fail_next(3);
    for work in burst(&pool) {
        work.await.unwrap();
    }
    assert!(ledger.log().created.len() > 1, "it tries again");
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// A-30, the half about scaling: a collector that tells nothing does not break it.
#[tokio::test(start_paused = true)]
async fn a30_scaling_does_not_depend_on_the_collector() {
    struct Silent;
    impl Collector for Silent {
        fn record(&self, _: Event) {}
    }
    struct Panicking;
    impl Collector for Panicking {
        fn record(&self, _: Event) {
            panic!("no figures today");
        }
    }
    let (silent, ledger) = pool(|pool| {
        pool.workers(2)
            .max_workers(4)
            .scale_every(ms(200))
            .collector(Silent)
    });
    assert_eq!(work_off(&silent).await, 2);
    assert_eq!(silent.metrics(), Metrics::default());
    ledger.until(|log| log.alive() == 2).await;
    let (panicking, ledger) = pool(|pool| {
        pool.workers(2)
            .max_workers(4)
            .scale_every(ms(200))
            .collector(Panicking)
    });
    assert_eq!(work_off(&panicking).await, 2);
    ledger.until(|log| log.alive() == 2).await;
    panicking.stop().await.unwrap();
    ledger.assert_settled();
}
