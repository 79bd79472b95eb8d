//! Working off what is queued, in one process.
//!
//! "d" is the yardstick of the issue: claiming 100 and deleting them, a statement each, on two connections.

use crate::Result;
use crate::place::{Database, Place};
use crate::product::{self, Setting};
use crate::raw::{self, Keep, Way};
use crate::report::{Beside, Goal, Measure, Report, beside, figure};

const THEME: &str = "drain";

pub(crate) async fn measure(report: &mut Report<'_>) -> Result<()> {
    let database = report.database;
    for (concurrency, keep) in [(100, true), (100, false), (10, true), (10, false)] {
        let setting = Setting { concurrency, keep };
        drain(report, database, setting).await?;
    }
    if database == Database::Sqlite {
        let setting = Setting {
            concurrency: 100,
            keep: true,
        };
        drain(report, Database::SqliteFull, setting).await?;
    }
    Ok(())
}

async fn drain(report: &mut Report<'_>, database: Database, setting: Setting) -> Result<()> {
    let Setting { concurrency, keep } = setting;
    let mut what = format!("drain, concurrency {concurrency}");
    if !keep {
        what += ", retention 0";
    }
    if database == Database::SqliteFull {
        what += ", synchronous=full";
    }
    if !report.wants(THEME, &what) {
        return Ok(());
    }
    let tasker = figure(move || {
        Place::with(database, async move |place| {
            product::filled_drain(place, setting).await
        })
    });
    report
        .compare(&what, tasker, others(database, setting))
        .await
}

/// What the product stands beside, with the goals.
fn others(database: Database, setting: Setting) -> Vec<Beside<'static>> {
    let Setting { concurrency, keep } = setting;
    let same = |name, goal| {
        beside(
            name,
            goal,
            raw_drain(database, Way::Fused, concurrency, keep),
        )
    };
    let d = |goal| beside("d", goal, raw_drain(database, Way::Apart, 100, false));
    match (database, concurrency, keep) {
        (Database::Sqlite | Database::SqliteFull, 100, true) => {
            vec![same("raw: by 100, in one transaction", Goal::Share(0.7))]
        }
        (Database::Sqlite | Database::SqliteFull, ..) => {
            vec![same("raw: as many, in one transaction", Goal::None)]
        }
        (Database::Postgres, 100, true) => vec![
            same("raw: fused, by 100, 2 connections", Goal::Share(0.8)),
            d(Goal::None),
        ],
        (Database::Postgres, 100, false) => vec![
            same("raw: fused, by 100, 2 connections", Goal::None),
            d(Goal::Share(1.0)),
        ],
        (Database::Postgres, _, true) => vec![
            same("raw: fused, by 10, 2 connections", Goal::None),
            d(Goal::Share(0.2)),
        ],
        (Database::Postgres, _, false) => vec![d(Goal::Share(0.2))],
        (Database::Mysql, 100, _) => {
            vec![same("raw: by 100, 2 connections", Goal::Share(0.8))]
        }
        (Database::Mysql, ..) => vec![same("raw: by 10, 2 connections", Goal::None)],
    }
}

fn raw_drain(database: Database, way: Way, at_a_time: u32, keep: bool) -> Measure<'static> {
    let keep = if keep { Keep::Outcome } else { Keep::Nothing };
    figure(move || {
        Place::with(database, async move |place| {
            raw::filled_drain(place, way, at_a_time as usize, keep).await
        })
    })
}
