//! A job: one stored request to run a task to its end, and the legal moves of its life.
//!
//! ```text
//! scheduled ─promote→ queued ─claim→ running ─┬→ succeeded
//!     ↑                 ↑ ↑             │     ├→ failed ─rerun→ queued
//!     │                 │ └──release────┤     └→ canceled
//!     └────snooze───────│───────────────┤
//!        retrying ─promote     ←─retry──┘        paused holds a job that is not running
//! ```
//!
//! [`Move`] owns the arrows: every backend takes the states a move may start from, and the one it leads to,
//! from here. Read next: [`crate::settle`] (how a running job ends).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{Due, Instant};
use crate::lease::WorkerId;
use crate::schedule::ScheduleId;

/// A job's identity: a UUID of version 7, so ids sort by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Names one job: by id, or by the short number people type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobRef {
    /// By id.
    Id(JobId),
    /// By number, which counts up in the order of enqueueing within one store.
    Number(i64),
}

impl From<JobId> for JobRef {
    fn from(id: JobId) -> Self {
        JobRef::Id(id)
    }
}

/// Where a job is in its life. The texts are the same in code, SQL, JSON and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Due later, and not yet attempted or snoozed.
    Scheduled,
    /// Ready to be claimed.
    Queued,
    /// Claimed by a worker.
    Running,
    /// Ended well.
    Succeeded,
    /// Due later, after an attempt that failed.
    Retrying,
    /// Ended after its last attempt.
    Failed,
    /// Ended by an operator or by its own handler.
    Canceled,
    /// Held by an operator.
    Paused,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [JobState; 8] = [
        JobState::Scheduled,
        JobState::Queued,
        JobState::Running,
        JobState::Retrying,
        JobState::Paused,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Canceled,
    ];

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Scheduled => "scheduled",
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Succeeded => "succeeded",
            JobState::Retrying => "retrying",
            JobState::Failed => "failed",
            JobState::Canceled => "canceled",
            JobState::Paused => "paused",
        }
    }

    /// Whether the job has ended. Only [`Move::Rerun`] leads out of a final state.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            JobState::Succeeded | JobState::Failed | JobState::Canceled
        )
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        JobState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = JobState::ALL.iter().map(|state| state.as_str()).collect();
                format!(
                    "`{text}` is not a job state; use one of {}",
                    known.join(", ")
                )
            })
    }
}

/// A change of state. No backend changes a state in any other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The due time has come.
    Promote,
    /// A worker takes the job; this spends an attempt.
    Claim,
    /// The attempt ended well.
    Succeed,
    /// The last attempt failed.
    Fail,
    /// The attempt failed and another will follow.
    Retry,
    /// The handler asked to be run later; the attempt is given back.
    Snooze,
    /// The worker gives the job back unfinished; the attempt is given back.
    Release,
    /// The job's worker died; the attempt stays spent.
    Rescue,
    /// An operator, or the handler, ended it.
    Cancel,
    /// An operator holds it.
    Pause,
    /// An operator lets it go on.
    Resume,
    /// An operator runs an ended job once more, with its attempts counted from the beginning.
    Rerun,
}

impl Move {
    /// The states from which this move is legal.
    pub const fn sources(self) -> &'static [JobState] {
        use JobState::{Canceled, Failed, Paused, Queued, Retrying, Running, Scheduled, Succeeded};
        match self {
            Move::Promote => &[Scheduled, Retrying],
            Move::Claim => &[Queued],
            Move::Succeed
            | Move::Fail
            | Move::Retry
            | Move::Snooze
            | Move::Release
            | Move::Rescue => &[Running],
            Move::Cancel => &[Scheduled, Queued, Running, Retrying, Paused],
            Move::Pause => &[Scheduled, Queued, Retrying],
            Move::Resume => &[Paused],
            Move::Rerun => &[Succeeded, Failed, Canceled],
        }
    }

    /// The state this move leads to for a job that is due (or is not) and has spent `attempt` attempts.
    pub const fn target(self, is_due: bool, attempt: u32) -> JobState {
        match self {
            Move::Promote | Move::Rescue | Move::Rerun => JobState::Queued,
            Move::Claim => JobState::Running,
            Move::Succeed => JobState::Succeeded,
            Move::Fail => JobState::Failed,
            Move::Cancel => JobState::Canceled,
            Move::Pause => JobState::Paused,
            Move::Retry | Move::Snooze | Move::Release | Move::Resume if is_due => JobState::Queued,
            Move::Retry => JobState::Retrying,
            Move::Snooze => JobState::Scheduled,
            Move::Release | Move::Resume if attempt > 0 => JobState::Retrying,
            Move::Release | Move::Resume => JobState::Scheduled,
        }
    }

    /// Whether a job in `state` may make this move.
    pub fn is_legal_from(self, state: JobState) -> bool {
        self.sources().contains(&state)
    }
}

/// How long a finished job stays in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// This long after it ended; zero deletes it in the same exchange that finishes it.
    For(Duration),
    /// Until somebody deletes it.
    Forever,
}

/// How long a job stays in the store, by how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// After `succeeded`. Default: 1 day.
    pub succeeded: Keep,
    /// After `failed` or `canceled`. Default: 7 days.
    pub unsuccessful: Keep,
}

impl Retention {
    /// What applies to a job that ended in `state`.
    pub const fn after(self, state: JobState) -> Keep {
        match state {
            JobState::Succeeded => self.succeeded,
            _ => self.unsuccessful,
        }
    }

    /// One day for `succeeded`, seven for the others.
    pub const DEFAULT: Self = Self {
        succeeded: Keep::For(Duration::from_secs(24 * 3600)),
        unsuccessful: Keep::For(Duration::from_secs(7 * 24 * 3600)),
    };
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The due moment of a schedule that made a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Whose occurrence it is.
    pub schedule: ScheduleId,
    /// The planned instant, which may be earlier than the run.
    pub at: Instant,
}

/// A job to be put into the store.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Chosen by the caller, so that the answer can be matched to the request.
    pub id: JobId,
    /// Which task to run.
    pub alias: String,
    /// The lane it waits in.
    pub queue: String,
    /// Higher runs first.
    pub priority: i16,
    /// The task's params: the text of a JSON object.
    pub params: String,
    /// The hash of the shape of these params at the time of enqueueing.
    pub shape: i64,
    /// When it may start.
    pub due: Due,
    /// How many attempts it has, the first one counted; `None` is without end.
    pub max_attempts: Option<u32>,
    /// Whether it must never be started a second time, not even after a crash.
    pub at_most_once: bool,
    /// How long it is kept when it has ended.
    pub retention: Retention,
    /// Labels to find it by.
    pub tags: Vec<String>,
    /// The occurrence it stands for, if a schedule made it.
    pub occurrence: Option<Occurrence>,
}

impl NewJob {
    /// A job of `alias` with the defaults of the design: queue `default`, priority 0, four attempts, due now.
    pub fn new(alias: impl Into<String>, params: impl Into<String>) -> Self {
        Self {
            id: JobId::generate(),
            alias: alias.into(),
            queue: "default".into(),
            priority: 0,
            params: params.into(),
            shape: 0,
            due: Due::Now,
            max_attempts: Some(4),
            at_most_once: false,
            retention: Retention::DEFAULT,
            tags: Vec::new(),
            occurrence: None,
        }
    }
}

/// What became of one [`NewJob`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enqueued {
    /// It is in the store, under this number.
    New {
        /// The job's id, as given.
        id: JobId,
        /// The short number.
        number: i64,
    },
    /// It was not taken; the reason says why and what to do.
    Refused {
        /// For people.
        reason: String,
    },
}

/// A job as the store holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// Its short number, unique within the store.
    pub number: i64,
    /// The task's alias.
    pub alias: String,
    /// The lane it waits in.
    pub queue: String,
    /// Higher runs first.
    pub priority: i16,
    /// Where it is in its life.
    pub state: JobState,
    /// The params: the text of a JSON object.
    pub params: String,
    /// The hash of the shape of the params when it was enqueued.
    pub shape: i64,
    /// How many attempts have been spent. 0 until the first claim.
    pub attempt: u32,
    /// How many it has; `None` is without end.
    pub max_attempts: Option<u32>,
    /// Whether it must never be started a second time.
    pub at_most_once: bool,
    /// Labels.
    pub tags: Vec<String>,
    /// When it may start, or could have started.
    pub due_at: Instant,
    /// When it was put into the store.
    pub enqueued_at: Instant,
    /// When the latest attempt started.
    pub started_at: Option<Instant>,
    /// When it ended; set in final states only.
    pub finished_at: Option<Instant>,
    /// Whose lease it is under; set while running, and kept as the last one afterwards.
    pub worker: Option<WorkerId>,
    /// The fencing number of the latest claim; it only grows.
    pub token: i64,
    /// Whether an operator asked for the running attempt to end.
    pub cancel_requested: bool,
    /// What the handler returned, as JSON; absent when it returned nothing, or too much.
    pub output: Option<String>,
    /// The message of the latest attempt that failed.
    pub error: Option<String>,
    /// How far the running attempt says it is.
    pub progress: Option<Progress>,
    /// The occurrence it stands for.
    pub occurrence: Option<Occurrence>,
    /// When it was soft-deleted; such a job is never claimed, nor listed unless asked for.
    pub deleted_at: Option<Instant>,
}

/// How far an attempt says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

/// How one attempt ended that did not simply succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Its count, from 1.
    pub attempt: u32,
    /// The lease it ran under.
    pub token: i64,
    /// Who ran it.
    pub worker: Option<WorkerId>,
    /// When it started.
    pub started_at: Option<Instant>,
    /// When its end was recorded.
    pub ended_at: Instant,
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// What it said.
    pub message: String,
}

/// What kind of failure an attempt ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The handler returned an error.
    Error,
    /// The handler panicked.
    Panic,
    /// It ran longer than its timeout.
    Timeout,
    /// Its params do not decode.
    Params,
    /// It was canceled.
    Canceled,
    /// Its worker died.
    WorkerLost,
    /// A stop cut it short and it must not be started again.
    Interrupted,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [FailureKind; 7] = [
        FailureKind::Error,
        FailureKind::Panic,
        FailureKind::Timeout,
        FailureKind::Params,
        FailureKind::Canceled,
        FailureKind::WorkerLost,
        FailureKind::Interrupted,
    ];

    /// The kind's name, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureKind::Error => "error",
            FailureKind::Panic => "panic",
            FailureKind::Timeout => "timeout",
            FailureKind::Params => "params",
            FailureKind::Canceled => "canceled",
            FailureKind::WorkerLost => "worker_lost",
            FailureKind::Interrupted => "interrupted",
        }
    }
}

impl FromStr for FailureKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        FailureKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a kind of failure"))
    }
}

/// One line of a job's own log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The attempt that wrote it.
    pub attempt: u32,
    /// When.
    pub at: Instant,
    /// How loud.
    pub level: Level,
    /// What.
    pub message: String,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// What happens.
    Info,
    /// Details.
    Debug,
}

impl Level {
    /// The level's name, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Level::Error, Level::Warn, Level::Info, Level::Debug]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a log level"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVES: [Move; 12] = [
        Move::Promote,
        Move::Claim,
        Move::Succeed,
        Move::Fail,
        Move::Retry,
        Move::Snooze,
        Move::Release,
        Move::Rescue,
        Move::Cancel,
        Move::Pause,
        Move::Resume,
        Move::Rerun,
    ];

    #[test]
    fn only_a_claim_leads_to_running() {
        for step in MOVES {
            let runs = step.target(true, 1) == JobState::Running;
            assert_eq!(runs, step == Move::Claim, "{step:?}");
        }
        assert_eq!(Move::Claim.sources(), [JobState::Queued]);
    }

    #[test]
    fn only_a_rerun_leads_out_of_a_final_state() {
        for state in JobState::ALL.into_iter().filter(|state| state.is_final()) {
            for step in MOVES {
                assert_eq!(
                    step.is_legal_from(state),
                    step == Move::Rerun,
                    "{step:?} from {state}"
                );
            }
        }
    }

    #[test]
    fn every_state_that_is_not_final_can_be_left() {
        for state in JobState::ALL {
            assert!(
                MOVES.iter().any(|step| step.is_legal_from(state)),
                "{state}"
            );
            assert_eq!(
                Move::Cancel.is_legal_from(state),
                !state.is_final(),
                "{state}"
            );
        }
    }

    #[test]
    fn a_job_that_goes_back_waits_in_the_state_its_attempts_call_for() {
        let cases = [
            (Move::Retry, true, 1, JobState::Queued),
            (Move::Retry, false, 1, JobState::Retrying),
            (Move::Snooze, true, 0, JobState::Queued),
            (Move::Snooze, false, 3, JobState::Scheduled),
            (Move::Release, true, 0, JobState::Queued),
            (Move::Release, false, 0, JobState::Scheduled),
            (Move::Release, false, 1, JobState::Retrying),
            (Move::Resume, true, 1, JobState::Queued),
            (Move::Resume, false, 0, JobState::Scheduled),
            (Move::Resume, false, 1, JobState::Retrying),
            (Move::Rescue, false, 1, JobState::Queued),
        ];
        for (step, is_due, attempt, expected) in cases {
            let state = step.target(is_due, attempt);
            assert_eq!(state, expected, "{step:?}, due {is_due}, attempt {attempt}");
        }
    }

    #[test]
    fn names_of_states_read_back() {
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        let error = "done".parse::<JobState>().expect_err("no such state");
        assert!(
            error.contains("`done`") && error.contains("succeeded"),
            "{error}"
        );
    }

    #[test]
    fn retention_depends_on_how_a_job_ended() {
        let kept = Retention {
            succeeded: Keep::For(Duration::ZERO),
            unsuccessful: Keep::Forever,
        };
        assert_eq!(kept.after(JobState::Succeeded), Keep::For(Duration::ZERO));
        assert_eq!(kept.after(JobState::Failed), Keep::Forever);
        assert_eq!(kept.after(JobState::Canceled), Keep::Forever);
    }
}
