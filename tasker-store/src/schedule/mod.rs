//! Schedules as the store keeps them: a rule's text, where it stands, and when it is due next.
//!
//! The store never reads a rule: the schedule runner computes the next occurrence and hands it in, with the jobs of
//! this one, by `Store::fire`. The version makes that a compare-and-set. What changes a schedule is
//! decided in `life`, once for all backends.

mod life;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Instant;
use crate::job::NewJob;
use crate::state::JobState;

pub(crate) use life::Declared;

/// A schedule's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(pub Uuid);

impl ScheduleId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a schedule is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleState {
    /// Not yet in force.
    Draft,
    /// In force.
    Active,
    /// Held by an operator.
    Paused,
    /// Past its last occurrence.
    Completed,
    /// From code that no live process declares any more.
    Retired,
    /// Its rule, zone or task fails; the reason is kept.
    Broken,
}

impl ScheduleState {
    /// Every state.
    pub const ALL: [ScheduleState; 6] = [
        ScheduleState::Draft,
        ScheduleState::Active,
        ScheduleState::Paused,
        ScheduleState::Completed,
        ScheduleState::Retired,
        ScheduleState::Broken,
    ];

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScheduleState::Draft => "draft",
            ScheduleState::Active => "active",
            ScheduleState::Paused => "paused",
            ScheduleState::Completed => "completed",
            ScheduleState::Retired => "retired",
            ScheduleState::Broken => "broken",
        }
    }
}

impl FromStr for ScheduleState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ScheduleState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a schedule state"))
    }
}

/// What happens to occurrences that passed while nobody was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// Nothing.
    Skip,
    /// One job for all of them.
    #[default]
    Once,
    /// One job for each, oldest first, up to this many.
    All {
        /// The bound; older ones beyond it are dropped.
        max: u32,
    },
}

/// What happens to an occurrence while a job of the one before is unfinished.
///
/// A job is unfinished from its enqueueing to its end: while it is queued, runs, or waits for another attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Its job is enqueued all the same.
    #[default]
    Allow,
    /// It is left out.
    Skip,
    /// It waits until that job has ended; while one waits, later ones are left out.
    QueueOne,
    /// Its job is enqueued, and the cancel of the unfinished one is requested in the same transaction.
    CancelPrevious,
}

impl Overlap {
    /// Of so many jobs of one step, oldest first: which are enqueued, and which one waits.
    pub(crate) fn of(self, jobs: usize, unfinished: bool) -> (Range<usize>, Option<usize>) {
        let (made, waits) = match (self, unfinished) {
            (Overlap::Allow, _) => (0..jobs, None),
            (Overlap::Skip, false) => (0..jobs.min(1), None),
            (Overlap::Skip, true) => (0..0, None),
            (Overlap::QueueOne, false) => (0..jobs.min(1), Some(1)),
            (Overlap::QueueOne, true) => (0..0, Some(0)),
            (Overlap::CancelPrevious, _) => (jobs.saturating_sub(1)..jobs, None),
        };
        (made, waits.filter(|place| *place < jobs))
    }
}

/// An occurrence that waits until the job before has ended: [`Overlap::QueueOne`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The planned instant.
    pub at: Instant,
    /// What its job stands for besides: [`crate::NewJob::missed`].
    pub missed: Vec<Instant>,
}

/// Who made a schedule, and so who may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleSource {
    /// Declared by a program's code, which is where it is changed.
    Code,
    /// Made while programs ran; it lives until somebody deletes it.
    Runtime,
}

impl ScheduleSource {
    /// The source's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ScheduleSource::Code => "code",
            ScheduleSource::Runtime => "runtime",
        }
    }
}

impl FromStr for ScheduleSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [ScheduleSource::Code, ScheduleSource::Runtime]
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is not where schedules come from: write `code` or `runtime`")
            })
    }
}

/// What a schedule does, as code declares it or as it is created at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// Its name, unique within the store, deleted schedules included: of one from code the task's alias, or
    /// `alias/name`.
    pub name: String,
    /// What it is for, for people.
    pub description: String,
    /// Whose jobs it makes; empty where it makes none, and only keeps the time of something that a program runs in
    /// place.
    pub alias: String,
    /// The text of its rule.
    pub rule: String,
    /// The name of its time zone.
    pub tz: String,
    /// The params of its jobs: the text of a JSON object.
    pub params: String,
    /// The queue of its jobs; `None` is their task's.
    pub queue: Option<String>,
    /// It has no occurrence before this; the grid of an `every` begins here.
    pub start_at: Option<Instant>,
    /// It has no occurrence after this.
    pub end_at: Option<Instant>,
    /// It is `completed` when it has made so many jobs; `None` is without end.
    pub max_executions: Option<u32>,
    /// What happens to occurrences that were missed.
    pub catch_up: CatchUp,
    /// What happens while the one before is unfinished.
    pub overlap: Overlap,
}

impl NewSchedule {
    /// A schedule of `alias` with the defaults: UTC, no params, its task's queue, without start, end or bound, one job
    /// for what was missed, overlap allowed.
    pub fn new(name: impl Into<String>, alias: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            alias: alias.into(),
            rule: rule.into(),
            tz: "UTC".into(),
            params: "{}".into(),
            queue: None,
            start_at: None,
            end_at: None,
            max_executions: None,
            catch_up: CatchUp::default(),
            overlap: Overlap::default(),
        }
    }
}

/// A schedule as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Its identity.
    pub id: ScheduleId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who made it.
    pub source: ScheduleSource,
    /// Whose jobs it makes; empty where it makes none.
    pub alias: String,
    /// The text of its rule.
    pub rule: String,
    /// The name of its time zone.
    pub tz: String,
    /// The params of its jobs.
    pub params: String,
    /// The queue of its jobs; `None` is their task's.
    pub queue: Option<String>,
    /// It has no occurrence before this.
    pub start_at: Option<Instant>,
    /// It has no occurrence after this.
    pub end_at: Option<Instant>,
    /// It is `completed` when `executions` has come to this.
    pub max_executions: Option<u32>,
    /// What happens to occurrences that were missed.
    pub catch_up: CatchUp,
    /// What happens while the one before is unfinished.
    pub overlap: Overlap,
    /// Where it is in its life.
    pub state: ScheduleState,
    /// Why it is `broken`.
    pub error: Option<String>,
    /// When it was first declared, or created. It never fires for a moment before by itself.
    pub created_at: Instant,
    /// Its next occurrence; absent until it is computed for the first time, or after a change of its rule.
    pub next_run_at: Option<Instant>,
    /// The latest occurrence that made a job.
    pub last_run_at: Option<Instant>,
    /// The occurrence that waits until the job before has ended.
    pub waiting: Option<Waiting>,
    /// How many jobs its occurrences have made.
    #[serde(serialize_with = "crate::digits::text")]
    pub executions: i64,
    /// How many jobs [`crate::Admin::enqueue_for`] has made of it beside its occurrences.
    #[serde(serialize_with = "crate::digits::text")]
    pub extra_jobs: i64,
    /// How its job that ended last came out: `succeeded`, `failed` or `canceled`. It outlives the job, but for one that
    /// is not kept at all.
    pub last_outcome: Option<JobState>,
    /// The message of that job's latest failed attempt, if it had one.
    pub last_error: Option<String>,
    /// When that job ended.
    pub last_ended_at: Option<Instant>,
    /// When a process last declared it; when it was created, if none did.
    pub seen_at: Instant,
    /// When it was soft-deleted; such a schedule never fires, and is listed only where it is asked for.
    pub deleted_at: Option<Instant>,
    /// Grows with every change.
    #[serde(serialize_with = "crate::digits::text")]
    pub version: i64,
}

/// What an operator's change of one schedule came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleChange {
    /// It is as was asked for.
    Done(Box<Schedule>),
    /// Nothing was changed, since it stands so: its name is taken, its version is another, or its state does not
    /// allow it.
    Not(Box<Schedule>),
    /// There is no such schedule.
    Unknown,
}

/// What the schedule runner should look at.
#[derive(Clone, Debug)]
pub struct DueSchedules {
    /// The store's clock.
    pub now: Instant,
    /// Active schedules that are due, or have no next occurrence yet, the longest due first; and those with an
    /// occurrence that waits no longer, since the job before has ended.
    pub schedules: Vec<Schedule>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// How long until the next one is due; at most [`LOOK_AGAIN`] while an occurrence waits for a job to end.
    pub next_in: Option<Duration>,
}

/// How soon to look again while an occurrence waits for the end of a job, which nobody tells of.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One step of a schedule: the jobs of what is due, and what comes next.
///
/// The schedule's overlap decides which of the jobs are enqueued. Unfinished is said of the earlier jobs of this schedule.
///
/// | `overlap` | nothing unfinished | something unfinished |
/// |---|---|---|
/// | `Allow` | all | all |
/// | `Skip` | the first | none |
/// | `QueueOne` | the first; the second then waits | none; the first waits |
/// | `CancelPrevious` | the last | the last, and the cancel of what is unfinished is requested |
///
/// The others are left out. What waited before this step is part of it: it comes first in `jobs`, or is left out too.
#[derive(Clone, Debug)]
pub struct Fire {
    /// Which schedule.
    pub schedule: ScheduleId,
    /// Its version when it was read; another one means somebody else was faster.
    pub version: i64,
    /// The jobs of the occurrences that are due, oldest first. May be empty.
    pub jobs: Vec<NewJob>,
    /// What happens while an earlier job of this schedule is unfinished.
    pub overlap: Overlap,
    /// Where it stands afterwards.
    pub then: Then,
}

/// Where a schedule stands after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Its next occurrence.
    Next(Instant),
    /// There is none.
    Completed,
    /// None can be found, for this reason.
    Broken(String),
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fired {
    /// It is done, and so many jobs were enqueued.
    Applied {
        /// Jobs enqueued.
        jobs: usize,
    },
    /// Another process was faster, or the schedule is no longer active; nothing was changed.
    Stale,
}
