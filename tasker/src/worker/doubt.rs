//! Doubt: what the worker and the store may see differently after an exchange that failed.
//!
//! It may have been carried out, and only the answer was lost. Then its jobs run under a worker that does not know of them,
//! and nobody rescues them while it lives; and its finishes, sent again, are answered `Stale`. In: exchanges that
//! failed. Out: when to compare, and which finishes were sent before. What was given up here may still arrive
//! there, so one comparison is not enough: they go on, further and further apart, up to one for each length of the lease, which
//! is also how often they are made without any doubt.

use std::collections::HashSet;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{Fate, Finish, Job, JobState, Lease, Outcome};

/// How long after the first comparison the second follows.
const FIRST: Duration = Duration::from_secs(1);

/// What is to be compared, and when.
#[derive(Debug)]
pub(crate) struct Doubt {
    resent: HashSet<Lease>,
    compare_at: Monotonic,
    pause: Duration,
    longest: Duration,
}

impl Doubt {
    /// None yet; `lease` is the worker's.
    pub(crate) fn new(lease: Duration) -> Self {
        Self {
            resent: HashSet::new(),
            compare_at: Monotonic::now() + lease,
            pause: lease,
            longest: lease,
        }
    }

    /// An exchange failed, and these finishes, which it had sent, will be sent again.
    pub(crate) fn arose<'f>(&mut self, finishes: impl Iterator<Item = &'f Finish>) {
        self.resent.extend(finishes.map(|finish| finish.lease));
        self.compare_at = Monotonic::now();
        self.pause = FIRST.min(self.longest);
    }

    /// Whether it is time to compare.
    pub(crate) fn is_due(&self) -> bool {
        self.compare_at <= Monotonic::now()
    }

    /// When it will be.
    pub(crate) fn compare_at(&self) -> Monotonic {
        self.compare_at
    }

    /// It was compared, and so many jobs were found.
    pub(crate) fn compared(&mut self, found: usize) {
        if found > 0 {
            tracing::warn!(
                jobs = found,
                "claimed by an exchange whose answer was lost; starting them now"
            );
        }
        self.compare_at = Monotonic::now() + self.pause;
        self.pause = (self.pause * 2).min(self.longest);
    }

    /// The leases whose finishes were sent before.
    pub(crate) fn resent(&self) -> HashSet<Lease> {
        self.resent.clone()
    }

    /// The finish of this lease was answered.
    pub(crate) fn settled(&mut self, lease: Lease) {
        self.resent.remove(&lease);
    }
}

/// What became of a finish that was sent twice and is stale now, as far as the job as it stands can tell.
pub(crate) fn presumed(finish: &Finish, job: Option<&Job>) -> Fate {
    let goes_on = matches!(
        finish.outcome,
        Outcome::Retry { .. } | Outcome::Snoozed { .. } | Outcome::Released
    );
    match job {
        // It has ended, and its retention is over.
        None => Fate::Applied(end_of(&finish.outcome)),
        Some(job) if job.token == finish.lease.token && job.state.is_final() => {
            Fate::Applied(job.state)
        }
        // Whoever has it by now got it after this finish.
        Some(job) if goes_on && job.token >= finish.lease.token => Fate::Applied(job.state),
        Some(_) => Fate::Stale,
    }
}

fn end_of(outcome: &Outcome) -> JobState {
    match outcome {
        Outcome::Succeeded { .. } => JobState::Succeeded,
        Outcome::Failed(_) => JobState::Failed,
        // A job that was to go on and is gone was canceled or deleted meanwhile.
        _ => JobState::Canceled,
    }
}
