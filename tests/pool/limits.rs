//! What a builder takes and refuses.

use tasker::pool::{Error, Pool};

use crate::workshop::{Fault, ms, pool};

/// no retries, and no scaling, are said and honoured; nothing means "default" by being 0.
#[tokio::test(start_paused = true)]
async fn a04_none_is_none() {
    let (pool, ledger) = pool(|pool| {
        pool.workers(1)
            .max_workers(8)
            .scale_every(None)
            .max_retries(0)
    });
    let broken = pool.submit(|_tool| async { Err::<(), _>(Fault::Jammed) });
    assert!(matches!(
        broken.await,
        Err(Error::Broken { attempts: 1, .. })
    ));
    assert_eq!(pool.metrics().retried, 0);
    let works: Vec<_> = (0..50)
        .map(|_| {
            let work = |_tool| async {
                tokio::time::sleep(ms(100)).await;
                Ok::<_, Fault>(())
            };
            pool.try_submit(work).unwrap()
        })
        .collect();
    for work in works {
        work.await.unwrap();
        assert!(pool.stats().workers <= 1);
    }
    assert_eq!(ledger.log().peak, 1);
    // And without end is without end.
    let (pool, _) = crate::workshop::pool(|pool| pool.max_retries(None));
    let mut left = 100;
    let stubborn = pool.submit(move |_tool| {
        left -= 1;
        let fails = left > 0;
        async move {
            match fails {
                true => Err(Fault::Jammed),
                false => Ok(()),
            }
        }
    });
    stubborn.await.unwrap();
    assert_eq!(pool.metrics().retried, 99);
}

/// Everything that is wrong is said at once.
#[test]
fn a_set_up_that_cannot_be_is_refused_as_a_whole() {
    let make = || Pool::builder(|| async { Ok::<_, Fault>(1) });
    let Err(Error::Setup(faults)) = make()
        .workers(3)
        .max_workers(2)
        .queue(0)
        .scale_every(ms(0))
        .probe_every(ms(0))
        .upkeep_timeout(ms(0))
        .build()
    else {
        panic!("nothing of it can be");
    };
    assert_eq!(faults.lines().count(), 5, "{faults}");
    assert!(make().workers(usize::MAX).build().is_err());
    let unlimited = make().max_workers(usize::MAX).queue(usize::MAX);
    assert_eq!(unlimited.build().unwrap().stats().max_workers, usize::MAX);
    assert!(make().workers(0).max_workers(0).build().is_err());
    let pool = make().workers(0).build().unwrap();
    assert_eq!(pool.stats().max_workers, 1);
    assert_eq!(make().workers(5).build().unwrap().stats().max_workers, 10);
}
