//! Schedules that many processes run.

use std::collections::BTreeSet;

use crate::place::{On, Place};
use crate::process::until;
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    match on {
        On::Sqlite => trials!(on, [five_processes_make_one_job_for_each_occurrence]),
        On::Postgres | On::MySql => Vec::new(),
    }
}

/// X-D8: also where one process looks at the clock late.
async fn five_processes_make_one_job_for_each_occurrence(on: On) {
    let place = Place::new(on).await;
    let mut processes = Vec::new();
    for _ in 0..5 {
        processes.push(place.start_clock());
    }
    ticks(&place, 2).await;
    let lock = place.lock().await;
    processes[0].freeze().await;
    lock.release().await;
    ticks(&place, 5).await;
    processes[0].thaw();
    ticks(&place, 7).await;
    for process in processes {
        process.terminate();
        process.ended().await.well();
    }

    let jobs = place.jobs().await;
    let moments: Vec<_> = jobs.iter().map(|job| job.occurrence.unwrap().at).collect();
    let distinct: BTreeSet<_> = moments.iter().collect();
    assert_eq!(distinct.len(), moments.len(), "{moments:?}");
    assert!(moments.iter().all(|at| at.timestamp_subsec_nanos() == 0));
    let [schedule] = &place.tasker.schedules().list().await.unwrap()[..] else {
        panic!("there is one schedule");
    };
    assert_eq!(usize::try_from(schedule.executions), Ok(jobs.len()));
}

/// Waits until so many occurrences are past.
async fn ticks(place: &Place, count: usize) {
    until("the clock has ticked", async || {
        place.succeeded().await.0 >= count
    })
    .await;
}
