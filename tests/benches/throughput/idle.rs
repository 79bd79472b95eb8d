//! What a worker costs that has nothing to do: statements a second, its heartbeat included, and memory.
//!
//! PostgreSQL counts transactions and not statements; each of an idle worker's statements is a transaction. SQLite
//! has no server that counts.

use std::time::{Duration, Instant};

use crate::Result;
use crate::place::Place;
use crate::raw;
use crate::report::{Goal, Report};
use crate::worker::{Orders, Process, Work};

const THEME: &str = "idle";
/// Time for what follows a start to be over.
const BEFORE: Duration = Duration::from_secs(12);
const WATCHED: Duration = Duration::from_secs(30);
/// A beat every 5 s.
const HEARTBEAT: f64 = 0.2;
/// The goal is half a statement beside the heartbeat.
const STATEMENTS: f64 = 0.5 + HEARTBEAT;
const MEBIBYTES: f64 = 15.0;

pub(crate) async fn measure(report: &mut Report<'_>) -> Result<()> {
    if !report.wants(THEME, "idle worker") {
        return Ok(());
    }
    let (statements, memory) = Place::with(report.database, watch).await?;
    if let Some(statements) = statements {
        let what = "idle worker, statements a second";
        report.figure(what.into(), statements, None, Goal::AtMost(STATEMENTS));
    }
    let what = "idle worker, MiB in memory";
    report.figure(what.into(), memory, None, Goal::AtMost(MEBIBYTES));
    Ok(())
}

/// Statements a second, and MiB.
async fn watch(place: &Place) -> Result<(Option<f64>, f64)> {
    let mut process = Process::start(&Orders {
        url: place.url.clone(),
        concurrency: 10,
        work: Work::Wait,
    })?;
    let mut raw = raw::connect(place).await?;
    tokio::time::sleep(BEFORE).await;
    let (start, before) = (Instant::now(), raw.carried_out().await?);
    tokio::time::sleep(WATCHED).await;
    let after = raw.carried_out().await?;
    let seconds = start.elapsed().as_secs_f64();
    let memory = process.memory()?;
    process.tell(0)?;
    process.hear()?;
    let statements = before.zip(after);
    Ok((
        statements.map(|(before, after)| (after - before) as f64 / seconds),
        memory,
    ))
}
