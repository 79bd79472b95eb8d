//! [`Work`]: one piece of work with its types erased, as queues and workers hold it.
//!
//! In: a function over a [`Resource`] and whoever waits for its result. Out: attempts, and one answer. The value of
//! a good attempt waits in the work until it is delivered, so that the pool can be in order again before its
//! caller goes on. Work that is thrown away without an answer (its runtime has ended) answers that the pool is stopped.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::control::Control;
use super::error::Error;
use super::resource::Resource;
use crate::task::error::boxed;
use crate::task::{BoxError, BoxFuture};

/// Somebody who waits for an answer.
pub(super) trait Waiting: Send + Sync {
    fn control(&self) -> &Arc<Control>;

    /// Answers with an error. For who has settled the control only.
    fn refuse(&self, error: Error);
}

/// What a worker runs.
pub(super) trait Work<T>: Waiting {
    /// Runs it once; the value stays in the work.
    fn attempt(self: Arc<Self>, resource: Resource<T>) -> BoxFuture<'static, Result<(), BoxError>>;

    /// Answers with the value of the attempt. For who has settled the control only.
    fn deliver(&self);
}

/// What may be done for a piece of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How long one attempt may run.
    pub(super) timeout: Option<Duration>,
    /// How often it may be repeated; `None` is without end.
    pub(super) retries: Option<u32>,
}

/// Work on its way through the pool.
pub(super) struct Queued<T> {
    pub(super) work: Arc<dyn Work<T>>,
    pub(super) terms: Terms,
    /// Since when it waits.
    pub(super) since: Instant,
    /// How often it was run.
    pub(super) attempts: u32,
}

impl<T> Queued<T> {
    /// Whether it may be run once more.
    pub(super) fn may_retry(&self) -> bool {
        let used_up = self
            .terms
            .retries
            .is_some_and(|retries| self.attempts > retries);
        !used_up && !self.work.control().is_settled()
    }
}

/// How an answer reaches the caller.
pub(super) enum Answer<R> {
    Channel(oneshot::Sender<Result<R, Error>>),
    Callback(Box<dyn FnOnce(Result<R, Error>) + Send>),
}

impl<R> Answer<R> {
    pub(super) fn give(self, result: Result<R, Error>) {
        match self {
            // Nobody waits for it any more.
            Answer::Channel(sender) => drop(sender.send(result)),
            Answer::Callback(callback) => callback(result),
        }
    }
}

/// A piece of work as it was submitted.
pub(super) struct Entry<R, F> {
    control: Arc<Control>,
    function: Mutex<F>,
    reply: Mutex<Reply<R>>,
    span: Span,
    /// Dropped with the work; see `Submit::cancel_on`.
    _alive: Option<oneshot::Sender<()>>,
}

struct Reply<R> {
    value: Option<R>,
    answer: Option<Answer<R>>,
}

impl<R, F> Entry<R, F> {
    pub(super) fn new(
        function: F,
        answer: Answer<R>,
        alive: Option<oneshot::Sender<()>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            control: Arc::default(),
            function: Mutex::new(function),
            reply: Mutex::new(Reply {
                value: None,
                answer: Some(answer),
            }),
            span: Span::current(),
            _alive: alive,
        })
    }

    fn answer(&self, error: Option<Error>) {
        let mut reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, answer) = (reply.value.take(), reply.answer.take());
        drop(reply);
        let Some(answer) = answer else { return };
        match (value, error) {
            (Some(value), None) => answer.give(Ok(value)),
            (_, error) => answer.give(Err(error.unwrap_or(Error::Stopped))),
        }
    }
}

impl<R: Send, F: Send> Waiting for Entry<R, F> {
    fn control(&self) -> &Arc<Control> {
        &self.control
    }

    fn refuse(&self, error: Error) {
        self.answer(Some(error));
    }
}

impl<T, R, E, F, Fut> Work<T> for Entry<R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    E: Into<BoxError> + 'static,
    F: FnMut(Resource<T>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
{
    fn attempt(self: Arc<Self>, resource: Resource<T>) -> BoxFuture<'static, Result<(), BoxError>> {
        let span = self.span.clone();
        let attempt = async move {
            // In here, so that a panic of the function itself is one of the work.
            let future = {
                let mut function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
                function(resource)
            };
            let value = future.await.map_err(boxed)?;
            self.reply
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .value = Some(value);
            Ok(())
        };
        Box::pin(attempt.instrument(span))
    }

    fn deliver(&self) {
        self.answer(None);
    }
}

impl<R, F> Drop for Entry<R, F> {
    fn drop(&mut self) {
        self.answer(None);
    }
}
