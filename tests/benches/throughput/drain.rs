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
    for (concurrency, keep, prefetch) in [
        (100, true, 0),
        (100, false, 0),
        (100, true, AHEAD),
        (100, false, AHEAD),
        (10, true, 0),
        (10, false, 0),
        (10, false, AHEAD),
    ] {
        let setting = Setting {
            concurrency,
            prefetch,
            keep,
        };
        drain(report, database, setting).await;
    }
    if database == Database::Sqlite {
        let setting = Setting {
            concurrency: 100,
            prefetch: 0,
            keep: true,
        };
        drain(report, Database::SqliteFull, setting).await;
    }
}

/// How many jobs a worker claims ahead of time, where it does.
const AHEAD: u32 = 200;

async fn drain(report: &mut Report<'_>, database: Database, setting: Setting) {
    let mut what = format!("drain, concurrency {}", setting.concurrency);
    if setting.prefetch > 0 {
        what += &format!(", prefetch {}", setting.prefetch);
    }
    if !setting.keep {
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
    let Setting {
        concurrency,
        prefetch,
        keep,
    } = setting;
    // Where jobs are claimed ahead, batches are as large as in the yardstick.
    let at_a_time = if prefetch > 0 { 100 } else { concurrency };
    let raw = |way| raw_drain(database, way, at_a_time, keep);
    match database {
        Database::Sqlite | Database::SqliteFull => {
            let goal = match (concurrency, keep) {
                (100, true) => Goal::Share(0.7),
                _ => Goal::None,
            };
            vec![beside(ONE_LOCK, goal, raw(Way::Fused))]
        }
        Database::Mysql => {
            let goal = if concurrency == 100 {
                Goal::Share(0.8)
            } else {
                Goal::None
            };
            vec![beside(TWO_TRIPS, goal, raw(Way::Fused))]
        }
        Database::Postgres => {
            let (same, d) = match (concurrency, prefetch, keep) {
                (100, 0, true) => (Goal::Share(0.8), Goal::None),
                (100, 1.., false) => (Goal::None, Goal::Share(1.0)),
                (10, 0, _) => (Goal::None, Goal::Share(0.2)),
                (10, 1.., _) => (Goal::None, Goal::Share(0.8)),
                _ => (Goal::None, Goal::None),
            };
            vec![
                beside(APART, same, raw(Way::Apart)),
                beside(FUSED, Goal::None, raw(Way::Fused)),
                beside("d", d, raw_drain(database, Way::Apart, 100, false)),
            ]
        }
    }
}

const ONE_LOCK: &str = "raw: as many, in one transaction";
const APART: &str = "raw: as many, 2 statements, 2 connections";
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
