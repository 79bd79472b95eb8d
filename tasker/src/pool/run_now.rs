//! `run_now`: work in its caller's own context, with an idle resource or one made for it.
//!
//! It passes the queue by and is not retried. Its resource is judged as any other; a temporary one is destroyed
//! before the call returns. Where the caller drops the future in the middle, the resource counts as broken.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::Pool;
use super::control::Control;
use super::error::Error;
use super::metrics::{Event, Timing};
use super::resource::Resource;
use super::serve::{End, Verdict, failure, supervise};
use super::shared::Shared;
use super::work::Waiting;
use super::worker::{Lent, Slot, Worker};
use crate::task::BoxError;
use crate::task::error::boxed;

/// Whoever called `run_now`, for a stop to reach.
#[derive(Default)]
struct Caller {
    control: Arc<Control>,
    refused: Mutex<Option<Error>>,
}

impl Waiting for Caller {
    fn control(&self) -> &Arc<Control> {
        &self.control
    }

    fn refuse(&self, error: Error) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl Caller {
    fn refused(&self) -> Option<Error> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl<T: Send + 'static> Pool<T> {
    /// Runs work here and now: in this future, with a resource that is idle, or else with one made for it and
    /// destroyed after it, which counts neither as a worker nor towards their maximum. One attempt; neither the
    /// function nor its future needs to be `Send`. Dropped before its end, it takes its resource with it.
    pub async fn run_now<R, E, F, Fut>(&self, work: F) -> Result<R, Error>
    where
        E: Into<BoxError> + 'static,
        F: FnOnce(Resource<T>) -> Fut,
        Fut: Future<Output = Result<R, E>>,
    {
        let shared = &self.shared;
        let caller = Arc::new(Caller::default());
        let asked = Instant::now();
        let waiting: Arc<dyn Waiting> = Arc::clone(&caller) as _;
        let found = shared.borrow(&waiting)?;
        let _here = Here {
            shared,
            caller: &caller,
        };
        let worker = match found {
            Ok(worker) => worker,
            Err(slot) => self.make(slot, &caller).await?,
        };
        if caller.control.is_settled() {
            shared.release(worker, None);
            return Err(caller.refused().unwrap_or(Error::Stopped));
        }
        let started = Instant::now();
        let (resource, lent) = worker.lend(&caller.control);
        let mut borrowed = Borrowed {
            shared,
            lent: Some(lent),
        };
        let attempt = async { work(resource).await.map_err(boxed) };
        let patience = shared.options.patience;
        let end = supervise(attempt, &caller.control, None, patience, |_| {}).await;
        let ended = Instant::now();
        let timing = Timing {
            wait: started - asked,
            execution: ended - started,
        };
        let verdict = shared.verdict(&end);
        let succeeded = matches!(end, End::Returned(Ok(_)));
        let ours = shared.settle(caller.as_ref(), succeeded, timing, ended);
        borrowed.give_back(verdict).await;
        match end {
            _ if !ours => Err(caller.refused().unwrap_or(Error::Stopped)),
            End::Returned(Ok(value)) => Ok(value),
            end => Err(failure(end, verdict, 1).unwrap_or(Error::Stopped)),
        }
    }

    async fn make(&self, slot: Slot<T>, caller: &Caller) -> Result<Worker<T>, Error> {
        let shared = &self.shared;
        match shared.create().await {
            Ok(value) => Ok(slot.with(value)),
            Err(error) => {
                if caller.control.settle() {
                    shared.observer.record(Event::Failed(Timing::default()));
                }
                Err(Error::Create(error.into()))
            }
        }
    }
}

/// A call on its way. Dropped before its end, it counts as canceled.
struct Here<'a, T: Send + 'static> {
    shared: &'a Arc<Shared<T>>,
    caller: &'a Caller,
}

impl<T: Send + 'static> Drop for Here<'_, T> {
    fn drop(&mut self) {
        if self.caller.control.settle() {
            self.shared.observer.record(Event::Canceled);
        }
    }
}

/// A worker whose resource is with the caller; it comes home however that ends.
struct Borrowed<'a, T: Send + 'static> {
    shared: &'a Arc<Shared<T>>,
    lent: Option<Lent<T>>,
}

impl<T: Send + 'static> Borrowed<'_, T> {
    async fn give_back(&mut self, verdict: Verdict) {
        let Some(lent) = self.lent.take() else { return };
        if !lent.is_temporary() {
            return self.shared.come_home(lent, verdict);
        }
        match lent.collect() {
            // Goes on where the caller goes away. An error means that its runtime has ended.
            Ok((worker, _)) => drop(self.shared.retire(worker).await),
            Err(lent) => self.shared.come_home(lent, verdict),
        }
    }
}

impl<T: Send + 'static> Drop for Borrowed<'_, T> {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.shared.come_home(lent, Verdict::Broken);
        }
    }
}
