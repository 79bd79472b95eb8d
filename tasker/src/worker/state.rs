//! What the settler knows: its attempts, what they came to, what is under way, and when to look again.
//!
//! Read next: `settler`, which makes all the moves.

use std::collections::HashMap;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{Finish, JobState, Lease};
use tokio::sync::{mpsc, watch};

use super::Summary;
use super::backlog::Backlog;
use super::doubt::Doubt;
use super::executor::Done;
use super::phase::Phase;
use super::roster::{Roster, Said};

/// How often a worker that has nothing to do looks for jobs by itself: from the first to the last, doubling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    pub(super) first: Duration,
    pub(super) last: Duration,
}

/// Where nobody says that other processes wrote.
pub(super) const OFTEN: Looks = Looks {
    first: Duration::from_millis(100),
    last: Duration::from_secs(2),
};
/// Where that is said within moments. What is lost on the way the lookout notices too.
pub(super) const RARELY: Looks = Looks {
    first: Duration::from_secs(1),
    last: Duration::from_secs(30),
};

pub(super) struct State {
    pub(super) roster: Roster,
    /// Jobs claimed and not started.
    pub(super) backlog: Backlog,
    pub(super) finishes: Vec<Finish>,
    pub(super) queues: HashMap<Lease, String>,
    pub(super) unsent: Vec<Said>,
    pub(super) doubt: Doubt,
    pub(super) summary: Summary,
    pub(super) done: mpsc::UnboundedSender<Done>,
    pub(super) phase: watch::Receiver<Phase>,
    /// Whether the worker is on the store's list.
    pub(super) alive: bool,
    /// Whether there may be jobs to claim.
    pub(super) hungry: bool,
    /// Whether the latest claim brought all it asked for, so that one beside it will too.
    pub(super) flowing: bool,
    /// How many slots are kept by threads whose attempts have ended.
    pub(super) busy: u32,
    /// Whether an exchange may have notes to send.
    pub(super) chatty: bool,
    pub(super) looks: Looks,
    pub(super) look: Duration,
    pub(super) look_at: Monotonic,
    pub(super) failures: u32,
    /// When the exchange after one that failed may be made.
    pub(super) retry_at: Option<Monotonic>,
    /// What ran when the worker was fenced, and when it drops what still does.
    pub(super) fenced: Vec<Lease>,
    pub(super) drop_at: Option<Monotonic>,
    /// When a stop goes on to its next phase.
    pub(super) phase_ends: Option<Monotonic>,
    /// Whether the last outcomes are left unsaid.
    pub(super) abandoned: bool,
}

impl State {
    pub(super) fn new(
        done: mpsc::UnboundedSender<Done>,
        phase: watch::Receiver<Phase>,
        lease: Duration,
        prefetch: u32,
    ) -> Self {
        Self {
            doubt: Doubt::new(lease),
            roster: Roster::default(),
            backlog: Backlog::new(prefetch),
            finishes: Vec::new(),
            queues: HashMap::new(),
            unsent: Vec::new(),
            summary: Summary::default(),
            done,
            phase,
            alive: true,
            hungry: true,
            flowing: false,
            busy: 0,
            chatty: false,
            looks: OFTEN,
            look: OFTEN.first,
            look_at: Monotonic::now() + OFTEN.first,
            failures: 0,
            retry_at: None,
            fenced: Vec::new(),
            drop_at: None,
            phase_ends: None,
            abandoned: false,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.roster.is_empty() && self.finishes.is_empty() && self.backlog.is_empty()
    }

    /// How many attempts may start, of `concurrency`.
    pub(super) fn free(&self, concurrency: u32) -> u32 {
        concurrency.saturating_sub(self.roster.len() + self.busy)
    }

    pub(super) fn is_over(&self) -> bool {
        *self.phase.borrow() != Phase::Run && self.is_idle()
    }

    pub(super) fn next_deadline(&self) -> Monotonic {
        // One that is due is made by the next exchange, whenever that may be made.
        let compare_at = Some(self.doubt.compare_at()).filter(|at| *at > Monotonic::now());
        let others = [self.drop_at, self.phase_ends, self.retry_at, compare_at];
        others
            .into_iter()
            .flatten()
            .fold(self.look_at, Monotonic::min)
    }

    /// The last outcomes could not be handed over in time. Their leases end with the worker's, so the jobs run
    /// again: at least once, as promised.
    pub(super) fn give_up_on_the_store(&mut self) {
        tracing::error!(
            jobs = self.queues.len(),
            "stopping without the store's answer"
        );
        self.abandoned = true;
    }
}

impl Summary {
    pub(super) fn count(&mut self, outcome: &tasker_store::Outcome, state: JobState) {
        use tasker_store::Outcome;
        match (state, outcome) {
            (JobState::Succeeded, _) => self.succeeded += 1,
            (JobState::Failed, _) => self.failed += 1,
            (JobState::Canceled, _) => self.canceled += 1,
            (_, Outcome::Released) => self.released += 1,
            (_, Outcome::Snoozed { .. }) => self.snoozed += 1,
            _ => self.retried += 1,
        }
    }
}
