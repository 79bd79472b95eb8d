//! What a pool answers when there is no result.

use std::sync::Arc;
use std::time::Duration;

use crate::task::BoxError;

/// Why a piece of work has no result, or the pool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The work failed with this error; its resource is fine.
    #[error(transparent)]
    Work(BoxError),
    /// The resource broke under the work, and so did those of its retries.
    #[error("the resource broke on each of {attempts} attempts")]
    Broken {
        /// How often the work was run.
        attempts: u32,
        /// The error of the last attempt.
        #[source]
        source: BoxError,
    },
    /// The work panicked; message and place.
    #[error("the work {0}")]
    Panicked(String),
    /// The work ran longer than its timeout.
    #[error("the work ran longer than its timeout of {0:?}")]
    TimedOut(Duration),
    /// The work was canceled by its caller.
    #[error("the work was canceled")]
    Canceled,
    /// The pool takes no more work, or its stop cut the work short.
    #[error("the pool is stopped")]
    Stopped,
    /// The pool was killed with this work in it.
    #[error("the pool was killed")]
    Killed,
    /// There was no room in the queue for work that does not wait for it.
    #[error("the queue of the pool is full")]
    Full,
    /// There is no resource, and none could be made.
    #[error("no resource could be made for the work")]
    Create(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The pool was stopped or killed before, so it cannot be once more.
    #[error("the pool is being stopped, or was: wait for the end with `stopped()`")]
    AlreadyStopped,
    /// The builder was told something that cannot be, or a pool was first used outside a tokio runtime.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// The error that the work returned, where there is one.
    pub fn into_work(self) -> Option<BoxError> {
        match self {
            Error::Work(error) | Error::Broken { source: error, .. } => Some(error),
            _ => None,
        }
    }
}
