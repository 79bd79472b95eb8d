//! A job: one stored request to run a task to its end.
//!
//! In: a [`NewJob`], as a client or a schedule makes it. Out: a [`Job`], as the store holds it. Read next:
//! [`crate::state`] (its life), [`crate::attempt`] (what a run leaves behind), [`crate::settle`] (how a run ends).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attempt::Progress;
use crate::clock::{Due, Instant};
use crate::lease::WorkerId;
use crate::schedule::ScheduleId;
use crate::state::JobState;
use crate::unique::Unique;

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
    /// What makes it unique; `None` where any number of its like may be there.
    pub unique: Option<Unique>,
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
            unique: None,
        }
    }
}

/// What became of one [`NewJob`]. Of a unique one whose key another job holds, the answer names that job, and the
/// state it has after the call.
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
    /// This job holds its key, and is the one meant: by [`crate::OnConflict::Existing`], or because it has been started
    /// and can be neither replaced nor rescheduled. Nothing was changed.
    Existing {
        /// The existing job's id.
        id: JobId,
        /// Its number.
        number: i64,
        /// Its state.
        state: JobState,
    },
    /// This job holds its key and was made as the new one would have been.
    Replaced {
        /// The existing job's id.
        id: JobId,
        /// Its number.
        number: i64,
        /// Its state.
        state: JobState,
    },
    /// This job holds its key and took the due time of the new one.
    Rescheduled {
        /// The existing job's id.
        id: JobId,
        /// Its number.
        number: i64,
        /// Its state.
        state: JobState,
    },
    /// This job holds its key, so the new one was left out, as [`crate::OnConflict::Skip`] asks.
    Skipped {
        /// The existing job's id.
        id: JobId,
        /// Its number.
        number: i64,
        /// Its state.
        state: JobState,
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

#[cfg(test)]
mod tests {
    use super::*;

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
