//! SIGKILL and abort.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use tasker::JobState;
use tasker_store::FailureKind;

use crate::place::{LEASE, On, Place, SWEEP};
use crate::process::{soon, until};
use crate::tasks::{Append, AppendParams, Hold, HoldParams, Poison};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    let mut trials = trials!(
        on,
        [
            a_job_of_a_killed_process_is_started_by_another_within_the_lease,
            what_a_killed_worker_left_runs_at_once_when_its_name_comes_back,
            killed_again_and_again_at_random_every_job_ends_and_few_run_twice,
            a_job_that_ends_its_process_fails_in_the_end_and_the_one_beside_it_succeeds
        ]
    );
    if on == On::Sqlite {
        trials.extend(trials!(
            on,
            [
                what_a_killed_process_left_runs_at_once_when_another_starts_on_its_machine,
                workers_of_one_name_on_one_machine_work_side_by_side,
                a_job_whose_process_dies_before_its_outcome_is_kept_runs_again,
                a_rescuer_that_does_not_know_the_task_gives_the_job_back
            ]
        ));
    }
    trials
}

/// X-A1, Q-21, D-21.
async fn a_job_of_a_killed_process_is_started_by_another_within_the_lease(on: On) {
    let place = Place::new(on).await;
    let mut first = place.work(&[]).await;
    let dead = place.worker(&first).await.unwrap().id;
    let job = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let job = job.await.unwrap();
    first.hear("started 1 attempt 1").await;
    let mut second = place.work(&[]).await;
    let alive = place.worker(&second).await.unwrap().id;

    let killed = Instant::now();
    first.kill().await;
    second.hear("started 1 attempt 2").await;
    let took = killed.elapsed();
    assert!(took <= LEASE + SWEEP, "{took:?}");
    assert_eq!(
        place.attempts(job.id()).await,
        [(FailureKind::WorkerLost, Some(dead))]
    );

    second.order("end 1");
    let pid: String = soon(job.result()).await.unwrap();
    assert_eq!(pid, second.pid().to_string());
    second.terminate();
    second.ended().await.well();
    let row = place.job(job.id()).await;
    assert_eq!(
        (row.state, row.attempt, row.worker),
        (JobState::Succeeded, 2, Some(alive))
    );
    assert_eq!(place.attempts(job.id()).await.len(), 1);
}

/// X-A11, by the name: the lease is the default of 30 s, which no test waits for.
async fn what_a_killed_worker_left_runs_at_once_when_its_name_comes_back(on: On) {
    left_jobs_run_at_once(on, &["--name", "mail"], &[("TASKER_WORKER_NAME", "mail")]).await;
}

/// X-A11, by the process that is gone.
async fn what_a_killed_process_left_runs_at_once_when_another_starts_on_its_machine(on: On) {
    left_jobs_run_at_once(on, &[], &[]).await;
}

/// Kills a worker started with `words`, and starts one more in the environment `again`; the one beside them is left alone.
async fn left_jobs_run_at_once(on: On, words: &[&str], again: &[(&str, &str)]) {
    let place = Place::new(on).await;
    let lease = ["--lease", "30s", "--concurrency", "1"];
    let mut first = place.work(&[&lease, words].concat()).await;
    let dead = place.worker(&first).await.unwrap();
    assert_eq!(dead.named, !words.is_empty());
    let enqueue = || Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let (left, _) = (
        enqueue().await.unwrap(),
        first.hear("started 1 attempt 1").await,
    );
    let mut beside = place.work(&lease).await;
    let alive = place.worker(&beside).await.unwrap();
    let (kept, _) = (
        enqueue().await.unwrap(),
        beside.hear("started 2 attempt 1").await,
    );

    let killed = Instant::now();
    first.kill().await;
    let mut second = place.start_in(again, &lease);
    second.hear("started 1 attempt 2").await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    let lost = [(FailureKind::WorkerLost, Some(dead.id))];
    assert_eq!(place.attempts(left.id()).await, lost);
    let heir = place.worker(&second).await.unwrap();
    assert_eq!(heir.named, dead.named);
    assert!(!dead.named || heir.name == dead.name, "{heir:?}");

    let row = place.job(kept.id()).await;
    assert_eq!((row.attempt, row.worker), (1, Some(alive.id)));
    second.order("end 1");
    beside.order("end 2");
    soon(left.result()).await.unwrap();
    soon(kept.result()).await.unwrap();
    assert_eq!(place.attempts(kept.id()).await, []);
}

/// X-A11: neither takes the other for dead, the one in a name both were given neither.
async fn workers_of_one_name_on_one_machine_work_side_by_side(on: On) {
    let place = Place::new(on).await;
    let name = ["--name", "mail", "--concurrency", "1"];
    let mut first = place.work(&name).await;
    let (one, _) = (
        Hold::enqueue(HoldParams::new())
            .on(&place.tasker)
            .await
            .unwrap(),
        first.hear("started 1 attempt 1").await,
    );
    let mut second = place.work(&name).await;
    second.log("is the name of the worker").await;
    let (two, _) = (
        Hold::enqueue(HoldParams::new())
            .on(&place.tasker)
            .await
            .unwrap(),
        second.hear("started 2 attempt 1").await,
    );
    let (named, other) = (
        place.worker(&first).await.unwrap(),
        place.worker(&second).await.unwrap(),
    );
    assert_eq!((named.named, other.named), (true, false));
    first.order("end 1");
    second.order("end 2");
    for job in [one, two] {
        soon(job.result()).await.unwrap();
        assert_eq!(place.attempts(job.id()).await, []);
    }
}

/// X-A2, at the exact place: the handler has returned, the store has not been told.
async fn a_job_whose_process_dies_before_its_outcome_is_kept_runs_again(on: On) {
    let place = Place::new(on).await;
    let mut first = place.work(&[]).await;
    let job = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let job = job.await.unwrap();
    first.hear("started 1 attempt 1").await;
    let lock = place.lock().await;
    first.order("end 1");
    first.hear("done 1").await;
    first.kill().await;
    lock.release().await;
    assert_eq!(place.job(job.id()).await.state, JobState::Running);

    let mut second = place.work(&[]).await;
    second.hear("started 1 attempt 2").await;
    second.order("end 1");
    let pid: String = soon(job.result()).await.unwrap();
    assert_eq!(pid, second.pid().to_string());
}

/// X-A2, at any place.
async fn killed_again_and_again_at_random_every_job_ends_and_few_run_twice(on: On) {
    const JOBS: usize = 400;
    const KILLS: usize = 4;
    let place = Place::new(on).await;
    let params = (0..JOBS).map(|_| AppendParams::new(place.file()).takes(1));
    let jobs = Append::enqueue_many(params).on(&place.tasker);
    assert_eq!(jobs.await.unwrap().len(), JOBS);
    for kill in 0..KILLS {
        let more = RandomState::new().hash_one(kill) as usize % 60;
        let enough = place.ran() + more;
        let worker = place.work(&["--concurrency", "8", "--lease", "1s"]).await;
        until("it has run some", async || place.ran() > enough).await;
        worker.kill().await.unharmed();
    }
    let (succeeded, _) = place.succeeded().await;
    assert!(succeeded < JOBS, "the kills came too late");
    let rest = place.drain(&["--concurrency", "8"]);
    rest.ended().await.well();

    assert_eq!(place.succeeded().await, (JOBS, JOBS));
    let runs = place.runs();
    assert_eq!(runs.len(), JOBS);
    // What runs beyond the first of each job was cut short by a kill: at most every slot each time.
    let twice = runs.values().map(Vec::len).sum::<usize>() - JOBS;
    assert!(twice <= KILLS * 8, "{twice} runs too many");
}

/// X-A13.
async fn a_job_that_ends_its_process_fails_in_the_end_and_the_one_beside_it_succeeds(on: On) {
    let place = Place::new(on).await;
    let bystander = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let bystander = bystander.await.unwrap();
    let poison = Poison::enqueue().on(&place.tasker).await.unwrap();
    let mut dead = Vec::new();
    for attempt in 1..=2 {
        let mut worker = place.work(&[]).await;
        worker.hear(&format!("started 1 attempt {attempt}")).await;
        worker.hear(&format!("started 2 attempt {attempt}")).await;
        let lost = place.worker(&worker).await.unwrap().id;
        dead.push((FailureKind::WorkerLost, Some(lost)));
        worker.order("die");
        let status = worker.ended().await.status;
        assert_eq!(status.signal(), Some(6), "{status}");
    }
    let mut worker = place.work(&[]).await;
    worker.hear("started 1 attempt 3").await;
    worker.order("end 1");
    soon(bystander.result()).await.unwrap();

    let row = place.job(poison.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Failed, 2));
    assert!(row.error.unwrap().contains("died"));
    assert_eq!(place.attempts(poison.id()).await, dead);
    assert_eq!(place.attempts(bystander.id()).await, dead);
    assert_eq!(worker.rest(), ["done 1"]);
}

/// X-A14: what a rescuer needs to know is in the row.
async fn a_rescuer_that_does_not_know_the_task_gives_the_job_back(on: On) {
    let place = Place::new(on).await;
    let mut first = place.work(&[]).await;
    let job = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let job = job.await.unwrap();
    let last_chance = Hold::enqueue(HoldParams::new()).max_attempts(1);
    let last_chance = last_chance.on(&place.tasker).await.unwrap();
    first.hear("started 1 attempt 1").await;
    first.hear("started 2 attempt 1").await;
    let dead = place.worker(&first).await.unwrap().id;
    first.kill().await;

    let clock = place.clock().await;
    place.reaches(job.id(), JobState::Queued).await;
    let failed = place.job(last_chance.id()).await;
    assert_eq!((failed.state, failed.attempt), (JobState::Failed, 1));
    for id in [job.id(), last_chance.id()] {
        let lost = [(FailureKind::WorkerLost, Some(dead))];
        assert_eq!(place.attempts(id).await, lost);
    }
    // It goes on with what it knows, and leaves this alone.
    let (before, _) = place.succeeded().await;
    until("it has worked on", async || {
        place.succeeded().await.0 > before
    })
    .await;
    let row = place.job(job.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Queued, 1));

    let mut second = place.work(&[]).await;
    second.hear("started 1 attempt 2").await;
    second.order("end 1");
    soon(job.result()).await.unwrap();
    clock.terminate();
    clock.ended().await.well();
}
