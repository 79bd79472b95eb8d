//! What a case works with: a fresh store on a clock that stands still, and the calls of the contract in short
//! form. Every shorthand panics where the store reports an error.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::Harness;
use crate::attempt::FailureKind;
use crate::clock::{Due, Instant, TestClock, from_micros};
use crate::job::{Enqueued, Job, JobId, NewJob};
use crate::lease::{NewWorker, WorkerId};
use crate::settle::{Claim, Claimed, Failure, Fate, Finish, Outcome, Queues, Settle, Settled};
use crate::state::JobState;
use crate::store::{Migrate, Store};

/// The aliases that workers know unless a case says otherwise.
pub(super) const KNOWN: [&str; 3] = ["hello", "mail", "report"];

/// The lease of a worker, in seconds.
pub(super) const LEASE: u64 = 30;

pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: TestClock,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Bench {
    pub(super) async fn new(harness: Arc<dyn Harness>) -> Self {
        let clock = TestClock::at(at(0));
        let fresh = harness.fresh(clock.clone()).await;
        fresh.store.open(Migrate::Up).await.expect("open");
        Self {
            store: fresh.store,
            clock,
            _keep: fresh.keep,
        }
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }

    /// A worker that has joined.
    pub(super) async fn worker(&self) -> WorkerId {
        let id = WorkerId::generate();
        self.store.join(new_worker(id)).await.expect("join");
        id
    }

    pub(super) async fn add(&self, job: NewJob) -> JobId {
        self.add_all(vec![job]).await[0]
    }

    /// Enqueues jobs of which none may be refused.
    pub(super) async fn add_all(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let answers = self.store.enqueue(jobs).await.expect("enqueue");
        (answers.into_iter())
            .map(|answer| match answer {
                Enqueued::New { id, .. } => id,
                refused => panic!("the job was not taken: {refused:?}"),
            })
            .collect()
    }

    /// Claims from all queues, knowing [`KNOWN`].
    pub(super) async fn claim(&self, worker: WorkerId, limit: u32) -> Vec<Claimed> {
        self.claim_as(worker, claim(limit)).await
    }

    pub(super) async fn claim_as(&self, worker: WorkerId, claim: Claim) -> Vec<Claimed> {
        self.settle(worker, Vec::new(), Some(claim)).await.jobs
    }

    /// Claims the one job there is.
    pub(super) async fn take(&self, worker: WorkerId) -> Claimed {
        let mut jobs = self.claim(worker, 10).await;
        assert_eq!(jobs.len(), 1, "one job was expected to be ready: {jobs:?}");
        jobs.remove(0)
    }

    /// A fresh worker that has claimed this one job.
    pub(super) async fn running(&self, job: NewJob) -> (WorkerId, Claimed) {
        self.add(job).await;
        let worker = self.worker().await;
        (worker, self.take(worker).await)
    }

    /// A job that has ended so.
    pub(super) async fn ended(&self, job: NewJob, outcome: Outcome) -> JobId {
        let (worker, claimed) = self.running(job).await;
        let fate = self.end(worker, &claimed, outcome).await;
        assert!(
            matches!(fate, Fate::Applied(state) if state.is_final()),
            "{fate:?}"
        );
        claimed.id
    }

    /// Finishes one attempt.
    pub(super) async fn end(&self, worker: WorkerId, job: &Claimed, outcome: Outcome) -> Fate {
        let settled = self.settle(worker, vec![finish(job, outcome)], None).await;
        assert_eq!(settled.fates.len(), 1, "one finish, one fate");
        settled.fates[0]
    }

    pub(super) async fn settle(
        &self,
        worker: WorkerId,
        finishes: Vec<Finish>,
        claim: Option<Claim>,
    ) -> Settled {
        let settle = Settle {
            started: None,
            worker,
            finishes,
            claim,
        };
        self.store.settle(settle).await.expect("settle")
    }

    pub(super) async fn job(&self, id: JobId) -> Job {
        let found = self.find(id).await;
        found.unwrap_or_else(|| panic!("job {id} is not in the store"))
    }

    pub(super) async fn find(&self, id: JobId) -> Option<Job> {
        self.store.job(id.into()).await.expect("job")
    }

    pub(super) async fn state(&self, id: JobId) -> JobState {
        self.job(id).await.state
    }

    /// The kinds of the job's failed attempts, the oldest first.
    pub(super) async fn failures(&self, id: JobId) -> Vec<FailureKind> {
        let attempts = self.store.attempts(id).await.expect("attempts");
        attempts.into_iter().map(|attempt| attempt.kind).collect()
    }
}

/// `seconds` after the moment at which every case begins.
pub(super) fn at(seconds: i64) -> Instant {
    from_micros(1_750_000_000_000_000 + seconds * 1_000_000)
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn job(alias: &str) -> NewJob {
    NewJob::new(alias, "{}")
}

/// A job of `hello` due `seconds` from now.
pub(super) fn job_in(seconds: u64) -> NewJob {
    NewJob {
        due: Due::In(secs(seconds)),
        ..job("hello")
    }
}

pub(super) fn new_worker(id: WorkerId) -> NewWorker {
    NewWorker {
        id,
        name: format!("bench-{id}"),
        named: false,
        host: "bench".into(),
        pid: 42,
        process: String::new(),
        lease: secs(LEASE),
        concurrency: 10,
        queues: Vec::new(),
        replaces: Vec::new(),
    }
}

pub(super) fn claim(limit: u32) -> Claim {
    claim_knowing(&KNOWN, limit)
}

pub(super) fn claim_knowing(known: &[&str], limit: u32) -> Claim {
    Claim {
        queues: Queues::All,
        limit,
        known: known.iter().map(|alias| alias.to_string()).collect(),
        start: u32::MAX,
        held: 0,
    }
}

pub(super) fn claim_from(queues: &[(&str, u32)], limit: u32) -> Claim {
    let queues = queues.iter().map(|&(name, most)| (name.to_owned(), most));
    Claim {
        queues: Queues::Only(queues.collect()),
        ..claim(limit)
    }
}

pub(super) fn finish(job: &Claimed, outcome: Outcome) -> Finish {
    Finish {
        lease: job.lease(),
        outcome,
        note: None,
        follow_ups: Vec::new(),
    }
}

pub(super) fn failure(message: &str) -> Failure {
    Failure {
        kind: FailureKind::Error,
        message: message.into(),
    }
}

pub(super) fn succeeded() -> Outcome {
    Outcome::Succeeded { output: None }
}

pub(super) fn failed() -> Outcome {
    Outcome::Failed(failure("no luck"))
}

pub(super) fn retry_in(seconds: u64) -> Outcome {
    Outcome::Retry {
        failure: failure("no luck"),
        due: Due::In(secs(seconds)),
    }
}

pub(super) fn snooze_in(seconds: u64) -> Outcome {
    Outcome::Snoozed {
        due: Due::In(secs(seconds)),
    }
}

pub(super) fn ids(jobs: &[Claimed]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}
