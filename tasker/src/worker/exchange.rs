//! One exchange with the store: notes, then outcomes in and claimed jobs out; and what to do when it fails.
//!
//! While one is in flight (see `flights`) the next gathers, so batches grow with the load and a lone job waits for nothing.
//! Trouble that may pass keeps the outcomes for the next try. Trouble that will not is some row the store
//! cannot take: the batch is sent once more, then split until the row is found, the others get through, and the bad one
//! is recorded as a failure with a message in place of what could not be kept. What a failed exchange may
//! have left behind is the matter of [`Doubt`](super::doubt::Doubt).
//!
//! A stale finish means a lost lease, unless the handler has finished the job in a transaction of its own: then the store is
//! asked whether that is how the job ended.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tasker_store::{
    Claim, Due, Failure, FailureKind, Fate, Finish, JobState, Lease, Note, Outcome, Settle,
    Settled, Store, StoreError, WorkerId,
};

use super::doubt;
use super::roster::Said;

/// What goes out.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) worker: WorkerId,
    pub(crate) notes: Vec<Said>,
    pub(crate) finishes: Vec<Finish>,
    /// Of those, whose job may have ended in a transaction of the handler's, and how.
    pub(crate) sealed: HashMap<Lease, JobState>,
    /// Up to which number held jobs are to be started.
    pub(crate) started: Option<i64>,
    pub(crate) claim: Option<Claim>,
    /// Those of the finishes that were sent before, with no answer.
    pub(crate) resent: HashSet<Lease>,
    /// What the worker knows of, where it is to be compared with what the store knows of. Nothing is claimed then.
    pub(crate) compare: Option<Vec<Lease>>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Exchanged {
    /// Who claimed.
    pub(crate) worker: WorkerId,
    /// The finishes that are settled, each with its fate.
    pub(crate) settled: Vec<(Finish, Fate)>,
    /// Those to be tried again.
    pub(crate) unsettled: Vec<Finish>,
    /// Whether these were sent.
    pub(crate) sent: bool,
    /// The jobs claimed, and whether there may be more.
    pub(crate) claimed: Settled,
    /// Whether the jobs were claimed before, by an exchange whose answer was lost.
    pub(crate) compared: bool,
    /// Notes of attempts whose lease is gone.
    pub(crate) stale_notes: Vec<Lease>,
    /// Notes to be tried again.
    pub(crate) unsent: Vec<Said>,
    /// How many jobs were asked for, how many more than were finished, and how many of them were to start at once.
    pub(crate) asked: u32,
    pub(crate) added: u32,
    pub(crate) starting: u32,
    /// Whether held jobs may start, where that was said.
    pub(crate) started: Option<bool>,
    /// The trouble, if any.
    pub(crate) error: Option<StoreError>,
}

impl Exchange {
    /// How many jobs it asks for.
    pub(crate) fn asked(&self) -> u32 {
        self.claim.as_ref().map_or(0, |claim| claim.limit)
    }

    /// By how many it raises the number of claimed jobs at the most.
    pub(crate) fn added(&self) -> u32 {
        let finished = u32::try_from(self.finishes.len()).unwrap_or(u32::MAX);
        self.asked().saturating_sub(finished)
    }

    /// How many of them start at once.
    pub(crate) fn starting(&self) -> u32 {
        (self.claim.as_ref()).map_or(0, |claim| claim.start.min(claim.limit))
    }

    /// Whether no other may be under way beside it.
    pub(crate) fn is_alone(&self) -> bool {
        self.compare.is_some() || !self.notes.is_empty()
    }

    /// Carries it out.
    pub(crate) async fn carry_out(self, store: Arc<dyn Store>) -> Exchanged {
        let mut result = Exchanged {
            worker: self.worker,
            settled: Vec::new(),
            unsettled: Vec::new(),
            sent: false,
            claimed: Settled::default(),
            compared: false,
            stale_notes: Vec::new(),
            unsent: Vec::new(),
            asked: self.asked(),
            added: self.added(),
            starting: self.starting(),
            started: self.started.map(|_| false),
            error: None,
        };
        result.send_notes(store.as_ref(), self.notes).await;
        if result.error.is_some() {
            // Notes go before the finish of their attempt, and both are tried again.
            result.unsettled = self.finishes;
            return result;
        }
        if let Some(known) = self.compare {
            match store.unheard(self.worker, known).await {
                Ok(jobs) => {
                    result.claimed.jobs = jobs;
                    result.compared = true;
                }
                Err(error) => result.error = Some(error),
            }
            result.unsettled = self.finishes;
            return result;
        }
        if self.finishes.is_empty() && self.claim.is_none() && self.started.is_none() {
            return result;
        }
        let settle = Settle {
            worker: self.worker,
            finishes: self.finishes.clone(),
            started: self.started,
            claim: self.claim,
        };
        result.sent = true;
        match store.settle(settle).await {
            Ok(mut answer) => {
                let fates = std::mem::take(&mut answer.fates);
                result.settled = self.finishes.into_iter().zip(fates).collect();
                result.started = self.started.map(|_| answer.started);
                result.claimed = answer;
            }
            Err(error) if error.is_transient() || self.finishes.is_empty() => {
                result.unsettled = self.finishes;
                result.error = Some(error);
            }
            Err(error) => {
                tracing::warn!(%error, "outcomes were refused; sending them once more");
                let again = result.settle(store.as_ref(), self.worker, self.finishes);
                if let Err((finishes, error)) = again.await {
                    tracing::error!(%error, "outcomes were refused; looking for the bad one");
                    result
                        .split(store.as_ref(), self.worker, finishes, error)
                        .await;
                }
            }
        }
        result.explain(store.as_ref(), &self.resent).await;
        result.unseal(store.as_ref(), &self.sealed).await;
        result
    }
}

impl Exchanged {
    async fn send_notes(&mut self, store: &dyn Store, said: Vec<Said>) {
        if said.is_empty() {
            return;
        }
        let notes: Vec<Note> = said.iter().map(|said| said.note.clone()).collect();
        match store.note(notes).await {
            Ok(fates) => {
                for (said, fate) in said.into_iter().zip(fates) {
                    match fate {
                        Fate::Applied(_) => said.by.sent(),
                        Fate::Stale => self.stale_notes.push(said.note.lease),
                    }
                }
            }
            Err(error) if error.is_transient() => {
                self.unsent = said;
                self.error = Some(error);
            }
            Err(error) => tracing::error!(%error, "log lines were refused and are dropped"),
        }
    }

    /// Tells the finishes that came too late from those that had arrived the first time.
    async fn explain(&mut self, store: &dyn Store, resent: &HashSet<Lease>) {
        for (finish, fate) in std::mem::take(&mut self.settled) {
            if fate != Fate::Stale || !resent.contains(&finish.lease) {
                self.settled.push((finish, fate));
                continue;
            }
            match store.job(finish.lease.job.into()).await {
                Ok(job) => {
                    let fate = doubt::presumed(&finish, job.as_ref());
                    self.settled.push((finish, fate));
                }
                Err(error) => {
                    self.unsettled.push(finish);
                    self.error = Some(error);
                }
            }
        }
    }

    /// Finds out how the jobs ended whose handlers may have finished them in transactions of their own.
    async fn unseal(&mut self, store: &dyn Store, sealed: &HashMap<Lease, JobState>) {
        if sealed.is_empty() {
            return;
        }
        for (finish, fate) in std::mem::take(&mut self.settled) {
            let seal = sealed.get(&finish.lease).filter(|_| fate == Fate::Stale);
            let ended = match seal {
                Some(state) => ended_so(store, finish.lease, *state).await,
                None => Ok(None),
            };
            match ended {
                Ok(ended) => self
                    .settled
                    .push((finish, ended.map_or(fate, Fate::Applied))),
                Err(error) => {
                    self.unsettled.push(finish);
                    self.error = Some(error);
                }
            }
        }
    }

    /// Halves a batch that was refused until each bad finish stands alone.
    async fn split(
        &mut self,
        store: &dyn Store,
        worker: WorkerId,
        finishes: Vec<Finish>,
        error: StoreError,
    ) {
        let mut batches = vec![(finishes, error)];
        while let Some((mut batch, error)) = batches.pop() {
            if batch.len() == 1 {
                let bad = batch.remove(0);
                self.replace(store, worker, bad, error).await;
                continue;
            }
            let rest = batch.split_off(batch.len() / 2);
            for half in [rest, batch] {
                if let Err((half, error)) = self.settle(store, worker, half).await {
                    batches.push((half, error));
                }
            }
        }
    }

    /// Settles a finish the store cannot take as a failure that says so.
    async fn replace(
        &mut self,
        store: &dyn Store,
        worker: WorkerId,
        bad: Finish,
        error: StoreError,
    ) {
        let failure = Failure {
            kind: FailureKind::Error,
            message: format!("the outcome could not be recorded: {error}"),
        };
        let outcome = match bad.outcome {
            Outcome::Retry { due, .. } => Outcome::Retry { failure, due },
            Outcome::Snoozed { due } => Outcome::Snoozed { due },
            Outcome::Released => Outcome::Released,
            Outcome::Canceled(_) => Outcome::Canceled(failure),
            Outcome::Succeeded { .. } | Outcome::Failed(_) => Outcome::Failed(failure),
        };
        let plain = Finish {
            lease: bad.lease,
            outcome,
            note: None,
            follow_ups: Vec::new(),
        };
        if let Err((plain, error)) = self.settle(store, worker, vec![plain]).await {
            self.unsettled.extend(plain);
            self.error = Some(error);
        }
    }

    async fn settle(
        &mut self,
        store: &dyn Store,
        worker: WorkerId,
        finishes: Vec<Finish>,
    ) -> Result<(), (Vec<Finish>, StoreError)> {
        let settle = Settle {
            worker,
            finishes: finishes.clone(),
            started: None,
            claim: None,
        };
        match store.settle(settle).await {
            Ok(answer) => {
                self.settled.extend(finishes.into_iter().zip(answer.fates));
                Ok(())
            }
            Err(error) if error.is_transient() => {
                self.unsettled.extend(finishes);
                self.error = Some(error);
                Ok(())
            }
            Err(error) => Err((finishes, error)),
        }
    }
}

/// The state of a job that ended under `lease`, as far as it can be told: one that is gone was deleted with the transaction
/// that ended it `so`, since its retention was none.
async fn ended_so(
    store: &dyn Store,
    lease: Lease,
    so: JobState,
) -> Result<Option<JobState>, StoreError> {
    let Some(job) = store.job(lease.job.into()).await? else {
        return Ok(Some(so));
    };
    let is_its_own = job.token == lease.token && job.state.is_final();
    Ok(is_its_own.then_some(job.state))
}

/// How long to wait after this many failed exchanges in a row: 50 ms doubling to 5 s.
pub(crate) fn pause_after(failures: u32) -> Duration {
    Duration::from_millis(50)
        .saturating_mul(1 << failures.min(7))
        .min(Duration::from_secs(5))
}

/// A finish that gives a job back which was claimed but never started; not a release, since nothing was cut short
/// and a job that must not be started twice may still be started once.
pub(crate) fn not_started(lease: Lease) -> Finish {
    Finish {
        lease,
        outcome: Outcome::Snoozed { due: Due::Now },
        note: None,
        follow_ups: Vec::new(),
    }
}
