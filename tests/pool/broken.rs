//! Health: by error, by panic, by probe, by the work's own word; retries and replacements.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tasker::pool::{Error, Pool};
use tasker::{BoxFuture, Resource};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::workshop::{Fault, Tool, ms, pool, slow_pool, soon};

/// Fails with `fault` on its first `times` attempts, then gives the id of its tool.
fn failing(
    fault: Fault,
    times: u32,
) -> impl FnMut(Resource<Tool>) -> BoxFuture<'static, Result<u32, Fault>> + Send + 'static {
    let mut left = times;
    move |tool| {
        let fails = left > 0;
        left = left.saturating_sub(1);
        Box::pin(async move {
            match fails {
                true => Err(fault),
                false => Ok(tool.id),
            }
        })
    }
}

///
#[tokio::test(start_paused = true)]
async fn a09_an_error_of_the_work_alone_goes_to_its_caller() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    pool.start().await.unwrap();
    let Err(Error::Work(error)) = pool.submit(failing(Fault::Paper(9), 1)).await else {
        panic!("the work fails");
    };
    assert_eq!(error.downcast_ref(), Some(&Fault::Paper(9)));
    let metrics = pool.metrics();
    assert_eq!((metrics.failed, metrics.retried), (1, 0));
    assert_eq!(pool.stats().workers, 2);
    assert_eq!(ledger.log().created, [1, 2]);
    assert_eq!(ledger.log().destroyed, [0; 0]);
}

///
#[tokio::test(start_paused = true)]
async fn a10_a_broken_resource_is_replaced_and_the_work_retried() {
    let (pool, ledger) = pool(|pool| pool.max_retries(1));
    pool.start().await.unwrap();
    let id = pool.submit(failing(Fault::Jammed, 1)).await.unwrap();
    assert_eq!(id, 2);
    let metrics = pool.metrics();
    assert_eq!(
        (metrics.completed, metrics.failed, metrics.retried),
        (1, 0, 1)
    );
    assert_eq!((metrics.created, metrics.destroyed), (2, 1));
    assert_eq!(ledger.log().destroyed, [1]);
}

/// With an error that wraps the one which says so.
#[tokio::test(start_paused = true)]
async fn a_broken_resource_is_found_by_the_cause_of_an_error() {
    #[derive(Debug)]
    struct Wrapped(Fault);
    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("could not print")
        }
    }
    impl std::error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let (pool, ledger) = pool(|pool| pool.max_retries(0));
    let broken = pool.submit(|_tool| async { Err::<(), _>(Wrapped(Fault::Jammed)) });
    assert!(matches!(broken.await, Err(Error::Broken { .. })));
    ledger.until(|log| log.destroyed == [1]).await;
}

/// Through anyhow, which would hide it, with a context and without; under a disposition; as one of several.
#[tokio::test(start_paused = true)]
async fn a_broken_resource_is_found_through_what_is_put_around_its_error() {
    use anyhow::Context;
    use tasker::TaskError;
    use tasker::lifecycle::concurrence;
    let jammed = || Err::<(), _>(Fault::Jammed);
    let (pool, ledger) = pool(|pool| pool.max_retries(0));
    let bare = pool.submit(move |_tool| async move { anyhow::Ok(jammed()?) });
    let Err(error @ Error::Broken { .. }) = bare.await else {
        panic!("it says that the tool is broken");
    };
    let found = error.into_work().unwrap().downcast::<Fault>().unwrap();
    assert_eq!(*found, Fault::Jammed);
    let context = pool.submit(move |_tool| async move { jammed().context("page 1") });
    assert!(matches!(context.await, Err(Error::Broken { .. })));
    let here = pool.run_now(|_tool| async move { jammed().context("page 2") });
    assert!(matches!(here.await, Err(Error::Broken { .. })));
    let marked = pool.submit(|_tool| async { Err::<(), _>(TaskError::discard(Fault::Jammed)) });
    assert!(matches!(marked.await, Err(Error::Broken { .. })));
    let several = pool.submit(move |_tool| async move {
        let other = || async { Err::<(), _>(Fault::Paper(1)) };
        concurrence![other, move || async move { jammed() }].await
    });
    assert!(matches!(several.await, Err(Error::Broken { .. })));
    soon(pool.stop()).await.unwrap();
    ledger.assert_settled();
    assert_eq!(ledger.log().destroyed.len(), 5 + 1);
}

/// Work that is dropped may panic at that too: its caller has been answered, and its resource is not lost.
#[tokio::test(start_paused = true)]
async fn work_that_panics_while_it_is_dropped_costs_its_resource_only() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let (pool, ledger) = pool(|pool| pool);
    let late = pool.submit(|tool| async move {
        let _tool = tool;
        let _bomb = Bomb;
        std::future::pending::<Result<(), Fault>>().await
    });
    let late = late.timeout(ms(10)).await;
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
    let next = pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) });
    assert_eq!(soon(next.into_future()).await.unwrap(), 2);
    soon(pool.stop()).await.unwrap();
    ledger.assert_settled();
}

/// The retry runs before all that waits, and on a resource that was made for it though another is idle.
#[tokio::test(start_paused = true)]
async fn a_retry_goes_first_and_on_a_fresh_resource() {
    let (pool, _) = pool(|pool| pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let (started, starts) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let (mut started, mut released) = (Some(started), Some(released));
    let noted = Arc::clone(&order);
    let breaking = move |_tool| {
        let (started, released) = (started.take(), released.take());
        let noted = Arc::clone(&noted);
        async move {
            let Some(released) = released else {
                noted.lock().unwrap().push("retried");
                return Ok(());
            };
            started.unwrap().send(()).unwrap();
            let _ = released.await;
            Err(Fault::Jammed)
        }
    };
    let breaking = pool.submit(breaking).handle().await.unwrap();
    soon(starts).await.unwrap();
    let mut waiting = Vec::new();
    for what in ["high", "normal"] {
        let noted = Arc::clone(&order);
        let work = pool.submit(move |_tool| {
            noted.lock().unwrap().push(what);
            async { Ok::<_, Fault>(()) }
        });
        let work = if what == "high" { work.high() } else { work };
        waiting.push(work.handle().await.unwrap());
    }
    drop(release);
    breaking.await.unwrap();
    for work in waiting {
        work.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["retried", "high", "normal"]);

    let (pool, ledger) = crate::workshop::pool(|pool| pool.workers(3));
    pool.start().await.unwrap();
    let id = pool.submit(failing(Fault::Jammed, 2)).await.unwrap();
    assert_eq!(id, 5);
    assert_eq!(ledger.log().destroyed.len(), 2);
}

///
#[tokio::test(start_paused = true)]
async fn a12_a_lost_worker_is_replaced() {
    let (pool, ledger) = slow_pool(ms(20), |pool| pool.workers(1).max_retries(0));
    let Err(Error::Broken { attempts, source }) = pool.submit(failing(Fault::Jammed, 1)).await
    else {
        panic!("there are no retries");
    };
    assert_eq!(attempts, 1);
    assert_eq!(source.downcast_ref(), Some(&Fault::Jammed));
    ledger.until(|log| log.created == [1, 2]).await;
    assert_eq!(pool.submit(failing(Fault::Jammed, 0)).await.unwrap(), 2);
    assert_eq!(pool.stats().workers, 1);
}

///
#[tokio::test(start_paused = true)]
async fn a13_once_is_one_attempt_and_the_worker_is_replaced() {
    let (pool, ledger) = pool(|pool| pool.max_retries(3));
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    // It uses itself up, which only one attempt can.
    let used_up = String::from("moved away");
    let work = pool.once(move |_tool| async move {
        drop(used_up);
        counted.fetch_add(1, Ordering::SeqCst);
        Err::<(), _>(Fault::Jammed)
    });
    assert!(matches!(work.await, Err(Error::Broken { attempts: 1, .. })));
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
    ledger
        .until(|log| log.created == [1, 2] && log.destroyed == [1])
        .await;
    assert_eq!(pool.metrics().retried, 0);
}

///
#[tokio::test(start_paused = true)]
async fn a28_a_panic_costs_its_resource_and_nothing_else() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    pool.start().await.unwrap();
    let steady = pool.submit(|tool| async move {
        tokio::time::sleep(ms(100)).await;
        Ok::<_, Fault>(tool.id)
    });
    let steady = steady.handle().await.unwrap();
    let panics = pool.submit(|tool| async move {
        assert!(tool.id == 0, "no such tool");
        Ok::<_, Fault>(())
    });
    let Err(Error::Panicked(message)) = panics.await else {
        panic!("the work panics");
    };
    assert!(message.contains("broken.rs:"), "{message}");
    assert!(message.ends_with(": no such tool"), "{message}");
    // Before there is a future, too.
    let early = pool.submit(|_tool| -> std::future::Ready<Result<(), Fault>> { panic!("early") });
    assert!(matches!(early.await, Err(Error::Panicked(_))));
    steady.await.unwrap();
    ledger
        .until(|log| log.created.len() == 4 && log.destroyed.len() == 2)
        .await;
    assert_eq!(pool.stats().workers, 2);
    assert_eq!(pool.metrics().retried, 0);
}

/// After an error that says nothing of the resource, a probe does; idle ones are probed every so often.
#[tokio::test(start_paused = true)]
async fn a_probe_finds_what_no_error_tells() {
    let (pool, ledger) = pool(|pool| pool.probe_every(ms(1_000)));
    let bend = pool.submit(|mut tool| async move {
        tool.is_bent = true;
        Err::<(), _>(Fault::Paper(1))
    });
    assert!(matches!(bend.await, Err(Error::Work(_))));
    ledger.until(|log| log.destroyed == [1]).await;
    let bend = pool.submit(|mut tool| async move {
        tool.is_bent = true;
        Ok::<_, Fault>(tool.id)
    });
    assert_eq!(bend.await.unwrap(), 2);
    let start = Instant::now();
    ledger.until(|log| log.destroyed == [1, 2]).await;
    assert!(start.elapsed() <= ms(2_000), "{:?}", start.elapsed());
    ledger.until(|log| log.created == [1, 2, 3]).await;
    // The last one is found to be good, again and again.
    ledger.until(|log| log.probed.ends_with(&[3, 3, 3])).await;
    assert_eq!(pool.stats().workers, 1);
}

/// What the work itself says goes before what its error says, or its success.
#[tokio::test(start_paused = true)]
async fn work_can_say_that_its_resource_is_broken() {
    let (pool, ledger) = pool(|pool| pool);
    let good = pool.submit(|mut tool| async move {
        Resource::mark_broken(&mut tool);
        Ok::<_, Fault>(tool.id)
    });
    assert_eq!(good.await.unwrap(), 1);
    ledger.until(|log| log.destroyed == [1]).await;
    let mut first = true;
    let bad = pool.submit(move |mut tool| {
        let is_first = std::mem::take(&mut first);
        async move {
            if is_first {
                Resource::mark_broken(&mut tool);
                return Err(Fault::Paper(1));
            }
            Ok(tool.id)
        }
    });
    assert_eq!(bad.await.unwrap(), 3);
    assert_eq!(pool.metrics().retried, 1);
}

/// Work that gives its resource away is answered; the resource comes home when whoever has it lets go.
#[tokio::test(start_paused = true)]
async fn a_resource_that_was_given_away_comes_home() {
    let (pool, ledger) = pool(|pool| pool);
    let give = |fault: Option<Fault>| {
        let (give, given) = oneshot::channel();
        let work = pool.once(move |tool| async move {
            give.send(tool).unwrap();
            fault.map_or(Ok(()), Err)
        });
        (work, given)
    };
    let (work, given) = give(None);
    work.await.unwrap();
    let tool = given.await.unwrap();
    let mut next = Box::pin(
        pool.submit(|tool| async move { Ok::<_, Fault>(tool.id) })
            .handle(),
    );
    let next = soon(&mut next).await.unwrap();
    assert!(!next.is_finished(), "the only tool is away");
    drop(tool);
    assert_eq!(next.await.unwrap(), 1);
    let (work, given) = give(Some(Fault::Jammed));
    assert!(matches!(work.await, Err(Error::Broken { .. })));
    assert_eq!(ledger.log().destroyed, [0; 0]);
    drop(given.await.unwrap());
    ledger
        .until(|log| log.destroyed == [1] && log.created == [1, 2])
        .await;
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// A resource made by hand belongs to no pool, for tests of functions that take one.
#[tokio::test(start_paused = true)]
async fn a_resource_can_be_made_by_hand() {
    let mut list = Resource::from(vec![1]);
    list.push(2);
    assert_eq!(*list, [1, 2]);
    assert!(!Resource::token(&list).is_cancelled());
    Resource::mark_broken(&mut list);
}

/// Resources that cannot be made are tried again with growing delays, and work is not left hanging.
#[tokio::test(start_paused = true)]
async fn work_is_told_when_no_resource_can_be_made() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    ledger.fail_next(3);
    let start = Instant::now();
    pool.submit(failing(Fault::Jammed, 0)).await.unwrap();
    assert!(start.elapsed() <= ms(300), "{:?}", start.elapsed());

    let (pool, ledger) = crate::workshop::pool(|pool| pool.workers(1));
    ledger.fail_next(usize::MAX);
    let start = Instant::now();
    let Err(Error::Create(error)) = pool.submit(failing(Fault::Jammed, 0)).await else {
        panic!("there is no tool");
    };
    assert_eq!(error.to_string(), "no steel");
    assert_eq!(start.elapsed(), ms(100 + 200 + 400));
    ledger.fail_next(0);
    // It goes on trying, so what comes later is done.
    assert_eq!(pool.submit(failing(Fault::Jammed, 0)).await.unwrap(), 1);

    let (pool, ledger) = crate::workshop::pool(|pool| pool.workers(2));
    ledger.fail_next(1);
    assert!(matches!(pool.start().await, Err(Error::Create(_))));
    assert_eq!(pool.submit(failing(Fault::Jammed, 0)).await.unwrap(), 1);
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// Work that came while a `start` was under way does not depend on its end.
#[tokio::test(start_paused = true)]
async fn work_survives_a_start_that_is_dropped() {
    let (pool, ledger) = slow_pool(ms(100), |pool| pool.workers(2));
    let mut start = Box::pin(pool.start());
    assert!(futures_util::poll!(&mut start).is_pending());
    let work = pool.submit(failing(Fault::Jammed, 0)).handle().await;
    drop(start);
    assert_eq!(soon(work.unwrap()).await.unwrap(), 1);
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// A retry whose fresh resource cannot be made runs on another one.
#[tokio::test(start_paused = true)]
async fn a_retry_is_handed_on_where_no_fresh_resource_can_be_made() {
    let (pool, ledger) = pool(|pool| pool.workers(2));
    pool.start().await.unwrap();
    ledger.fail_next(1);
    let id = pool.submit(failing(Fault::Jammed, 1)).await.unwrap();
    assert!(id <= 2, "the other one of the first two");
    ledger.until(|log| log.created.len() == 3).await;
    pool.stop().await.unwrap();
    ledger.assert_settled();
}

/// A manager that hangs or panics is an error like any other.
#[tokio::test(start_paused = true)]
async fn a_manager_that_hangs_or_panics_holds_up_nobody() {
    struct Odd(Mutex<Vec<&'static str>>);
    impl tasker::pool::Manager for Odd {
        type Resource = u8;

        async fn create(&self) -> Result<u8, tasker::BoxError> {
            let next = self.0.lock().unwrap().pop();
            match next {
                Some("hang") => std::future::pending().await,
                Some("panic") => panic!("no steel"),
                _ => Ok(1),
            }
        }

        async fn destroy(&self, _: u8) {
            panic!("cannot let go");
        }

        fn is_broken(&self, _: &(dyn std::error::Error + 'static)) -> bool {
            panic!("who knows");
        }
    }
    let odd = Odd(Mutex::new(vec!["panic", "hang"]));
    let pool = Pool::builder(odd)
        .upkeep_timeout(ms(50))
        .max_retries(0)
        .build()
        .unwrap();
    let work = pool.submit(|_| async { Err::<(), _>(Fault::Paper(1)) });
    assert!(matches!(work.await, Err(Error::Broken { .. })));
    let work = pool.submit(|number| async move { Ok::<_, Fault>(*number) });
    assert_eq!(work.await.unwrap(), 1);
    soon(pool.stop()).await.unwrap();
    let metrics = pool.metrics();
    assert_eq!((metrics.created, metrics.destroyed), (2, 2));
}
