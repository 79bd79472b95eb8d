//! What the library tells its caller when it cannot do what was asked.

use tasker_store::{JobId, JobState, StoreError};

use crate::task::ParamError;

/// The result of a call to this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. A handler's own errors are [`crate::TaskError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Params that do not fit their task.
    #[error("the params of task `{alias}` are not acceptable")]
    Params {
        /// The task.
        alias: String,
        /// The field and what is wrong with it.
        #[source]
        source: ParamError,
    },
    /// The store did not take a job.
    #[error("the job of task `{alias}` was not enqueued: {reason}")]
    Refused {
        /// The task.
        alias: String,
        /// Why, and what to do.
        reason: String,
    },
    /// No task has this alias.
    #[error("no task `{alias}` is known{hint}")]
    UnknownTask {
        /// As asked for.
        alias: String,
        /// What may be meant, or how to see what there is.
        hint: String,
    },
    /// What was asked of a schedule cannot be done.
    #[error("schedule `{name}`: {reason}")]
    Schedule {
        /// The schedule.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The store has no schedule of this name.
    #[error("no schedule `{name}` is in the store{hint}")]
    UnknownSchedule {
        /// As asked for.
        name: String,
        /// What may be meant, or how to see what there is.
        hint: String,
    },
    /// There is no `Tasker` to work with.
    #[error(
        "no tasker is installed in this process: call `tasker.install()` at start, or name one with `.on(&tasker)`"
    )]
    NotInstalled,
    /// `install` was called a second time.
    #[error(
        "a tasker is installed in this process already: install one, and name others with `.on(&tasker)`"
    )]
    AlreadyInstalled,
    /// The tasks of this binary contradict each other, or something they need is not there.
    #[error("{0}")]
    Setup(String),
    /// The store has no such job (any more).
    #[error("job {0} is not in the store: it was never enqueued there, or its retention is over")]
    JobGone(JobId),
    /// The job was deleted before it had ended.
    #[error("job {0} was deleted, so it will not run: restore it to have its result")]
    JobDeleted(JobId),
    /// The job ended without a result.
    #[error("job {id} ended {state}: {message}")]
    JobEnded {
        /// The job.
        id: JobId,
        /// How it ended.
        state: JobState,
        /// The error of its last attempt.
        message: String,
    },
    /// The job is not the caller's to finish any more.
    #[error(
        "job {0} cannot be finished here: its lease was lost, or it was finished before; roll the transaction back"
    )]
    LeaseLost(JobId),
    /// The job succeeded, but what it returned cannot be read as the type asked for.
    #[error("the output of job {id} cannot be read: {reason}")]
    Output {
        /// The job.
        id: JobId,
        /// Why.
        reason: String,
    },
    /// The handler of a task that was run in this process failed.
    #[error("task `{alias}` failed")]
    Task {
        /// The task.
        alias: String,
        /// What the handler returned.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
