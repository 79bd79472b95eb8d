//! Leases: who owns a running job, and how others learn that the owner is gone.
//!
//! A lease belongs to a process incarnation, a [`WorkerId`] made anew at every start, and lives as long as
//! that worker beats. A job under it is named by [`Lease`]: its id and the token of its claim. Every write
//! by an attempt carries both; where the token is no longer the job's, the write changes nothing and is told
//! so ([`crate::settle::Fate::Stale`]). `attempt` is no guard, since a snooze gives it back.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Instant;
use crate::job::JobId;

/// One incarnation of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub Uuid);

impl WorkerId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Ownership of one running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Its fencing number at the claim.
    pub token: i64,
}

/// A worker that announces itself.
#[derive(Clone, Debug)]
pub struct NewWorker {
    /// Its incarnation.
    pub id: WorkerId,
    /// What people call it; by default host and process id.
    pub name: String,
    /// Whether somebody chose that name, so that it stands for one worker, whatever process that is.
    pub named: bool,
    /// The machine it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// What tells its process from all others, so that one on the same machine can see whether it is still there; empty where
    /// nobody could. The store only keeps it.
    pub process: String,
    /// How long after a beat it counts as alive. Default of the runtime: 30 s.
    pub lease: Duration,
    /// How many jobs it runs at a time.
    pub concurrency: u32,
    /// The queues it serves; empty means all.
    pub queues: Vec<String>,
    /// Workers on the list that are gone, or whose place this one takes: they need not be waited for.
    pub replaces: Vec<WorkerId>,
}

/// A worker as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// Its incarnation.
    pub id: WorkerId,
    /// What people call it.
    pub name: String,
    /// Whether somebody chose that name.
    pub named: bool,
    /// The machine it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// What tells its process from all others; empty where it did not say.
    pub process: String,
    /// How many jobs it runs at a time.
    pub concurrency: u32,
    /// The queues it serves; empty means all.
    pub queues: Vec<String>,
    /// When it joined.
    pub started_at: Instant,
    /// When its lease ends unless it beats before.
    pub lease_until: Instant,
    /// How many jobs it is running, by the store's count.
    #[serde(serialize_with = "crate::digits::text")]
    pub running: u64,
}

/// The answer to a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease is extended.
    Alive {
        /// The leases of this worker whose jobs an operator wants ended.
        cancel: Vec<Lease>,
    },
    /// The worker was declared dead: its jobs are no longer its own. It must stop its handlers and join anew.
    Lost,
}

/// A named lease that someone holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The caller holds it, under this token, which only grows for a name.
    Yes {
        /// The fencing number.
        token: i64,
    },
    /// Somebody else holds it, or the caller's own hold is over.
    No,
}
