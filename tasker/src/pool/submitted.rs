//! [`Submitted`]: a submission that is awaited, as a future with a name.
//!
//! In: a [`Submit`], which is submitted at the first poll. Out: the result. Mostly there is a place in the queue, and then
//! nothing is boxed on the way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::error::Error;
use super::handle::Waiter;
use super::resource::Resource;
use super::submit::Submit;
use crate::task::{BoxError, BoxFuture};

/// A submission that is awaited. Dropped, it cancels its work.
#[must_use = "nothing is submitted until this is awaited"]
pub struct Submitted<T: Send + 'static, R, F> {
    step: Step<T, R, F>,
}

/// How far it is.
pub(super) enum Step<T: Send + 'static, R, F> {
    Start(Submit<T, F>),
    /// For a place in the queue, and then for the result.
    Waits(BoxFuture<'static, Result<R, Error>>),
    Placed(Waiter<R>),
    Over,
}

impl<T: Send + 'static, R, F> Submitted<T, R, F> {
    pub(super) fn new(submit: Submit<T, F>) -> Self {
        Self {
            step: Step::Start(submit),
        }
    }
}

/// Nothing in it is pinned but what is in a box.
impl<T: Send + 'static, R, F> Unpin for Submitted<T, R, F> {}

impl<T, R, E, F, Fut> Future for Submitted<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    E: Into<BoxError> + 'static,
    F: FnMut(Resource<T>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
{
    type Output = Result<R, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = match &mut self.step {
            Step::Waits(waits) => ready!(waits.as_mut().poll(context)),
            Step::Placed(waiter) => ready!(Pin::new(waiter).poll(context)),
            Step::Start(_) | Step::Over => match std::mem::replace(&mut self.step, Step::Over) {
                Step::Start(submit) => match submit.begin() {
                    Ok(step) => {
                        self.step = step;
                        return self.poll(context);
                    }
                    Err(error) => Err(error),
                },
                _ => panic!("a submission is polled after its end"),
            },
        };
        self.step = Step::Over;
        Poll::Ready(ended)
    }
}

impl<T: Send + 'static, R, F> fmt::Debug for Submitted<T, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").finish_non_exhaustive()
    }
}
