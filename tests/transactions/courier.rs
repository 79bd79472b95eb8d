//! The tasks of `transactions-program`, known to its tests by their types too. Handlers tell what happens to them on
//! stdout, a line each.

use std::io::Write;

use sea_orm::ConnectionTrait;
use tasker::{Context, task};

/// Leave an effect and finish in one transaction. The first attempt then waits for its death.
#[task(max_attempts = 3, queue = "courier")]
pub(crate) async fn deliver(ctx: Context, commits: bool) -> anyhow::Result<()> {
    let (job, attempt) = (ctx.job_number().unwrap_or_default(), ctx.attempt());
    say(&format!("started {job} attempt {attempt}"));
    let tx = ctx.tasker().begin().await?;
    let words = format!("INSERT INTO effects (job, attempt) VALUES ({job}, {attempt})");
    tx.execute_unprepared(&words).await?;
    ctx.finish_in(&tx, ()).await?;
    if attempt == 1 && !commits {
        say(&format!("finished {job}"));
        std::future::pending::<()>().await;
    }
    tx.commit().await?;
    say(&format!("committed {job}"));
    if attempt == 1 {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Wait for death in the first attempt, and end in the second.
#[task(max_attempts = 3, queue = "courier")]
pub(crate) async fn stand_by(ctx: Context) {
    let (job, attempt) = (ctx.job_number().unwrap_or_default(), ctx.attempt());
    say(&format!("started {job} attempt {attempt}"));
    if attempt == 1 {
        std::future::pending::<()>().await;
    }
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    // A test that has gone away listens no more.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}
