//! The commands of the model test: drawn at random, applied to any store, their answers in comparable text.

use std::fmt::Debug;

use super::super::bench::{claim, claim_from, failure, job, new_worker, secs};
use super::super::enqueue::new_task;
use super::super::unique::told;
use super::random::Random;
use crate::attempt::{FailureKind, Level};
use crate::clock::Due;
use crate::error::Result;
use crate::job::{Enqueued, JobId, Keep, NewJob, Retention};
use crate::lease::{Beat, Lease, WorkerId};
use crate::settle::{Claim, Claimed, Failure, Finish, NewLine, Note, NoteBody, Outcome, Settle};
use crate::state::JobState;
use crate::store::Store;
use crate::task::Declaration;
use crate::unique::{Holds, OnConflict, Unique};

const ALIASES: [&str; 3] = ["hello", "mail", "novelty"];
const QUEUES: [&str; 2] = ["default", "mail"];
/// More than there can be: which rows a bounded sweep takes first is left open.
const ALL: u32 = 10_000;

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Enqueue(Vec<NewJob>),
    Join(WorkerId),
    Beat(WorkerId),
    Leave(WorkerId),
    Settle(Settle),
    Release(Vec<Lease>, Due),
    Note(Vec<Lease>),
    Wait(u64),
    Sweep,
    Cancel(JobId),
    Pause(JobId),
    Resume(JobId),
    Rerun(JobId),
    Delete(JobId),
    PauseQueue(&'static str, bool),
    Enable(&'static str, bool),
}

/// What a store answered: text that must be equal on both, and the jobs it claimed.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) claimed: Vec<Claimed>,
}

/// What the commands so far have brought about, as far as drawing the next one needs it.
#[derive(Default)]
pub(super) struct World {
    jobs: Vec<JobId>,
    workers: Vec<WorkerId>,
    /// Leases that no command has ended yet; a rescue may have.
    live: Vec<Lease>,
    /// Leases that are over.
    over: Vec<Lease>,
}

impl World {
    /// Draws the next command.
    pub(super) fn command(&mut self, random: &mut Random) -> Command {
        // The youngest worker is the likeliest to be alive.
        let worker = match random.one_in(4) {
            true => random.pick(&self.workers),
            false => self.workers.last().copied(),
        };
        let (Some(worker), Some(job)) = (worker, random.pick(&self.jobs)) else {
            return match self.workers.len() {
                0 => Command::Join(WorkerId::generate()),
                _ => Command::Enqueue(new_jobs(random)),
            };
        };
        match random.below(32) {
            0..3 => Command::Enqueue(new_jobs(random)),
            3 => Command::Join(WorkerId::generate()),
            4..6 => Command::Beat(worker),
            6 if random.one_in(3) => Command::Leave(worker),
            6..17 => Command::Settle(self.settle(random, worker)),
            17 => Command::Release(self.some_leases(random), due(random)),
            18 => Command::Note(self.some_leases(random)),
            19..22 => Command::Wait(1 + random.below(12)),
            22..25 => Command::Sweep,
            25 => Command::Cancel(job),
            26 => Command::Pause(job),
            27 => Command::Resume(job),
            28 => Command::Rerun(job),
            29 if random.one_in(3) => Command::Delete(job),
            30 => Command::PauseQueue(QUEUES[1], random.one_in(4)),
            31 => Command::Enable(ALIASES[1], !random.one_in(4)),
            _ => Command::Wait(1),
        }
    }

    /// Takes note of what a command brought about.
    pub(super) fn learn(&mut self, command: Command, claimed: Vec<Claimed>) {
        let ended: Vec<Lease> = match &command {
            Command::Settle(settle) => settle.finishes.iter().map(|end| end.lease).collect(),
            Command::Release(leases, _) => leases.clone(),
            _ => Vec::new(),
        };
        self.live.retain(|lease| !ended.contains(lease));
        self.over.extend(ended);
        self.live.extend(claimed.iter().map(Claimed::lease));
        match command {
            Command::Enqueue(jobs) => self.jobs.extend(jobs.iter().map(|job| job.id)),
            Command::Join(worker) => self.workers.push(worker),
            Command::Delete(job) => self.jobs.retain(|id| *id != job),
            _ => {}
        }
    }

    fn some_leases(&self, random: &mut Random) -> Vec<Lease> {
        let from = |random: &mut Random| match random.one_in(6) {
            true => random.pick(&self.over),
            false => random.pick(&self.live),
        };
        let count = random.below(3) + 1;
        (0..count).filter_map(|_| from(random)).collect()
    }

    fn settle(&self, random: &mut Random, worker: WorkerId) -> Settle {
        let finishes = (self.some_leases(random).into_iter())
            .map(|lease| Finish {
                lease,
                outcome: outcome(random),
                note: None,
                follow_ups: Vec::new(),
            })
            .collect();
        // What is held gets higher numbers with each command.
        let held = 8 * (self.live.len() + self.over.len()) as i64;
        let started = held - 8 * random.below(4) as i64;
        Settle {
            started: random.one_in(3).then_some(started),
            worker,
            finishes: if random.one_in(3) {
                Vec::new()
            } else {
                finishes
            },
            claim: some_claim(random).map(|claim| Claim { held, ..claim }),
        }
    }
}

fn some_claim(random: &mut Random) -> Option<Claim> {
    let limit = random.below(4) as u32 + 1;
    match random.below(4) {
        0 => None,
        1 => Some(claim_from(&[(QUEUES[1], 2), (QUEUES[0], 1)], limit)),
        2 => Some(Claim {
            start: random.below(3) as u32,
            ..claim(limit)
        }),
        _ => Some(claim(limit)),
    }
}

fn outcome(random: &mut Random) -> Outcome {
    let failure = failure("no luck");
    match random.below(8) {
        0..3 => Outcome::Succeeded {
            output: Some("1".into()),
        },
        3 => Outcome::Failed(failure),
        4 => Outcome::Retry {
            failure,
            due: due(random),
        },
        5 => Outcome::Snoozed { due: due(random) },
        6 => Outcome::Canceled(Failure {
            kind: FailureKind::Canceled,
            ..failure
        }),
        _ => Outcome::Released,
    }
}

fn due(random: &mut Random) -> Due {
    match random.below(3) {
        0 => Due::In(secs(random.below(30))),
        _ => Due::Now,
    }
}

fn new_jobs(random: &mut Random) -> Vec<NewJob> {
    let keep = |random: &mut Random| match random.below(4) {
        0 => Keep::For(secs(0)),
        1 => Keep::For(secs(60)),
        _ => Keep::Forever,
    };
    (0..=random.below(2))
        .map(|_| NewJob {
            queue: QUEUES[random.below(2) as usize].into(),
            priority: random.below(3) as i16 - 1,
            due: due(random),
            max_attempts: Some(1 + random.below(3) as u32),
            at_most_once: random.one_in(6),
            retention: Retention {
                succeeded: keep(random),
                unsuccessful: keep(random),
            },
            unique: unique(random),
            ..job(ALIASES[random.below(3) as usize])
        })
        .collect()
}

/// Few keys, so that jobs meet.
fn unique(random: &mut Random) -> Option<Unique> {
    let holds = [
        Holds::UNTIL_STARTED,
        Holds::UNTIL_FINISHED,
        Holds::UNTIL_FINISHED.and_after(JobState::Succeeded),
        Holds::UNTIL_FINISHED.and_after(JobState::Failed),
        Holds::WHILE_KEPT,
    ];
    let asked = [
        OnConflict::Existing,
        OnConflict::Skip,
        OnConflict::Replace,
        OnConflict::Reschedule,
    ];
    if random.one_in(2) {
        return None;
    }
    Some(Unique {
        key: random.pick(&["a", "b"])?.into(),
        period: random.one_in(4).then(|| secs(60)),
        holds: random.pick(&holds)?,
        on_conflict: random.pick(&asked)?,
    })
}

impl Command {
    /// How far the clock is to be moved first, in seconds.
    pub(super) fn wait(&self) -> Option<u64> {
        match self {
            Command::Wait(seconds) => Some(*seconds),
            _ => None,
        }
    }

    /// Carries it out.
    pub(super) async fn apply(&self, store: &dyn Store) -> Answer {
        let mut claimed = Vec::new();
        let text = match self.clone() {
            Command::Enqueue(jobs) => enqueue(store, jobs).await,
            Command::Join(worker) => said(join(store, worker).await),
            Command::Beat(worker) => beat(store, worker).await,
            Command::Leave(worker) => said(store.leave(worker).await),
            Command::Settle(settle) => {
                let settled = store.settle(settle).await.expect("settle");
                claimed = settled.jobs;
                let jobs = claimed.iter().map(|job| (job.lease(), job.attempt));
                format!("{:?} {:?}", settled.fates, jobs.collect::<Vec<_>>())
            }
            Command::Release(leases, due) => said(store.release(leases, due).await),
            Command::Note(leases) => said(store.note(leases.into_iter().map(note).collect()).await),
            Command::Wait(_) => String::new(),
            Command::Sweep => sweep(store).await,
            Command::Cancel(job) => said(store.cancel(job).await),
            Command::Pause(job) => said(store.pause(job).await),
            Command::Resume(job) => said(store.resume(job).await),
            Command::Rerun(job) => said(store.rerun(job).await),
            Command::Delete(job) => said(store.delete(job, true).await),
            Command::PauseQueue(queue, paused) => said(store.pause_queue(queue, paused).await),
            Command::Enable(alias, enabled) => said(store.enable_task(alias, enabled).await),
        };
        Answer { text, claimed }
    }
}

fn said(answer: Result<impl Debug>) -> String {
    format!("{:?}", answer.expect("no command here is an error"))
}

/// Every worker declares what it knows when it joins.
async fn join(store: &dyn Store, worker: WorkerId) -> Result<()> {
    let tasks = ALIASES[..2].iter().map(|alias| new_task(alias)).collect();
    let declaration = Declaration {
        tasks,
        ..Declaration::default()
    };
    store.declare(declaration).await?;
    store.join(new_worker(worker)).await
}

/// Numbers are left out: where they begin is the backend's own affair.
async fn enqueue(store: &dyn Store, jobs: Vec<NewJob>) -> String {
    let answers = store.enqueue(jobs).await.expect("enqueue");
    let told = answers.iter().map(|fate| (told(fate), state(fate)));
    format!("{:?}", told.collect::<Vec<_>>())
}

/// The state of the job that was met.
fn state(fate: &Enqueued) -> Option<JobState> {
    match fate {
        Enqueued::Existing { state, .. }
        | Enqueued::Replaced { state, .. }
        | Enqueued::Rescheduled { state, .. }
        | Enqueued::Skipped { state, .. } => Some(*state),
        Enqueued::New { .. } | Enqueued::Refused { .. } => None,
    }
}

/// The cancels of a beat come in any order.
async fn beat(store: &dyn Store, worker: WorkerId) -> String {
    match store.beat(worker).await.expect("beat") {
        Beat::Alive { mut cancel } => {
            cancel.sort_by_key(|lease| (lease.job, lease.token));
            format!("alive {cancel:?}")
        }
        Beat::Lost => "lost".into(),
    }
}

fn note(lease: Lease) -> Note {
    let line = NewLine {
        age: secs(0),
        level: Level::Info,
        message: "a line".into(),
    };
    let body = NoteBody {
        progress: None,
        lines: vec![line],
    };
    Note { lease, body }
}

/// When to look again is a hint, so it is not compared.
async fn sweep(store: &dyn Store) -> String {
    let promoted = store.promote(ALL).await.expect("promote");
    let rescued = store.rescue(ALL).await.expect("rescue");
    let pruned = store.prune(ALL).await.expect("prune");
    let told = [promoted, rescued, pruned].map(|sweep| (sweep.done, sweep.more));
    format!("{told:?}")
}
