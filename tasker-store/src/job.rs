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
use crate::clock::{Due, Instant, to_micros};
use crate::lease::WorkerId;
use crate::limits;
use crate::schedule::{ScheduleId, Waiting};
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

    /// The id of the job that stands for an occurrence of a schedule: the same whoever makes it, so that it is made once.
    /// It sorts as one that was made at that moment.
    pub fn of_occurrence(occurrence: Occurrence) -> Self {
        let micros = to_micros(occurrence.at);
        let digest = Uuid::new_v5(&occurrence.schedule.0, &micros.to_be_bytes());
        let moment = u64::try_from(micros / 1_000).unwrap_or_default();
        let mut bytes = *digest.as_bytes();
        bytes[..6].copy_from_slice(&moment.to_be_bytes()[2..]);
        let id = uuid::Builder::from_bytes(bytes).with_version(uuid::Version::SortRand);
        Self(id.with_variant(uuid::Variant::RFC4122).into_uuid())
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
    /// Earlier occurrences that passed without a job and that it stands for too, oldest first; the latest
    /// [`crate::limits::MISSED`] of them are kept.
    pub missed: Vec<Instant>,
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
            missed: Vec::new(),
            unique: None,
        }
    }

    /// The occurrence it stands for, to be kept until the job before has ended.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let occurrence = self.occurrence?;
        Some(Waiting {
            at: occurrence.at,
            missed: limits::latest_missed(self.missed.clone()),
        })
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
    #[serde(serialize_with = "crate::digits::text")]
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
    #[serde(serialize_with = "crate::digits::text")]
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
    #[serde(serialize_with = "crate::digits::text")]
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
    /// Earlier occurrences that passed without a job and that it stands for too, oldest first.
    pub missed: Vec<Instant>,
    /// When it was soft-deleted; such a job is never claimed, nor listed unless asked for.
    pub deleted_at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X-C17.
    #[test]
    fn what_may_pass_the_bounds_of_a_double_is_text_in_json() {
        use crate::{Attempt, FailureKind, Progress, Queue, from_micros};
        let shows = |value: serde_json::Value, expected: &str| {
            assert_eq!(value.to_string(), expected);
        };
        let (done, total) = (u64::MAX - 1, u64::MAX);
        shows(
            serde_json::json!(Progress { done, total }),
            r#"{"done":"18446744073709551614","total":"18446744073709551615"}"#,
        );
        let queued = (1 << 53) + 1;
        let queue = serde_json::json!(Queue {
            queued,
            ..Queue::default()
        });
        shows(queue["queued"].clone(), r#""9007199254740993""#);
        shows(queue["failed"].clone(), r#""0""#);
        let attempt = serde_json::json!(Attempt {
            attempt: u32::MAX,
            token: i64::MAX,
            worker: None,
            started_at: None,
            ended_at: from_micros(0),
            kind: FailureKind::Error,
            message: String::new(),
        });
        shows(attempt["token"].clone(), r#""9223372036854775807""#);
        // This one any reader can keep.
        shows(attempt["attempt"].clone(), "4294967295");
    }

    #[test]
    fn an_occurrence_has_one_id() {
        let occurrence = |micros| Occurrence {
            schedule: ScheduleId(Uuid::from_u128(7)),
            at: crate::clock::from_micros(micros),
        };
        let id = JobId::of_occurrence(occurrence(1_750_000_000_123_456));
        assert_eq!(id, JobId::of_occurrence(occurrence(1_750_000_000_123_456)));
        assert_eq!(id.0.get_version(), Some(uuid::Version::SortRand));
        assert!(id < JobId::of_occurrence(occurrence(1_750_000_000_124_456)));
        assert_ne!(id, JobId::of_occurrence(occurrence(1_750_000_000_123_457)));
        let other = Occurrence {
            schedule: ScheduleId(Uuid::from_u128(8)),
            ..occurrence(1_750_000_000_123_456)
        };
        assert_ne!(id, JobId::of_occurrence(other));
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
