//! Working off what is queued, in one process.
//!
//! Beside each figure: the same work by bare statements, as many jobs at a time as the worker runs. And "d", a yardstick
//! that does not change with the setting: 100 jobs are claimed and deleted, a statement each, on two connections.

use crate::place::{Database, Place};
use crate::product::{self, Setting};
use crate::raw::{self, Keep, Way};
use crate::report::{Beside, Goal, Measure, Report, beside, figure};

const THEME: &str = "drain";

pub(crate) async fn measure(report: &mut Report<'_>) {
    let database = report.database;
    // Prefetch, once a worker can, belongs into these settings: it has goals of its own.
    for (concurrency, keep) in [(100, true), (100, false), (10, true), (10, false)] {
        let setting = Setting { concurrency, keep };
        drain(report, database, setting).await;
    }
    if database == Database::Sqlite {
        let setting = Setting {
            concurrency: 100,
            keep: true,
        };
        drain(report, Database::SqliteFull, setting).await;
    }
}

async fn drain(report: &mut Report<'_>, database: Database, setting: Setting) {
    let Setting { concurrency, keep } = setting;
    let mut what = format!("drain, concurrency {concurrency}");
    if !keep {
        what += ", retention 0";
    }
    if database == Database::SqliteFull {
        what += ", synchronous=full";
    }
    if !report.wants(THEME, &what) {
        return;
    }
    let tasker = figure(move || {
        Place::with(database, async move |place| {
            product::filled_drain(place, setting).await
        })
    });
    report
        .compare(&what, tasker, others(database, setting))
        .await;
}

/// What the product stands beside, with the goals.
fn others(database: Database, setting: Setting) -> Vec<Beside<'static>> {
    let Setting { concurrency, keep } = setting;
    let (name, goal) = match (database, concurrency, keep) {
        (Database::Sqlite | Database::SqliteFull, 100, true) => (ONE_LOCK, Goal::Share(0.7)),
        (Database::Sqlite | Database::SqliteFull, ..) => (ONE_LOCK, Goal::None),
        (Database::Postgres, 100, true) => (FUSED, Goal::Share(0.8)),
        (Database::Postgres, ..) => (FUSED, Goal::None),
        (Database::Mysql, 100, _) => (TWO_TRIPS, Goal::Share(0.8)),
        (Database::Mysql, ..) => (TWO_TRIPS, Goal::None),
    };
    let same = raw_drain(database, Way::Fused, concurrency, keep);
    let mut others = vec![beside(name, goal, same)];
    if database == Database::Postgres {
        let goal = match (concurrency, keep) {
            (100, false) => Goal::Share(1.0),
            (100, true) => Goal::None,
            _ => Goal::Share(0.2),
        };
        others.push(beside(
            "d",
            goal,
            raw_drain(database, Way::Apart, 100, false),
        ));
    }
    others
}

const ONE_LOCK: &str = "raw: as many, in one transaction";
const FUSED: &str = "raw: as many, fused, 2 connections";
const TWO_TRIPS: &str = "raw: as many, 2 connections";

fn raw_drain(database: Database, way: Way, at_a_time: u32, keep: bool) -> Measure<'static> {
    let keep = if keep { Keep::Outcome } else { Keep::Nothing };
    figure(move || {
        Place::with(database, async move |place| {
            raw::filled_drain(place, way, at_a_time as usize, keep).await
        })
    })
}
