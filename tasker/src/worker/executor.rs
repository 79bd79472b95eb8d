//! The executor: one attempt, from the claimed job to the finish the store is told.
//!
//! In: a claimed job and its context. Out: a [`Finish`] sent to the settler. It reads as a sentence:
//! look up, decode, call, decide.

use std::sync::Arc;
use std::time::Duration;

use tasker_store::{Claimed, Finish, Level, NewLine, NoteBody, Outcome};
use tokio::sync::mpsc;
use tokio::sync::watch;
use tracing::Instrument;

use super::attempt::{self, Ended, Leftover};
use super::outcome::{Policy, interrupted, outcome};
use super::phase::Phase;
use crate::task::{CallError, Context, TaskDefinition, params};

/// What an executor tells the settler.
#[derive(Debug)]
pub(crate) enum Done {
    /// The attempt ended; `busy` where its thread still runs and keeps the slot.
    Finished { finish: Box<Finish>, busy: bool },
    /// That thread has come back.
    Returned { queue: String },
}

/// One attempt about to start.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) task: &'static TaskDefinition,
    pub(crate) job: Arc<Claimed>,
    pub(crate) context: Context,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) done: mpsc::UnboundedSender<Done>,
}

impl Attempt {
    /// Runs the attempt to its end.
    pub(crate) async fn execute(self) {
        let span = tracing::info_span!(
            "attempt",
            task = self.task.alias,
            queue = %self.job.queue,
            job = self.job.number,
            attempt = self.job.attempt,
        );
        async {
            let (ended, leftover) = self.call().await;
            let finish = Box::new(self.finish(ended));
            let busy = leftover.is_some();
            // An error means that the worker is gone, and with it the lease.
            let _ = self.done.send(Done::Finished { finish, busy });
            self.wait_for(leftover).await;
        }
        .instrument(span)
        .await;
    }

    async fn call(&self) -> (Ended, Option<Leftover>) {
        match params::parse(&self.job.params) {
            Ok(fields) => attempt::run(self.task, fields, &self.context).await,
            Err(error) => (Ended::Failed(CallError::Params(error)), None),
        }
    }

    fn finish(&self, ended: Ended) -> Finish {
        let (outcome, remark) = outcome(ended, self.policy());
        // What becomes of the job the store decides: it may have been canceled meanwhile. Quoted, since a message
        // may hold anything, line ends too.
        match &outcome {
            Outcome::Failed(failure) => {
                tracing::error!(error = ?failure.message, "the last attempt failed");
            }
            Outcome::Retry { failure, .. } => {
                tracing::warn!(error = ?failure.message, "an attempt failed");
            }
            _ => {}
        }
        let note = with_remark(self.context.take_note(), remark);
        finish(&self.job, outcome, note)
    }

    fn policy(&self) -> Policy {
        Policy {
            attempt: self.job.attempt,
            max_attempts: self.job.max_attempts,
            at_most_once: self.job.at_most_once,
            backoff: self.task.backoff,
            resource_broke: self.context.resource_broke(),
            stopping: *self.phase.borrow() >= Phase::Cancel,
            random,
        }
    }

    async fn wait_for(self, leftover: Option<Leftover>) {
        let Some(mut thread) = leftover else { return };
        let patience = Duration::from_secs(10);
        if tokio::time::timeout(patience, &mut thread).await.is_err() {
            tracing::warn!(
                "a plain function still runs {patience:?} after its timeout and keeps its slot: it should \
                 look at `ctx.is_cancelled()`"
            );
            let _ = thread.await;
        }
        let _ = self.done.send(Done::Returned {
            queue: self.job.queue.clone(),
        });
    }
}

/// The finish of an attempt that is given up, whatever it still does.
pub(crate) fn give_up(job: &Claimed, context: &Context) -> Finish {
    finish(job, interrupted(job.at_most_once), context.take_note())
}

/// The finish of an attempt that has succeeded, before its handler has returned.
#[cfg(feature = "sql")]
pub(crate) fn success(job: &Claimed, output: Option<String>, note: Option<NoteBody>) -> Finish {
    let (outcome, remark) = super::outcome::succeeded(output);
    finish(job, outcome, with_remark(note, remark))
}

/// What the store is told of the end of an attempt, and all that follows from it.
fn finish(job: &Claimed, outcome: Outcome, note: Option<NoteBody>) -> Finish {
    Finish {
        lease: job.lease(),
        outcome,
        note,
        follow_ups: Vec::new(),
    }
}

fn with_remark(note: Option<NoteBody>, remark: Option<String>) -> Option<NoteBody> {
    let Some(message) = remark else { return note };
    let mut note = note.unwrap_or_default();
    note.lines.push(NewLine {
        age: Duration::ZERO,
        level: Level::Warn,
        message,
    });
    Some(note)
}

/// At least 0, less than 1; good enough to spread retries.
fn random() -> f64 {
    // A random UUID holds 122 random bits; 53 of them make a float.
    let bits = uuid::Uuid::new_v4().as_u128() as u64 >> 11;
    bits as f64 / (1_u64 << 53) as f64
}
