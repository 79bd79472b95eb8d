//! Enqueueing: many in a call, and one by one by several callers at once.

use crate::place::{Database, Place};
use crate::report::{Goal, Report, beside, figure};
use crate::{JOBS, product, raw};

const THEME: &str = "enqueue";
/// A single caller waits for the disk each time.
const ALONE: usize = 2_000;

pub(crate) async fn measure(report: &mut Report<'_>) {
    let database = report.database;
    let raw_bulk =
        || figure(move || Place::with(database, async |place| raw::bulk(place, 1_000).await));
    let what = "enqueue, 1,000 a call";
    if report.wants(THEME, what) {
        let goal = match database {
            Database::Postgres => Goal::Share(0.8),
            _ => Goal::None,
        };
        report
            .compare(
                what,
                figure(move || {
                    Place::with(database, async |place| product::bulk(place, JOBS).await)
                }),
                vec![beside("raw: 1,000 a statement", goal, raw_bulk())],
            )
            .await;
    }
    for (callers, jobs) in [(1, ALONE), (10, JOBS), (100, JOBS)] {
        let what = format!("enqueue one by one, {callers} callers");
        if !report.wants(THEME, &what) {
            continue;
        }
        let tasker = figure(move || {
            Place::with(database, async move |place| {
                product::single(place, callers, jobs).await
            })
        });
        // SQLite lets one write at a time, so connections of their own would only wait for each other.
        let connections = match database {
            Database::Sqlite | Database::SqliteFull => 1,
            _ => callers,
        };
        let own = figure(move || {
            Place::with(database, async move |place| {
                raw::single(place, connections, jobs).await
            })
        });
        let others = match (callers, database) {
            (1, Database::Postgres) => vec![beside("raw: a connection", Goal::Share(0.8), own)],
            (10, Database::Postgres) => {
                vec![beside("raw: 10 connections", Goal::Share(1.0), own)]
            }
            (100, Database::Postgres) => vec![beside(BULK, Goal::Share(0.5), raw_bulk())],
            (100, Database::Sqlite) => vec![beside(BULK, Goal::Share(0.4), raw_bulk())],
            (100, _) => vec![beside(BULK, Goal::None, raw_bulk())],
            (_, Database::Mysql) => vec![beside("raw: a connection each", Goal::None, own)],
            _ => vec![beside("raw: one connection", Goal::None, own)],
        };
        report.compare(&what, tasker, others).await;
    }
}

const BULK: &str = "raw: 1,000 a statement";
