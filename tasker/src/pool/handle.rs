//! [`Handle`]: the caller's end of work in a pool.
//!
//! Out: the answer, once. A handle that is dropped leaves its work to go on; a [`Waiter`], which is what awaiting a
//! submission makes, takes it along.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::error::Error;

/// Cancels one piece of work; harmless after its end.
pub(super) type Cancel = Box<dyn Fn() + Send + Sync>;

/// Work in a pool: awaited it gives the result. Dropped, it leaves the work to go on.
#[must_use = "the result is lost with the handle"]
pub struct Handle<R> {
    answer: oneshot::Receiver<Result<R, Error>>,
    cancel: Cancel,
}

impl<R> Handle<R> {
    pub(super) fn new(answer: oneshot::Receiver<Result<R, Error>>, cancel: Cancel) -> Self {
        Self { answer, cancel }
    }

    /// Cancels the work: the handle answers [`Error::Canceled`] at once. What waits is never run; what runs is told
    /// by its token (see `Resource::token`) or dropped. After its end: nothing.
    pub fn cancel(&self) {
        (self.cancel)();
    }

    /// Whether there is an answer.
    pub fn is_finished(&self) -> bool {
        self.answer.is_terminated() || !self.answer.is_empty()
    }
}

impl<R> Future for Handle<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(Error::Stopped)))
    }
}

impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// A handle whose work ends with it.
pub(super) struct Waiter<R> {
    handle: Handle<R>,
    holds: bool,
}

impl<R> Waiter<R> {
    pub(super) fn new(handle: Handle<R>) -> Self {
        Self {
            handle,
            holds: true,
        }
    }

    /// From now on the work goes on without it.
    pub(super) fn let_go(&mut self) {
        self.holds = false;
    }
}

impl<R> Future for Waiter<R> {
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(context)
    }
}

impl<R> Drop for Waiter<R> {
    fn drop(&mut self) {
        if self.holds {
            self.handle.cancel();
        }
    }
}
