//! Numbers and clocks at their ends.

use std::time::Duration;

use tasker::JobState;

use crate::place::{On, Place};
use crate::process::soon;
use crate::tasks::{Hold, HoldParams, Long, LongParams};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    let mut trials = trials!(on, [numbers_beyond_those_of_a_float_are_kept]);
    if on != On::Sqlite {
        let usable = match shim() {
            Some(_) => on.can_share(),
            None => servers::Usable::No("no libfaketime: install it".into()),
        };
        trials.extend(trials!(on, with usable, [clocks_ten_minutes_apart_agree_about_what_is_due]));
    }
    trials
}

/// X-C17: one more than a double holds.
async fn numbers_beyond_those_of_a_float_are_kept(on: On) {
    const BIG: i64 = (1 << 53) + 1;
    let place = Place::new(on).await;
    let first = match on {
        On::Sqlite => format!(
            "insert into sqlite_sequence (name, seq) values ('tasker_jobs', {})",
            BIG - 1
        ),
        On::Postgres => format!("alter table tasker_jobs alter number restart with {BIG}"),
        On::MySql => format!("alter table tasker_jobs auto_increment = {BIG}"),
    };
    place.sql(&first).await;
    // 60 days: more milliseconds than 31 bits hold.
    let far = Duration::from_secs(60 * 24 * 3600);
    let later = Long::enqueue(LongParams::new(0))
        .delay(far)
        .on(&place.tasker);
    let later = later.await.unwrap();
    assert_eq!(later.number(), BIG);
    let row = later.job().await.unwrap();
    assert_eq!(row.state, JobState::Scheduled);
    assert_eq!((row.due_at - row.enqueued_at).to_std(), Ok(far));

    let job = Hold::enqueue(HoldParams::new())
        .on(&place.tasker)
        .await
        .unwrap();
    assert_eq!(job.number(), BIG + 1);
    let count = format!(
        "update tasker_jobs set token = {BIG} where number = {}",
        BIG + 1
    );
    place.sql(&count).await;
    let mut worker = place.work(&[]).await;
    worker.hear(&format!("started {} attempt 1", BIG + 1)).await;
    worker.order(&format!("end {}", BIG + 1));
    soon(job.result()).await.unwrap();
    let row = place.job(job.id()).await;
    assert_eq!((row.state, row.token), (JobState::Succeeded, BIG + 1));
    let json = serde_json::to_value(&row).unwrap();
    assert_eq!(json["id"], job.id().to_string());
    // As text, or a reader that has doubles only would round them.
    for (field, digits) in [("number", BIG + 1), ("token", BIG + 1)] {
        assert_eq!(json[field], digits.to_string());
    }
    worker.terminate();
    worker.ended().await.well();
}

/// X-D1: nothing runs early, nobody counts as dead.
async fn clocks_ten_minutes_apart_agree_about_what_is_due(on: On) {
    const AHEAD: Duration = Duration::from_secs(3);
    let place = Place::new(on).await;
    let shim = shim().expect("the trial needs it");
    let shifted = |by: &str| {
        let env = [
            ("LD_PRELOAD", shim),
            ("FAKETIME", by),
            // What waits in the process counts on a clock that nobody sets.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        place.start_in(&env, &["--concurrency", "1"])
    };
    let (mut fast, mut slow) = (shifted("+10m"), shifted("-10m"));
    let asked = std::time::Instant::now();
    // Each holds one, under its lease, which to the other's clock is over or far away.
    let held = Hold::enqueue_many([HoldParams::new(), HoldParams::new()]).on(&place.tasker);
    let held = held.await.unwrap();
    let started = |line: &str| line.starts_with("started ");
    let (first, second) = (fast.hear_one(started).await, slow.hear_one(started).await);
    let later = Long::enqueue(LongParams::new(0))
        .delay(AHEAD)
        .on(&place.tasker);
    let later = later.await.unwrap();
    // Longer than the lease and a sweep.
    tokio::time::sleep(crate::place::LEASE + crate::place::SWEEP).await;
    for (process, line) in [(&mut fast, first), (&mut slow, second)] {
        assert!(process.rest().iter().all(|line| !started(line)));
        let number = line.split(' ').nth(1).unwrap().to_owned();
        process.order(&format!("end {number}"));
    }
    for job in held {
        let row = soon(job.wait()).await.unwrap();
        assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
        let taken = (row.finished_at.unwrap() - row.enqueued_at)
            .to_std()
            .unwrap();
        assert!(taken <= asked.elapsed(), "{taken:?}");
    }
    let row = soon(later.wait()).await.unwrap();
    let waited = row.started_at.unwrap() - row.enqueued_at;
    assert!(waited.to_std().unwrap() >= AHEAD, "{waited}");
    assert!(asked.elapsed() < AHEAD + Duration::from_secs(15));
}

/// The library that gives a process another time.
pub(crate) fn shim() -> Option<&'static str> {
    const PLACES: [&str; 3] = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/faketime/libfaketimeMT.so.1",
    ];
    PLACES
        .into_iter()
        .find(|place| std::path::Path::new(place).is_file())
}
