//! From how a call ended to what becomes of its job: pure, the whole policy in one place.
//!
//! In: the end of one attempt and what the job allows. Out: the [`Outcome`] for the store, and a line for the
//! job's log where something was left out of it.

use tasker_store::{Due, Failure, FailureKind, Outcome, limits};

use super::attempt::Ended;
use crate::task::backoff::Backoff;
use crate::task::error::{disposition, message};
use crate::task::{CallError, Disposition};

/// What decides between another attempt and the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The count of this attempt, from 1.
    pub(crate) attempt: u32,
    /// How many there are; `None` is without end.
    pub(crate) max_attempts: Option<u32>,
    /// Whether it must never be started again.
    pub(crate) at_most_once: bool,
    /// The delay before the next one.
    pub(crate) backoff: Backoff,
    /// Whether the attempt failed because a resource broke: the first time that happens it is the resource's fault
    /// rather than the job's, and a fresh one is there.
    pub(crate) resource_broke: bool,
    /// Whether the process stops and has told the handler so.
    pub(crate) stopping: bool,
    /// Gives a number for the jitter: at least 0, less than 1.
    pub(crate) random: fn() -> f64,
}

/// What becomes of the job, and what to note beside it.
pub(crate) fn outcome(ended: Ended, policy: Policy) -> (Outcome, Option<String>) {
    let (kind, message, disposition) = match ended {
        Ended::Returned(output) => return succeeded(output.json),
        Ended::Failed(error) => describe(&error),
        Ended::Panicked(message) => (FailureKind::Panic, message, Disposition::Retry),
        Ended::Dropped(patience) => {
            let message =
                format!("was told to end and dropped {patience:?} later, since it had not");
            (FailureKind::Canceled, message, Disposition::Cancel)
        }
        Ended::TimedOut(limit) => {
            let message = format!("ran longer than its timeout of {limit:?}");
            (FailureKind::Timeout, message, Disposition::Retry)
        }
    };
    let failure = Failure {
        kind,
        message: limits::cut(&message, limits::ERROR).into_owned(),
    };
    (failed(failure, disposition, policy), None)
}

/// A run that a stop cut short while its handler was still at work.
pub(crate) fn interrupted(at_most_once: bool) -> Outcome {
    if !at_most_once {
        return Outcome::Released;
    }
    Outcome::Failed(Failure {
        kind: FailureKind::Interrupted,
        message: "interrupted by a stop, and at most one start is allowed".into(),
    })
}

/// A success, and what to note beside it.
pub(crate) fn succeeded(output: Option<String>) -> (Outcome, Option<String>) {
    match output {
        Some(json) if json.len() > limits::OUTPUT => {
            let note = format!(
                "the output of {} bytes was dropped: at most {} are kept",
                json.len(),
                limits::OUTPUT
            );
            (Outcome::Succeeded { output: None }, Some(note))
        }
        output => (Outcome::Succeeded { output }, None),
    }
}

fn describe(error: &CallError) -> (FailureKind, String, Disposition) {
    match error {
        CallError::Params(error) => (FailureKind::Params, error.to_string(), Disposition::Retry),
        CallError::Inject(error) | CallError::Handler(error) => (
            FailureKind::Error,
            message(error.as_ref()),
            disposition(error.as_ref()),
        ),
        CallError::Output(error) => (
            FailureKind::Error,
            format!("what it returned cannot be written as JSON: {error}"),
            Disposition::Retry,
        ),
    }
}

fn failed(failure: Failure, disposition: Disposition, policy: Policy) -> Outcome {
    let retry = |failure, due| {
        let used_up = policy.max_attempts.is_some_and(|max| policy.attempt >= max);
        if used_up || policy.at_most_once {
            Outcome::Failed(failure)
        } else {
            Outcome::Retry { failure, due }
        }
    };
    match disposition {
        Disposition::Discard => Outcome::Failed(failure),
        Disposition::Cancel => Outcome::Canceled(Failure {
            kind: FailureKind::Canceled,
            ..failure
        }),
        Disposition::Snooze(delay) => Outcome::Snoozed {
            due: Due::In(delay),
        },
        // The handler gave in to the stop: not its failure.
        _ if policy.stopping => interrupted(policy.at_most_once),
        Disposition::RetryAfter(delay) => retry(failure, Due::In(delay)),
        Disposition::Retry if policy.resource_broke && policy.attempt == 1 => {
            retry(failure, Due::Now)
        }
        Disposition::Retry => {
            let delay = policy.backoff.delay(policy.attempt, (policy.random)());
            retry(failure, Due::In(delay))
        }
    }
}
