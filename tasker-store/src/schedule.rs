//! Schedules as the store keeps them: a rule's text, where it stands, and when it is due next.
//!
//! The store never reads a rule: the schedule runner computes the next occurrence and hands it in, with the
//! jobs of this one, by `Store::fire`. The version makes that a compare-and-set.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Instant;
use crate::job::NewJob;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// Its job is enqueued all the same.
    #[default]
    Allow,
    /// It is left out.
    Skip,
}

/// A schedule declared in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// Its name, unique within the store: the task's alias, or `alias/name`.
    pub name: String,
    /// Whose jobs it makes; empty where it makes none, and only keeps the time of something that a program runs in
    /// place.
    pub alias: String,
    /// The text of its rule.
    pub rule: String,
    /// The name of its time zone.
    pub tz: String,
    /// The params of its jobs: the text of a JSON object.
    pub params: String,
    /// What happens to occurrences that were missed.
    pub catch_up: CatchUp,
    /// What happens while the one before is unfinished.
    pub overlap: Overlap,
}

/// A schedule as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Its identity.
    pub id: ScheduleId,
    /// Its name.
    pub name: String,
    /// Whose jobs it makes; empty where it makes none.
    pub alias: String,
    /// The text of its rule.
    pub rule: String,
    /// The name of its time zone.
    pub tz: String,
    /// The params of its jobs.
    pub params: String,
    /// What happens to occurrences that were missed.
    pub catch_up: CatchUp,
    /// What happens while the one before is unfinished.
    pub overlap: Overlap,
    /// Where it is in its life.
    pub state: ScheduleState,
    /// Why it is `broken`.
    pub error: Option<String>,
    /// When it was first declared. It never fires for a moment before.
    pub created_at: Instant,
    /// Its next occurrence; absent until it is computed for the first time, or after a change of its rule.
    pub next_run_at: Option<Instant>,
    /// The latest occurrence that made a job.
    pub last_run_at: Option<Instant>,
    /// How many jobs it has made.
    pub executions: i64,
    /// When a process last declared it.
    pub seen_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

/// What the schedule runner should look at.
#[derive(Clone, Debug)]
pub struct DueSchedules {
    /// The store's clock.
    pub now: Instant,
    /// Active schedules that are due, or have no next occurrence yet, the longest due first.
    pub schedules: Vec<Schedule>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// How long until the next one is due.
    pub next_in: Option<Duration>,
}

/// One step of a schedule: the jobs of what is due, and what comes next.
#[derive(Clone, Debug)]
pub struct Fire {
    /// Which schedule.
    pub schedule: ScheduleId,
    /// Its version when it was read; another one means somebody else was faster.
    pub version: i64,
    /// The jobs of the occurrences that are due, oldest first. May be empty.
    pub jobs: Vec<NewJob>,
    /// Leave the jobs out while an unfinished job of this schedule is in the store.
    pub skip_if_unfinished: bool,
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
