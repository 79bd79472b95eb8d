//! The end of a pool: a stop drains, then cuts; a kill cuts at once; dropping the last [`Pool`] stops it unseen.
//!
//! In: any of them, in any order, from any thread. Out: every caller answered, every worker destroyed. Each happens
//! in a task of its own, so that whoever asked for it may go away; each wait is bounded, so a resource that somebody
//! never gives back holds up nobody for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Pool;
use super::error::Error;
use super::metrics::Event;
use super::shared::Shared;
use super::state::Phase;

/// How long a kill waits for resources to be destroyed, after the patience with the work that held them.
const KILL_WAIT: Duration = Duration::from_secs(3);

/// How a stop went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How much work had no end within the grace time and was canceled.
    pub canceled: u64,
}

impl<T: Send + 'static> Pool<T> {
    /// Stops the pool in order: from now on it takes no work, what it has is done, its resources are destroyed. What
    /// is not done within the [`grace`](super::PoolBuilder::grace) time is canceled. Returns when all of that is over.
    /// It goes on where this future is dropped.
    ///
    /// [`Error::AlreadyStopped`] where the pool was stopped or killed before, in whatever way; [`Pool::stopped`]
    /// waits for the end of that.
    pub async fn stop(&self) -> Result<Summary, Error> {
        let shared = &self.shared;
        if !shared.begin_stop(&here()?, shared.options.grace) {
            return Err(Error::AlreadyStopped);
        }
        Ok(self.stopped().await)
    }

    /// Ends the pool at once, also in the middle of a stop: everybody who waits is answered [`Error::Killed`], all
    /// work is canceled. Returns when the resources are destroyed; where that takes longer than
    /// [`patience`](super::PoolBuilder::patience) and 3 s, it goes on by itself.
    ///
    /// [`Error::AlreadyStopped`] where the pool was killed before.
    pub async fn kill(&self) -> Result<(), Error> {
        let (shared, runtime) = (&self.shared, here()?);
        if std::mem::replace(&mut shared.lock().killed, true) {
            return Err(Error::AlreadyStopped);
        }
        shared.begin_stop(&runtime, Duration::ZERO);
        shared.cut();
        let limit = shared.options.patience.saturating_add(KILL_WAIT);
        // What is still not over goes on by itself.
        let _ = tokio::time::timeout(limit, shared.ended.cancelled()).await;
        Ok(())
    }

    /// Waits until the pool has come to its end, by whatever way.
    pub async fn stopped(&self) -> Summary {
        let shared = &self.shared;
        if let Some(token) = &shared.options.stop_on {
            // Nobody watches it before the first use.
            on(Arc::clone(shared), token.clone()).await;
        }
        shared.ended.cancelled().await;
        Summary {
            canceled: shared.lock().cut,
        }
    }
}

/// The runtime of whoever asks. The pool's own may have ended, and then nothing would ever happen there.
fn here() -> Result<Handle, Error> {
    Handle::try_current()
        .map_err(|_| Error::Setup("a pool is stopped from inside a tokio runtime".to_owned()))
}

/// Stops the pool when `token` fires; returns when a stop has begun, by that or otherwise.
pub(super) async fn on<T: Send + 'static>(shared: Arc<Shared<T>>, token: CancellationToken) {
    tokio::select! {
        () = shared.closing.cancelled() => {}
        () = token.cancelled() => {
            shared.begin_stop(&Handle::current(), shared.options.grace);
        }
    }
}

impl<T: Send + 'static> Shared<T> {
    /// Begins a stop; `false` where one was begun before.
    pub(super) fn begin_stop(self: &Arc<Self>, runtime: &Handle, grace: Duration) -> bool {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return false;
        }
        state.phase = Phase::Draining;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        tracing::debug!(target: "tasker::pool", pool = %self.options.name, "stopping");
        self.lanes.close();
        self.closing.cancel();
        for worker in idle {
            self.retire(worker);
        }
        self.tracker().close();
        runtime.spawn(WindUp(Arc::clone(self)).run(grace));
        true
    }

    /// Cancels everything that waits or runs.
    fn cut(self: &Arc<Self>) {
        let mut state = self.lock();
        state.phase = Phase::Cut;
        let killed = state.killed;
        let idle = std::mem::take(&mut state.idle);
        let waiting = state.queue.drain();
        let running: Vec<_> = state.running.all().cloned().collect();
        drop(state);
        self.observer.emitter().queued(-(waiting.len() as f64));
        let waiting = waiting.into_iter().map(|(queued, _)| queued.work as _);
        let mut cut = 0;
        for work in running.into_iter().chain(waiting) {
            let control = work.control();
            if control.settle() {
                cut += 1;
                self.observer.record(Event::Canceled);
                work.refuse(match killed {
                    true => Error::Killed,
                    false => Error::Stopped,
                });
            }
            control.abort();
        }
        for worker in idle {
            self.retire(worker);
        }
        self.lock().cut += cut;
        if cut > 0 {
            tracing::warn!(target: "tasker::pool", pool = %self.options.name, cut, "a stop cut work short");
        }
    }
}

/// The rest of a stop. Also where its runtime ends first, nobody is left waiting.
struct WindUp<T: Send + 'static>(Arc<Shared<T>>);

impl<T: Send + 'static> WindUp<T> {
    async fn run(self, grace: Duration) {
        let Self(shared) = &self;
        // Over or not, what is left is cut: for want of resources there may be work with nobody to do it.
        let _ = tokio::time::timeout(grace, shared.tracker().wait()).await;
        shared.cut();
        let options = &shared.options;
        let limit = options.patience.saturating_add(options.upkeep_timeout);
        if tokio::time::timeout(limit, shared.tracker().wait())
            .await
            .is_err()
        {
            tracing::warn!(
                target: "tasker::pool",
                pool = %options.name,
                "stopped, but a resource has not come back and is left behind"
            );
        }
    }
}

impl<T: Send + 'static> Drop for WindUp<T> {
    fn drop(&mut self) {
        let Self(shared) = self;
        shared.cut();
        shared.ended.cancel();
        tracing::debug!(target: "tasker::pool", pool = %shared.options.name, "stopped");
    }
}
