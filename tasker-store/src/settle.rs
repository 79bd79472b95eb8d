//! Settle: the one exchange between a worker and the store. Outcomes in, claimed jobs out.
//!
//! In: the finishes of attempts and a claim. Out: a [`Fate`] for each finish, in order, and the jobs claimed.
//! All of it is one transaction, so a worker that dies in between has either handed over both or neither.

use std::sync::Arc;
use std::time::Duration;

use crate::attempt::{FailureKind, Level, Progress};
use crate::clock::{Due, Instant};
use crate::job::{JobId, NewJob, Occurrence};
use crate::lease::{Lease, WorkerId};
use crate::state::JobState;

/// What a worker tells the store, and what it wants from it.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Who asks. A worker whose lease is over claims nothing.
    pub worker: WorkerId,
    /// Attempts that ended.
    pub finishes: Vec<Finish>,
    /// Every job of this worker that was held under this number, or one below, may start once this call returns.
    pub started: Option<i64>,
    /// Jobs wanted.
    pub claim: Option<Claim>,
}

/// One attempt that ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// The lease it ran under.
    pub lease: Lease,
    /// What it came to.
    pub outcome: Outcome,
    /// What is left of its progress and log.
    pub note: Option<NoteBody>,
    /// Jobs to enqueue in the same transaction; not enqueued where the finish is stale.
    pub follow_ups: Vec<NewJob>,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler returned well.
    Succeeded {
        /// What it returned, as JSON.
        output: Option<String>,
    },
    /// It failed and there will be no other attempt.
    Failed(Failure),
    /// It failed and will be attempted again.
    Retry {
        /// How.
        failure: Failure,
        /// When the next attempt may start.
        due: Due,
    },
    /// It asked to be run later; the attempt is given back.
    Snoozed {
        /// When it may start again.
        due: Due,
    },
    /// It ended itself, or gave in to a cancel.
    Canceled(Failure),
    /// It was cut short by a stop; the attempt is given back and the job is ready again at once.
    Released,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of which kind.
    pub kind: FailureKind,
    /// In what words.
    pub message: String,
}

/// What the store did with a write of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is recorded and the job is now in this state. A finish of a job whose cancel was asked for ends
    /// `canceled`, whatever the outcome says, and keeps the output.
    Applied(JobState),
    /// The lease is no longer the job's; nothing was changed.
    Stale,
}

/// Jobs wanted.
#[derive(Clone, Debug)]
pub struct Claim {
    /// From which queues.
    pub queues: Queues,
    /// At most so many in all.
    pub limit: u32,
    /// The aliases this worker knows, in order. Jobs of others stay where they are.
    pub known: Arc<[String]>,
    /// How many of them start when the call returns: the first ones. The others are held until [`Settle::started`] names
    /// them. At least `limit` where nothing is held.
    pub start: u32,
    /// The number that the worker's latest held job has; those of this claim have the ones from here on.
    pub held: i64,
}

/// Which queues a claim looks into. Paused ones are left out in either case.
#[derive(Clone, Debug)]
pub enum Queues {
    /// All there are.
    All,
    /// These, with at most so many jobs from each.
    Only(Vec<(String, u32)>),
}

/// What a settle came to.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// The fate of each finish, in the order given.
    pub fates: Vec<Fate>,
    /// Whether [`Settle::started`] is recorded: it is not where the worker is not on the list any more.
    pub started: bool,
    /// The jobs claimed, in the order they should start.
    pub jobs: Vec<Claimed>,
}

/// A job under a fresh lease: what an attempt needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its identity.
    pub id: JobId,
    /// Its short number.
    pub number: i64,
    /// The fencing number of this claim.
    pub token: i64,
    /// Which task.
    pub alias: String,
    /// From which queue.
    pub queue: String,
    /// Its priority.
    pub priority: i16,
    /// The params: the text of a JSON object.
    pub params: String,
    /// The count of this attempt, from 1.
    pub attempt: u32,
    /// How many it has; `None` is without end.
    pub max_attempts: Option<u32>,
    /// Whether it must never be started a second time.
    pub at_most_once: bool,
    /// Labels.
    pub tags: Vec<String>,
    /// When it was put into the store.
    pub enqueued_at: Instant,
    /// The occurrence it stands for.
    pub occurrence: Option<Occurrence>,
    /// Its number among the jobs that its worker was given to hold; `None` where it starts at once.
    pub held: Option<i64>,
}

impl Claimed {
    /// The lease this claim gave.
    pub fn lease(&self) -> Lease {
        Lease {
            job: self.id,
            token: self.token,
        }
    }
}

/// Progress and log of a running attempt.
#[derive(Clone, Debug)]
pub struct Note {
    /// The lease it runs under.
    pub lease: Lease,
    /// What it has to say.
    pub body: NoteBody,
}

/// The content of a [`Note`].
#[derive(Clone, Debug, Default)]
pub struct NoteBody {
    /// The latest progress, if it changed.
    pub progress: Option<Progress>,
    /// New lines of the log, in order.
    pub lines: Vec<NewLine>,
}

/// A line for a job's log.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// How long ago it was written, by the writer's monotonic clock.
    pub age: Duration,
    /// How loud.
    pub level: Level,
    /// What.
    pub message: String,
}

/// What a sweep of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Jobs changed.
    pub done: u64,
    /// Whether there is more to do at once.
    pub more: bool,
    /// How long until there will be something to do, as far as the store can tell.
    pub next_in: Option<Duration>,
}
