//! A pool under a long stream of work, in a process of its own: `pool-soak 200000` says how much more memory it held
//! at the end than after a tenth.

use tasker::pool::Pool;

/// What keeps the stream moving.
const IN_FLIGHT: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let works: usize = std::env::args().nth(1).ok_or("how many?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (before, after) = runtime.block_on(soak(works))?;
    println!(
        "works={works} before_kib={before} after_kib={after} grown_kib={}",
        after - before
    );
    Ok(())
}

async fn soak(works: usize) -> Result<(i64, i64), Box<dyn std::error::Error>> {
    let pool = Pool::builder(|| async { std::io::Result::Ok(0_u64) })
        .workers(2)
        .build()?;
    pool.start().await?;
    stream(&pool, works / 10).await?;
    let before = resident()?;
    stream(&pool, works - works / 10).await?;
    let after = resident()?;
    let completed = pool.metrics().completed;
    if completed != works as u64 {
        return Err(format!("{completed} of {works} completed").into());
    }
    pool.stop().await?;
    Ok((before, after))
}

async fn stream(pool: &Pool<u64>, works: usize) -> Result<(), Box<dyn std::error::Error>> {
    let callers: Vec<_> = (0..IN_FLIGHT)
        .map(|caller| {
            let pool = pool.clone();
            let share = works / IN_FLIGHT + usize::from(caller < works % IN_FLIGHT);
            tokio::spawn(async move {
                for _ in 0..share {
                    let work = pool.submit(|mut uses| async move {
                        *uses += 1;
                        std::io::Result::Ok(*uses)
                    });
                    work.await?;
                }
                Ok::<_, tasker::pool::Error>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    Ok(())
}

/// How much memory this process holds, in KiB.
fn resident() -> Result<i64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("no VmRSS in /proc/self/status")?.parse()?)
}
