//! What an attempt leaves behind beside the job's row: its failure, its progress, its log.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::lease::WorkerId;

/// How far an attempt says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Units done.
    #[serde(serialize_with = "crate::digits::text")]
    pub done: u64,
    /// Units in all.
    #[serde(serialize_with = "crate::digits::text")]
    pub total: u64,
}

/// How one attempt ended that did not simply succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Its count, from 1.
    pub attempt: u32,
    /// The lease it ran under.
    #[serde(serialize_with = "crate::digits::text")]
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
