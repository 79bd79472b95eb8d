//! Many processes at one store.

use std::time::{Duration, Instant};

use servers::Server;
use tasker::JobState;

use crate::place::{On, Place};
use crate::process::{Process, soon, until};
use crate::tasks::{Append, AppendParams, Long, LongParams};
use crate::{Trials, trials};

/// How many processes.
const CROWD: usize = 8;

pub(crate) fn trials(on: On) -> Trials {
    let mut trials = trials!(
        on,
        [
            eight_processes_share_eight_thousand_jobs_and_run_each_once,
            one_slot_takes_jobs_in_order_and_each_when_it_is_due,
        ]
    );
    if on == On::MySql {
        trials.extend(trials!(
            on,
            with on.server().can_start(),
            [a_crowd_meets_few_deadlocks_and_survives_them]
        ));
    }
    if on != On::Sqlite {
        trials.extend(trials!(
            on,
            [what_is_past_its_time_is_pruned_while_others_enqueue]
        ));
    }
    trials
}

/// D-08.
async fn eight_processes_share_eight_thousand_jobs_and_run_each_once(on: On) {
    const JOBS: usize = 8_000;
    let place = Place::new(on).await;
    let workers = crowd(&place).await;
    enqueue(&place, JOBS).await;
    place.all_succeed().await;
    let pids = leave(workers).await;
    ran_once(&place, &pids, JOBS);
}

/// X-C10: claims, finishes, enqueues, sweeps of due jobs and of those past their retention, all at once.
async fn a_crowd_meets_few_deadlocks_and_survives_them(on: On) {
    const JOBS: usize = 2_000;
    const EACH: usize = 50;
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let before = deadlocks(&server).await;
    let workers = crowd(&place).await;
    for _ in 0..JOBS / EACH {
        let params = || AppendParams::new(place.file());
        let now = (0..EACH / 2).map(|_| params());
        let taken = Append::enqueue_many(now).on(&place.tasker).await;
        taken.expect("the store takes them");
        let later = Append::enqueue_many((0..EACH / 2).map(|_| params()))
            .delay(Duration::from_millis(500))
            .on(&place.tasker);
        later.await.expect("the store takes them");
    }
    place.all_succeed().await;
    let met = deadlocks(&server).await - before;
    println!("{met} deadlocks in {JOBS} jobs by {CROWD} processes");
    assert!(met * 100 <= JOBS as u64, "{met} deadlocks in {JOBS} jobs");
    let pids = leave(workers).await;
    ran_once(&place, &pids, JOBS);
}

///
async fn one_slot_takes_jobs_in_order_and_each_when_it_is_due(on: On) {
    const AHEAD: Duration = Duration::from_secs(2);
    let place = Place::new(on).await;
    let mut worker = place.work(&["--concurrency", "1"]).await;
    let begun = Instant::now();
    let late = Long::enqueue(LongParams::new(1)).delay(AHEAD);
    let late = late.on(&place.tasker).await.unwrap();
    for _ in 0..3 {
        let job = Long::enqueue(LongParams::new(20)).on(&place.tasker);
        job.await.unwrap();
    }
    worker.hear("started 1").await;
    let waited = begun.elapsed();
    assert!(waited >= AHEAD, "{waited:?}");
    assert!(waited < AHEAD + Duration::from_secs(2), "{waited:?}");
    let row = soon(late.wait()).await.unwrap();
    assert!(row.started_at.unwrap() >= row.due_at);
    assert_eq!(worker.rest(), ["started 2", "started 3", "started 4"]);
}

/// X-F8.
async fn what_is_past_its_time_is_pruned_while_others_enqueue(on: On) {
    const PAST: usize = 20_000;
    let place = Place::new(on).await;
    for _ in 0..PAST / 4_000 {
        let params = (0..4_000).map(|_| LongParams::new(0));
        let past = Long::enqueue_many(params).on(&place.tasker);
        past.await.expect("the store takes them");
    }
    let past = "update tasker_jobs set state = 'succeeded', finished_at = 1, prune_at = 1";
    place.space().sql(past).await;
    let worker = place.work(&[]).await;
    let mut slowest = Duration::ZERO;
    let mut enqueued = 0;
    until("what was past its time is gone", async || {
        let asked = Instant::now();
        let job = Long::enqueue(LongParams::new(0)).on(&place.tasker).await;
        job.expect("the store takes it");
        enqueued += 1;
        slowest = slowest.max(asked.elapsed());
        place.succeeded().await.1 <= enqueued
    })
    .await;
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    place.all_succeed().await;
    worker.terminate();
    worker.ended().await.well();
    let jobs = place.jobs().await;
    assert_eq!(jobs.len(), enqueued);
    assert!(jobs.iter().all(|job| job.state == JobState::Succeeded));
}

/// Starts all of them, then waits until each has joined.
async fn crowd(place: &Place) -> Vec<Process> {
    let words = ["--concurrency", "8", "--lease", "20s"];
    let started: Vec<_> = (0..CROWD).map(|_| place.start_worker(&words)).collect();
    let mut joined = Vec::new();
    for process in started {
        joined.push(place.joined(process).await);
    }
    joined
}

async fn enqueue(place: &Place, jobs: usize) {
    let params = (0..jobs).map(|_| AppendParams::new(place.file()).takes(2));
    let taken = Append::enqueue_many(params).on(&place.tasker).await;
    assert_eq!(taken.expect("the store takes them").len(), jobs);
}

/// Ends them in order; gives their process ids.
async fn leave(workers: Vec<Process>) -> Vec<u32> {
    workers.iter().for_each(Process::terminate);
    let mut pids = Vec::new();
    for worker in workers {
        pids.push(worker.pid());
        let ended = worker.ended().await.well();
        assert!(!ended.err.contains("in the way"), "{}", ended.err);
    }
    pids
}

/// Each job was run once, and each process ran a fair number.
fn ran_once(place: &Place, pids: &[u32], jobs: usize) {
    let runs = place.runs();
    assert_eq!(runs.len(), jobs);
    assert!(runs.values().all(|runs| runs.len() == 1));
    for pid in pids {
        let share = runs.values().filter(|runs| runs.contains(pid)).count();
        // Not nearly an eighth where the machine is busy, but not next to nothing either.
        assert!(share >= jobs / 200, "{share} of {jobs}");
    }
}

async fn deadlocks(server: &Server) -> u64 {
    let count = "select variable_value from information_schema.global_status
        where variable_name = 'INNODB_DEADLOCKS'";
    let count = server.text(count).await;
    count.parse().expect("a number")
}
