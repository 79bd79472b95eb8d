//! How fast the whole path is, beside the same work done by bare statements in the same run.
//!
//! In: the command line (`arguments`), and the servers it finds (`place`). Out: one table for each database, and
//! `target/throughput.json`. `cargo bench -p tasker-tests` measures everything but what takes minutes, which `--
//! --full` adds; `-- --database postgres only drain` narrows it down.
//!
//! Absolute figures move with the machine, by a factor of two within an hour. So the product and what it is compared
//! with take turns, round by round, and what counts is the share: the median of the rounds' own ratios. "Raw" is a
//! program of ours that issues the ideal statements with the same effects through the bare driver, at the same batch
//! sizes, on the product's own schema (`raw`). A figure that misses its goal is printed as it is.
//!
//! Read next: `report` (a row), `product` (what is measured), `raw` (beside what), then one file per theme.

mod arguments;
mod crowd;
mod drain;
mod enqueue;
mod idle;
mod latency;
mod place;
mod processes;
mod product;
mod raw;
mod report;
mod worker;

use arguments::{Arguments, Role};
use place::Database;
use report::Report;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// Jobs in each measurement.
const JOBS: usize = 20_000;
/// A hundred bytes of params, as a small job has.
const PADDING: &str =
    "................................................................................";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match Role::parse(std::env::args().skip(1))? {
        Role::Bench(arguments) => runtime.block_on(bench(&arguments)),
        Role::Worker(orders) => runtime.block_on(worker::run(orders)),
    }
}

async fn bench(arguments: &Arguments) -> Result<()> {
    let mut reports = Vec::new();
    for database in Database::ALL {
        if !arguments.measures(database) {
            continue;
        }
        if let Some(reason) = database.missing() {
            println!("{}: not measured, {reason}\n", database.name());
            continue;
        }
        let mut report = Report::new(database, arguments).await?;
        enqueue::measure(&mut report).await;
        drain::measure(&mut report).await;
        let done = crowd::measure(&mut report).await;
        report.note("crowd", done);
        processes::measure(&mut report).await;
        let done = latency::measure(&mut report).await;
        report.note("latency", done);
        let done = idle::measure(&mut report).await;
        report.note("idle", done);
        report.end();
        reports.push(report);
    }
    report::write(&reports)
}
