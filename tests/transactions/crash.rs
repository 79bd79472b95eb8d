//! SIGKILL around the commit of a handler's own transaction.

use std::process::Command;

use tasker::{JobHandle, JobState};

use crate::courier::{Deliver, DeliverParams, StandBy};
use crate::place::Place;
use crate::process::{Process, soon};

/// A process that works on the queue of `courier`, which nobody here serves.
fn work(place: &Place) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transactions-program"));
    command
        .args(["work", "--database-url", place.url(), "--queues", "courier"])
        .current_dir(place.folder())
        .env_clear()
        .env("TASKER_LEASE", "2s");
    Process::start(command)
}

/// Kills a process when it has said `last`, lets another take over what was left, and gives that one.
async fn killed_at(place: &Place, commits: bool, last: &str) -> (Process, JobHandle<()>) {
    let bystander = StandBy::enqueue().on(&place.tasker).await.unwrap();
    let mut first = work(place);
    first.hear("started 1 attempt 1").await;
    let params = DeliverParams::new().commits(commits);
    let job = Deliver::enqueue(params).on(&place.tasker).await.unwrap();
    first.hear("started 2 attempt 1").await;
    first.hear(last).await;
    first.kill().await.unharmed();

    let mut second = work(place);
    second.hear("started 1 attempt 2").await;
    soon(bystander.wait()).await.unwrap();
    (second, job)
}

/// X-A3.
pub(crate) async fn a_kill_after_the_commit_does_not_run_the_job_again(place: Place) {
    let (mut second, job) = killed_at(&place, true, "committed 2").await;
    // The job beside it was taken back, so this one would have been.
    let row = job.job().await.unwrap();
    let expected = (JobState::Succeeded, 1, 1);
    assert_eq!((row.state, row.attempt, row.token), expected);
    assert_eq!(place.effects().await, [(2, 1)]);
    let attempts = place.tasker.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts, []);
    assert!(second.rest().is_empty());
    second.terminate();
    second.ended().await.well();
}

pub(crate) async fn a_kill_before_the_commit_leaves_nothing_and_runs_it_again(place: Place) {
    let (mut second, job) = killed_at(&place, false, "finished 2").await;
    second.hear("committed 2").await;
    let row = soon(job.wait()).await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 2));
    assert_eq!(place.effects().await, [(2, 2)]);
    second.terminate();
    second.ended().await.well();
}
