//! [`Submit`]: work about to be submitted, and the forms in which its result comes.
//!
//! ```text
//! pool.submit(work).await                  waits for the result; dropped, it cancels the work
//! pool.submit(work).handle().await         waits for a place in the queue, gives a Handle
//! pool.submit(work).try_handle()           does not wait
//! pool.submit(work).callback(f).await      waits for a place in the queue, calls f with the result
//! pool.submit(work).try_callback(f)        does not wait
//! ```

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::handle::{Cancel, Handle, Waiter};
use super::queue::Priority;
use super::resource::Resource;
use super::shared::Shared;
use super::submitted::{Step, Submitted};
use super::work::{Answer, Entry, Queued, Terms, Work};
use crate::task::BoxError;
use crate::worker::panics;

/// Work about to be submitted to a [`Pool`](super::Pool): awaited it gives the result. Inert until then.
#[must_use = "nothing is submitted until this is awaited, or asked for a handle or a callback"]
pub struct Submit<T: Send + 'static, F> {
    shared: Arc<Shared<T>>,
    function: F,
    priority: Priority,
    terms: Terms,
    cancel_on: Option<CancellationToken>,
}

impl<T: Send + 'static, F> Submit<T, F> {
    pub(super) fn new(shared: &Arc<Shared<T>>, function: F, retries: Option<u32>) -> Self {
        Self {
            shared: Arc::clone(shared),
            function,
            priority: Priority::Normal,
            terms: Terms {
                timeout: None,
                retries,
            },
            cancel_on: None,
        }
    }

    /// Runs it before all work of normal priority.
    pub fn high(mut self) -> Self {
        self.priority = Priority::High;
        self
    }

    /// How long one attempt may run. When it is over the caller is answered at once, the work is told by its token
    /// (see [`Resource::token`]) or dropped, and what was dropped takes its resource with it. Work that blocks its thread
    /// and never yields is beyond reach: it runs on, and its result counts. The wait for a place in the queue, or for a
    /// resource, is no part of it. Default: no limit.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.terms.timeout = timeout.into();
        self
    }

    /// Cancels it when this token fires, as [`Handle::cancel`] does.
    pub fn cancel_on(mut self, token: CancellationToken) -> Self {
        self.cancel_on = Some(token);
        self
    }
}

impl<T, R, E, F, Fut> Submit<T, F>
where
    T: Send + 'static,
    R: Send + 'static,
    E: Into<BoxError> + 'static,
    F: FnMut(Resource<T>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
{
    /// Mostly there is a place in the queue, and then nothing has to be boxed to wait for it.
    pub(super) fn begin(self) -> Result<Step<T, R, F>, Error> {
        let shared = Arc::clone(&self.shared);
        let place = match shared.try_place(self.priority) {
            Ok(place) => place,
            Err(Error::Full) => {
                let waits = async move { Waiter::new(self.handle().await?).await };
                return Ok(Step::Waits(Box::pin(waits)));
            }
            Err(error) => return Err(error),
        };
        let priority = self.priority;
        let (work, handle) = self.with_handle();
        shared.admit(work, priority, place)?;
        Ok(Step::Placed(Waiter::new(handle)))
    }

    /// Submits it, waiting for a place in the queue, and gives a handle on it.
    pub async fn handle(self) -> Result<Handle<R>, Error> {
        let shared = Arc::clone(&self.shared);
        let priority = self.priority;
        let place = shared.place(priority).await?;
        let (work, handle) = self.with_handle();
        shared.admit(work, priority, place)?;
        Ok(handle)
    }

    /// Submits it if there is a place in the queue, and gives a handle on it; [`Error::Full`] otherwise.
    pub fn try_handle(self) -> Result<Handle<R>, Error> {
        let shared = Arc::clone(&self.shared);
        let priority = self.priority;
        let place = shared.try_place(priority)?;
        let (work, handle) = self.with_handle();
        shared.admit(work, priority, place)?;
        Ok(handle)
    }

    /// Submits it, waiting for a place in the queue but not for the result. `callback` is called exactly once, on
    /// the pool's runtime, whatever happens: also with the error of a pool that takes no more work.
    pub async fn callback(self, callback: impl FnOnce(Result<R, Error>) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        let priority = self.priority;
        match shared.place(priority).await {
            Ok(place) => {
                let (work, _) = self.with_answer(calling(&shared, callback));
                // Refused, it has called back with the same error.
                let _ = shared.admit(work, priority, place);
            }
            Err(error) => calling(&shared, callback).give(Err(error)),
        }
    }

    /// As [`Submit::callback`] without waiting: where there is no place in the queue, the callback hears of
    /// [`Error::Full`].
    pub fn try_callback(self, callback: impl FnOnce(Result<R, Error>) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        let priority = self.priority;
        match shared.try_place(priority) {
            Ok(place) => {
                let (work, _) = self.with_answer(calling(&shared, callback));
                // Refused, it has called back with the same error.
                let _ = shared.admit(work, priority, place);
            }
            Err(error) => calling(&shared, callback).give(Err(error)),
        }
    }

    fn with_handle(self) -> (Queued<T>, Handle<R>) {
        let (sender, answer) = oneshot::channel();
        let (queued, cancel) = self.with_answer(Answer::Channel(sender));
        (queued, Handle::new(answer, cancel))
    }

    fn with_answer(self, answer: Answer<R>) -> (Queued<T>, Cancel) {
        let (alive, gone) = match &self.cancel_on {
            Some(_) => {
                let (alive, gone) = oneshot::channel::<()>();
                (Some(alive), Some(gone))
            }
            None => (None, None),
        };
        let work: Arc<dyn Work<T>> = Entry::new(self.function, answer, alive);
        let queued = Queued {
            work: Arc::clone(&work),
            terms: self.terms,
            since: Instant::now(),
            attempts: 0,
        };
        if let (Some(token), Some(gone)) = (self.cancel_on, gone) {
            let (shared, work) = (Arc::clone(&self.shared), Arc::downgrade(&work));
            self.shared.spawn(async move {
                tokio::select! {
                    () = token.cancelled() => {
                        if let Some(work) = work.upgrade() {
                            shared.cancel(&work);
                        }
                    }
                    _ = gone => {}
                }
            });
        }
        // Weak, so that work which its pool has thrown away is gone, and has answered so.
        let (shared, work) = (self.shared, Arc::downgrade(&work));
        let cancel = Box::new(move || {
            if let Some(work) = work.upgrade() {
                shared.cancel(&work);
            }
        });
        (queued, cancel)
    }
}

/// An answer by a call on the pool's runtime, where a slow or panicking callback is nobody's trouble.
fn calling<T: Send + 'static, R: Send + 'static>(
    shared: &Arc<Shared<T>>,
    callback: impl FnOnce(Result<R, Error>) + Send + 'static,
) -> Answer<R> {
    // A strong one would keep a pool alive that nobody else holds, by the work in its own queue.
    let tracker = shared.tracker().clone();
    let runtime = shared.runtime().ok().cloned();
    Answer::Callback(Box::new(move |result| {
        let call = async move {
            if let Err(panic) = panics::caught(async { callback(result) }).await {
                tracing::error!(target: "tasker::pool", "a callback {panic}");
            }
        };
        match runtime {
            // A stop waits for it too.
            Some(runtime) => drop(tracker.spawn_on(call, &runtime)),
            None => drop(futures_util::FutureExt::now_or_never(call)),
        }
    }))
}

impl<T, R, E, F, Fut> IntoFuture for Submit<T, F>
where
    T: Send + 'static,
    R: Send + 'static,
    E: Into<BoxError> + 'static,
    F: FnMut(Resource<T>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
{
    type Output = Result<R, Error>;
    type IntoFuture = Submitted<T, R, F>;

    fn into_future(self) -> Self::IntoFuture {
        Submitted::new(self)
    }
}

impl<T: Send + 'static, F> fmt::Debug for Submit<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submit")
            .field("priority", &self.priority)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
