//! What a pool costs, beside a bare `tokio::spawn` with a bounded channel, in the same run.
//!
//! Run with `cargo bench -p tasker-tests --bench pool`. Prints one table. Absolute figures move with the machine, so
//! each pair is measured in turns and the median of the rounds is shown. What counts is what the pool takes more: 3 µs
//! are allowed. The last three columns are the time on the processor alone, of all threads: where other programs are
//! running beside this one, they can be trusted and the clock cannot.
//!
//! `cargo bench -p tasker-tests --bench pool -- memory` sends ten million pieces of work through a pool and prints how much
//! memory the process holds on the way, which must stay flat.

use std::future::Future;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tasker::pool::{Error, Pool};
use tokio::sync::mpsc;

/// Pieces of work in one round of one measurement.
const WORKS: u32 = 50_000;
const ROUNDS: usize = 15;
/// What the memory is shown for.
const SOAK: u64 = 10_000_000;

type Never = std::convert::Infallible;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let wants_memory = std::env::args().any(|argument| argument == "memory");
    // In a task of the runtime: the thread of `block_on` is woken across threads, which costs more than all else.
    let measured = match wants_memory {
        true => runtime.spawn(memory()),
        false => runtime.spawn(table()),
    };
    Ok(runtime.block_on(measured)??)
}

fn pool(workers: usize) -> Result<Pool<u64>, Error> {
    Pool::builder(|| async { Ok::<_, Never>(0) })
        .workers(workers)
        .max_workers(workers)
        .build()
}

async fn table() -> Result<(), Error> {
    println!(
        "{:<34} {:^32}  {:^32}",
        "", "by the clock", "on the processor"
    );
    print!("{:<34}", "from submit to result, one piece");
    for _ in 0..2 {
        print!(" {:>10} {:>10} {:>10} ", "pool", "bare", "more");
    }
    println!();
    for (what, callers, workers) in [
        ("one caller, one worker", 1, 1),
        ("8 callers, 2 workers", 8, 2),
        ("64 callers, 2 workers", 64, 2),
        ("64 callers, 64 workers", 64, 64),
    ] {
        let pool = pool(workers)?;
        pool.start().await?;
        let (mut ours, mut bares) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(cost(pooled(&pool, callers)).await);
            bares.push(cost(bare(callers)).await);
        }
        line(what, ours, bares);
        pool.stop().await?;
    }
    let pool = pool(1)?;
    pool.start().await?;
    let (mut ours, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let here = async {
            for number in 0..WORKS {
                let work = |mut uses: tasker::Resource<u64>| async move {
                    *uses += 1;
                    Ok::<_, Never>(number)
                };
                black_box(pool.run_now(work).await.expect("it cannot fail"));
            }
        };
        ours.push(cost(here).await);
        bares.push(cost(bare(1)).await);
    }
    line("run_now, one caller", ours, bares);
    pool.stop().await?;
    Ok(())
}

/// What one piece of work takes.
#[derive(Clone, Copy)]
struct Cost {
    clock: Duration,
    processor: Duration,
}

/// Takes the time of a round.
async fn cost(round: impl Future<Output = ()>) -> Cost {
    let (start, before) = (Instant::now(), processor());
    round.await;
    Cost {
        clock: start.elapsed() / WORKS,
        processor: processor().saturating_sub(before) / WORKS,
    }
}

/// For how long this process's threads have run so far; nothing where the system does not tell.
fn processor() -> Duration {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let nanos = threads.flatten().filter_map(|thread| {
        let figures = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        figures.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn line(what: &str, ours: Vec<Cost>, bares: Vec<Cost>) {
    print!("{what:<34}");
    for kind in [|cost: &Cost| cost.clock, |cost: &Cost| cost.processor] {
        let median = |rounds: &[Cost]| {
            let mut times: Vec<_> = rounds.iter().map(kind).collect();
            times.sort_unstable();
            times[times.len() / 2].as_nanos() as f64 / 1_000.0
        };
        let (ours, bare) = (median(&ours), median(&bares));
        print!(" {ours:>7.2} µs {bare:>7.2} µs {:>7.2} µs ", ours - bare);
    }
    println!();
}

/// So many callers, each awaiting one piece of work after another.
async fn pooled(pool: &Pool<u64>, callers: u32) {
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for number in 0..WORKS / callers {
                    let work = pool.submit(move |mut uses| async move {
                        *uses += 1;
                        Ok::<_, Never>(number)
                    });
                    black_box(work.await.expect("it cannot fail"));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("nobody panics here");
    }
}

/// The same without a pool: a task for each piece, its result through a bounded channel of its caller's.
async fn bare(callers: u32) {
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            tokio::spawn(async move {
                let (sender, mut results) = mpsc::channel(16);
                for number in 0..WORKS / callers {
                    let sender = sender.clone();
                    tokio::spawn(async move { sender.send(number).await });
                    black_box(results.recv().await);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("nobody panics here");
    }
}

async fn memory() -> Result<(), Error> {
    let pool = pool(2)?;
    pool.start().await?;
    let start = Instant::now();
    let mut done = 0;
    while done < SOAK {
        for _ in 0..SOAK / 20 / u64::from(WORKS) {
            pooled(&pool, 64).await;
        }
        done = pool.metrics().completed;
        println!(
            "{done:>10} works {:>8} KiB {:>8.1?}",
            resident(),
            start.elapsed()
        );
    }
    pool.stop().await?;
    Ok(())
}

/// How much memory this process holds, in KiB; 0 where nothing tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
