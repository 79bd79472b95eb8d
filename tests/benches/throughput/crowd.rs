//! Working off 20,000 jobs where millions of others stand around. Takes minutes, so only with `--full`.

use crate::place::Place;
use crate::product::{self, Setting};
use crate::raw::{self, Crowd, Keep, Way};
use crate::report::{Goal, Report, beside, figure};
use crate::{JOBS, Result};

const THEME: &str = "crowd";
const SETTING: Setting = Setting {
    concurrency: 100,
    prefetch: 0,
    keep: true,
};
/// History, the future and the queue itself must not slow a drain by more than a tenth.
const GOAL: Goal = Goal::Share(0.9);

pub(crate) async fn measure(report: &mut Report<'_>) -> Result<()> {
    for (crowd, jobs, what) in [
        (Crowd::Queued, 1_000_000, "drain, 1,000,000 queued"),
        (Crowd::Scheduled, 1_000_000, "drain, 1,000,000 scheduled"),
        (Crowd::Finished, 5_000_000, "drain, 5,000,000 finished"),
    ] {
        if report.is_full() && report.wants(THEME, what) {
            let database = report.database;
            Place::with(database, async |place| {
                // The product makes what a first enqueue makes beside the job.
                product::fill(place, JOBS, true).await?;
                product::drain(place, SETTING, JOBS).await?;
                raw::connect(place).await?.crowd(crowd, jobs).await?;
                among(report, place, crowd, what).await
            })
            .await?;
        }
    }
    Ok(())
}

async fn among(report: &mut Report<'_>, place: &Place, crowd: Crowd, what: &str) -> Result<()> {
    let database = place.database;
    let refill = async move || match crowd {
        Crowd::Queued => Ok(()),
        _ => raw::fill(place, JOBS, 1_000).await.map(drop),
    };
    let tasker = figure(move || async move {
        refill().await?;
        product::drain(place, SETTING, JOBS).await
    });
    let small = figure(move || {
        Place::with(database, async |place| {
            product::filled_drain(place, SETTING).await
        })
    });
    let raw = figure(move || async move {
        refill().await?;
        raw::drain(place, Way::Fused, 100, Keep::Outcome, JOBS).await
    });
    let others = vec![
        beside("tasker: nothing stands around", GOAL, small),
        beside("raw: the same crowd", Goal::None, raw),
    ];
    report.compare(what, tasker, others).await;
    Ok(())
}
