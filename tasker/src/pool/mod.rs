//! A pool of costly resources in this process: browsers, models, sessions, and closures that need one.
//!
//! ```
//! use std::time::Duration;
//! use tasker::pool::{Error, Pool};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let pool = Pool::builder(|| async { std::io::Result::Ok(vec![1_u8]) }) // what it makes: any resource
//!     .workers(2)
//!     .max_workers(8)
//!     .scale_every(Duration::from_millis(100))
//!     .max_retries(3)
//!     .build()?;
//!
//! let bytes = pool
//!     .submit(|mut buffer| async move {
//!         buffer.push(2);
//!         std::io::Result::Ok(buffer.len())
//!     })
//!     .timeout(Duration::from_secs(5))
//!     .await?;
//! assert_eq!(bytes, 2);
//! pool.stop().await?;
//! # Ok(()) }
//! ```
//!
//! In: a [`Manager`], and work: functions over a [`Resource`]. Out: results, by `await`, [`Handle`] or callback. No
//! store: what waits here is lost with the process. The same pool serves durable tasks, whose handlers take a
//! [`Resource<T>`](Resource) after `app.resource(pool)`.
//!
//! A worker is a resource and the work it does, one piece at a time. An error that the [`Manager`] calls broken, a
//! panic, and work that had to be dropped in the middle cost the resource: it is destroyed and replaced. In the first
//! case the work is run again, on a fresh one. Every resource is destroyed exactly once, unless the runtime ends first
//! (it is dropped then).
//!
//! Resources lie on a shelf of our own and not in a pooling library: those have their own queue of waiters, drop what
//! they discard where we have to await its destruction, and know neither priorities, nor work that goes to the front,
//! nor a maximum that counts what is being made. Percentiles are `hdrhistogram`'s, cancellation and the count of what
//! is alive tokio-util's.
//!
//! All waits are on tokio's clock, so tests may pause it. Read next: `shared` (how work meets a worker), `serve` (a
//! worker's turn), `upkeep`, `stop`, `scale`.

mod borrow;
mod builder;
mod control;
mod error;
mod handle;
mod health;
mod lanes;
mod manager;
mod metrics;
mod queue;
mod resource;
mod run_now;
mod running;
mod scale;
mod serve;
mod shared;
mod state;
mod stats;
mod stop;
mod submit;
mod submitted;
mod upkeep;
mod work;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

pub(crate) use borrow::{Loans, Settling};
pub use builder::PoolBuilder;
pub use error::Error;
pub use handle::Handle;
pub use manager::Manager;
pub use metrics::{Collector, Distribution, Event, Metrics, Timing};
pub use resource::Resource;
pub use stats::Stats;
pub use stop::Summary;
pub use submit::Submit;
pub use submitted::Submitted;

use self::shared::Shared;
use crate::task::BoxError;

/// Workers over resources of type `T`. Cheap to clone; when the last clone is dropped the pool stops by itself, as
/// [`Pool::stop`] does.
///
/// It lives in the tokio runtime it is first used in, which needs its timer.
pub struct Pool<T: Send + 'static> {
    shared: Arc<Shared<T>>,
    last: Arc<Last<T>>,
}

/// Held by the handles on a pool, and by nothing inside it.
struct Last<T: Send + 'static>(Arc<Shared<T>>);

impl<T: Send + 'static> Drop for Last<T> {
    fn drop(&mut self) {
        let Self(shared) = self;
        // A pool that was never used has nothing to stop.
        if let Some(runtime) = shared.used_runtime() {
            shared.begin_stop(runtime, shared.options.grace);
        }
    }
}

impl<T: Send + 'static> Pool<T> {
    /// A pool of what `manager` makes, step by step.
    pub fn builder(manager: impl Manager<Resource = T>) -> PoolBuilder<T> {
        PoolBuilder::new(manager)
    }

    /// Makes the resources of all workers that there are at rest, now rather than with the first work, and waits for
    /// it. An error where one could not be made; the pool can be used all the same, and tries again with the first
    /// work. Those that somebody else is making already are not waited for.
    pub async fn start(&self) -> Result<(), Error> {
        let shared = &self.shared;
        shared.runtime()?;
        let slots = {
            let mut state = shared.lock();
            if state.phase != state::Phase::Open {
                return Err(Error::Stopped);
            }
            let missing = shared.options.workers.saturating_sub(state.workers);
            shared.slots(&mut state, missing)
        };
        if shared.mark_started() {
            shared.start_actors();
        }
        let made = slots.into_iter().map(|slot| shared.start_one(slot));
        for made in futures_util::future::join_all(made).await {
            made.map_err(|error| Error::Create(error.into()))?;
        }
        Ok(())
    }

    /// Work about to be submitted. It is called once for each attempt, with a resource of its own: an error that
    /// means the resource is broken is followed by another attempt on a fresh one, up to
    /// [`max_retries`](PoolBuilder::max_retries) times. Any error that converts into a boxed one will do; the caller
    /// gets it as [`Error::Work`].
    ///
    /// Called more than once, it clones what it gives away (`let url = url.clone();` before the `async move`); work that
    /// is attempted once need not, see [`Pool::once`]. Work that waits for other work of its own pool keeps its worker
    /// meanwhile: where all do, all wait for ever.
    pub fn submit<R, E, F, Fut>(&self, work: F) -> Submit<T, F>
    where
        F: FnMut(Resource<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Submit::new(&self.shared, work, self.shared.options.max_retries)
    }

    /// As [`Pool::submit`] with exactly one attempt, so that the work may use itself up.
    pub fn once<R, E, F, Fut>(
        &self,
        work: F,
    ) -> Submit<T, impl FnMut(Resource<T>) -> Fut + Send + 'static + use<T, R, E, F, Fut>>
    where
        F: FnOnce(Resource<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let mut work = Some(work);
        let once = move |resource| {
            let work = work.take().expect("it is attempted once");
            work(resource)
        };
        Submit::new(&self.shared, once, Some(0))
    }

    /// [`Pool::submit`] and [`Submit::try_handle`] in one: [`Error::Full`] where there is no place in the queue.
    pub fn try_submit<R, E, F, Fut>(&self, work: F) -> Result<Handle<R>, Error>
    where
        F: FnMut(Resource<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
        R: Send + 'static,
    {
        self.submit(work).try_handle()
    }

    /// The pool at this moment.
    pub fn stats(&self) -> Stats {
        Stats::of(&self.shared)
    }

    /// The pool in figures, as its collector has them.
    pub fn metrics(&self) -> Metrics {
        self.shared.observer.metrics()
    }
}

impl<T: Send + 'static> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            last: Arc::clone(&self.last),
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.shared.options.name)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
