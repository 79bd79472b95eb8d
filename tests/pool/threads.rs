//! Submit, stop, kill and drop from several threads at once: nobody hangs, nothing panics, every resource is
//! destroyed exactly once and every caller answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tasker::Resource;
use tasker::pool::{Error, Pool};

use crate::workshop::{Fault, Tool, ms, pool, soon};

/// What the threads do to the pool, in every order.
const ENDS: [[&str; 3]; 6] = [
    ["stop", "kill", "drop"],
    ["stop", "stop", "kill"],
    ["kill", "kill", "stop"],
    ["drop", "drop", "drop"],
    ["kill", "drop", "stop"],
    ["stop", "stop", "stop"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn any_order_of_ends_from_several_threads_is_harmless() {
    for round in 0..60 {
        soon(one_round(round)).await;
    }
}

async fn one_round(round: usize) {
    let (pool, ledger) = pool(|pool| {
        pool.workers(2)
            .max_workers(4)
            .scale_every(ms(1))
            .grace(ms(20))
            .patience(ms(5))
            .queue(8)
    });
    let answered = Arc::new(AtomicUsize::new(0));
    let mut threads = Vec::new();
    for caller in 0..4 {
        let (pool, answered) = (pool.clone(), Arc::clone(&answered));
        threads.push(tokio::spawn(async move {
            for number in 0..20 {
                submit(&pool, caller * 20 + number, &answered).await;
            }
        }));
    }
    for (at, end) in ENDS[round % ENDS.len()].into_iter().enumerate() {
        let pool = pool.clone();
        threads.push(tokio::spawn(async move {
            tokio::time::sleep(ms((round % 7 + at) as u64)).await;
            match end {
                "stop" => {
                    let stopped = pool.stop().await;
                    assert!(matches!(stopped, Ok(_) | Err(Error::AlreadyStopped)));
                }
                "kill" => {
                    let killed = pool.kill().await;
                    assert!(matches!(killed, Ok(()) | Err(Error::AlreadyStopped)));
                }
                _ => drop(pool),
            }
        }));
    }
    drop(pool);
    for thread in threads {
        thread.await.unwrap();
    }
    ledger.until(|log| log.alive() == 0).await;
    ledger.assert_settled();
    let wanted = 4 * 20;
    while answered.load(Ordering::SeqCst) < wanted {
        tokio::task::yield_now().await;
    }
    assert_eq!(answered.load(Ordering::SeqCst), wanted);
}

/// One of the many ways to use a pool.
async fn submit(pool: &Pool<Tool>, number: usize, answered: &Arc<AtomicUsize>) {
    let work = move |mut tool: Resource<Tool>| async move {
        tool.uses += 1;
        match number % 7 {
            0 => Err(Fault::Jammed),
            1 => Err(Fault::Paper(1)),
            2 => {
                tokio::time::sleep(ms(1)).await;
                Ok(())
            }
            3 if tool.uses.is_multiple_of(2) => panic!("on purpose"),
            4 => std::future::pending().await,
            _ => Ok(()),
        }
    };
    let count = |_: Result<(), Error>| {
        answered.fetch_add(1, Ordering::SeqCst);
    };
    match number % 5 {
        0 => count(pool.submit(work).timeout(ms(3)).await),
        1 => count(pool.run_now(work).await_for(ms(3)).await),
        2 => match pool.submit(work).high().timeout(ms(3)).handle().await {
            Ok(handle) => count(handle.await),
            Err(error) => count(Err(error)),
        },
        3 => {
            let answered = Arc::clone(answered);
            let submission = pool.submit(work).timeout(ms(3));
            submission
                .callback(move |_| {
                    answered.fetch_add(1, Ordering::SeqCst);
                })
                .await;
        }
        _ => match pool.submit(work).timeout(ms(3)).try_handle() {
            Ok(handle) => {
                handle.cancel();
                count(handle.await);
            }
            Err(error) => count(Err(error)),
        },
    }
}

/// A future that is dropped when its time is over.
trait AwaitFor: Future<Output = Result<(), Error>> + Sized {
    async fn await_for(self, limit: std::time::Duration) -> Result<(), Error> {
        let ended = tokio::time::timeout(limit, self).await;
        ended.unwrap_or(Err(Error::TimedOut(limit)))
    }
}

impl<F: Future<Output = Result<(), Error>>> AwaitFor for F {}
