//! Several processes on one queue.

use std::time::Instant;

use crate::place::{Database, Place};
use crate::product::{self, rate};
use crate::report::{Goal, Report, beside, figure};
use crate::worker::{Orders, Process, Work};
use crate::{JOBS, Result};

const THEME: &str = "processes";
/// Enough to keep four of them busy for longer than they take to notice the start and the end.
const MANY: usize = 3 * JOBS;

pub(crate) async fn measure(report: &mut Report<'_>) {
    let database = report.database;
    let what = "drain by 4 processes, concurrency 100";
    if !report.wants(THEME, what) {
        return;
    }
    let one = beside(
        "tasker: 1 process",
        Goal::Share(1.0),
        figure(move || drain(database, 1)),
    );
    report
        .compare(what, figure(move || drain(database, 4)), vec![one])
        .await;
}

async fn drain(database: Database, processes: usize) -> Result<f64> {
    Place::with(database, async |place| {
        product::fill(place, MANY, true).await?;
        let orders = Orders {
            url: place.url.clone(),
            concurrency: 100,
            work: Work::Drain,
        };
        let started: Result<Vec<Process>> =
            (0..processes).map(|_| Process::start(&orders)).collect();
        let mut started = started?;
        let start = Instant::now();
        for process in &mut started {
            process.tell(MANY)?;
        }
        let mut done = 0;
        for process in &mut started {
            done += process.hear()?.parse::<usize>()?;
        }
        let elapsed = start.elapsed();
        if done != MANY {
            return Err(format!("{MANY} jobs were there and {done} succeeded").into());
        }
        Ok(rate(done, elapsed))
    })
    .await
}
