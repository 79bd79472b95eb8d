//! [`PoolBuilder`]: how a pool is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::manager::{Managed, Manager};
use super::metrics::{Collector, Observer};
use super::shared::Shared;
use super::{Last, Pool};

/// How many workers there may be at rest: each is a resource that is made at the first use.
const MOST_AT_REST: usize = 65_536;

/// What a pool was told.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) name: Arc<str>,
    pub(super) workers: usize,
    pub(super) max_workers: usize,
    pub(super) scale_every: Option<Duration>,
    pub(super) max_retries: Option<u32>,
    pub(super) queue: usize,
    pub(super) high_queue: usize,
    pub(super) starvation_bound: Option<u32>,
    pub(super) grace: Duration,
    pub(super) patience: Duration,
    pub(super) probe_every: Option<Duration>,
    pub(super) upkeep_timeout: Duration,
    pub(super) stop_on: Option<CancellationToken>,
}

/// How a [`Pool`] is made. Made by [`Pool::builder`].
///
/// What takes an `impl Into<Option<…>>` takes a plain value too; `None` means that there is no such thing, and 0
/// means 0.
pub struct PoolBuilder<T> {
    manager: Box<dyn Managed<T>>,
    collector: Option<Box<dyn Collector>>,
    max_workers: Option<usize>,
    options: Options,
}

impl<T: Send + 'static> PoolBuilder<T> {
    pub(super) fn new(manager: impl Manager<Resource = T>) -> Self {
        Self {
            manager: Box::new(manager),
            collector: None,
            max_workers: None,
            options: Options {
                name: std::any::type_name::<T>().into(),
                workers: 1,
                max_workers: 0,
                scale_every: Some(Duration::from_millis(100)),
                max_retries: Some(3),
                queue: 1_024,
                high_queue: 1_024,
                starvation_bound: None,
                grace: Duration::from_secs(25),
                patience: Duration::from_secs(1),
                probe_every: None,
                upkeep_timeout: Duration::from_secs(30),
                stop_on: None,
            },
        }
    }

    /// What logs and metrics call the pool. Default: the name of the type it holds.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.options.name = name.into();
        self
    }

    /// How many workers, each with a resource of its own, there are at rest. They are made when the pool is first
    /// used, or by [`Pool::start`]. With 0, the first piece of work makes one, and none stays when all is done. At most
    /// 65,536. Default: 1.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = workers;
        self
    }

    /// How many workers there are at the most, those counted that are being made or destroyed. Default: twice
    /// [`PoolBuilder::workers`], at least 1.
    #[must_use]
    pub fn max_workers(mut self, workers: usize) -> Self {
        self.max_workers = Some(workers);
        self
    }

    /// How often the pool decides whether it needs more workers or fewer; `None` keeps their number as it is.
    /// Default: 100 ms.
    ///
    /// It grows at once to what the rates of arrival and completion over the last ten decisions ask for, and
    /// shrinks, once ten decisions in a row ask for less, by one idle worker every five.
    #[must_use]
    pub fn scale_every(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.options.scale_every = every.into();
        self
    }

    /// How often work that broke its resource is run again, each time on a fresh one; `None` is without end.
    /// Default: 3.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.options.max_retries = retries.into();
        self
    }

    /// How much work of normal priority may wait, at least 1; who submits more waits for a place. Default: 1,024.
    #[must_use]
    pub fn queue(mut self, places: usize) -> Self {
        self.options.queue = places;
        self
    }

    /// How much work of high priority may wait, at least 1. Default: 1,024.
    #[must_use]
    pub fn high_queue(mut self, places: usize) -> Self {
        self.options.high_queue = places;
        self
    }

    /// After how many pieces of high priority in a row one of normal priority is run, if one waits. Default:
    /// `None`: high goes first as long as there is any.
    #[must_use]
    pub fn starvation_bound(mut self, overtaken: impl Into<Option<u32>>) -> Self {
        self.options.starvation_bound = overtaken.into();
        self
    }

    /// How long a stop lets work go on, what waits included, before it cancels it. Default: 25 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// How long work that has asked for its token may go on after it fired, before it is dropped. Default: 1 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// How often a resource that lies idle is probed, so that a broken one is replaced before it is needed. Default:
    /// `None`: only after work that failed.
    #[must_use]
    pub fn probe_every(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.options.probe_every = every.into();
        self
    }

    /// How long one call of the manager, to make, probe or destroy a resource, may take before it is given up.
    /// Default: 30 s.
    #[must_use]
    pub fn upkeep_timeout(mut self, timeout: Duration) -> Self {
        self.options.upkeep_timeout = timeout;
        self
    }

    /// Takes the pool's events, in place of the collector behind [`Pool::metrics`].
    #[must_use]
    pub fn collector(mut self, collector: impl Collector) -> Self {
        self.collector = Some(Box::new(collector));
        self
    }

    /// Stops the pool as [`Pool::stop`] does when this token fires.
    #[must_use]
    pub fn stop_on(mut self, token: CancellationToken) -> Self {
        self.options.stop_on = Some(token);
        self
    }

    /// Makes the pool, and no resource yet. An error names everything that is wrong with the set-up.
    pub fn build(self) -> Result<Pool<T>, Error> {
        let mut options = self.options;
        options.max_workers = self
            .max_workers
            .unwrap_or_else(|| options.workers.saturating_mul(2).max(1));
        let zero = |duration: Option<Duration>| duration.is_some_and(|duration| duration.is_zero());
        let faults = [
            (
                options.max_workers == 0,
                "a pool needs a worker: give a `max_workers` above 0",
            ),
            (
                options.max_workers < options.workers,
                "a pool cannot have fewer workers at the most than at rest: raise `max_workers` or lower `workers`",
            ),
            (
                options.workers > MOST_AT_REST,
                "a pool makes all its workers at rest at once, and these are too many: lower `workers`; `max_workers` \
                 may be as high as you like",
            ),
            (
                options.queue == 0 || options.high_queue == 0,
                "a queue needs a place: give a `queue` and a `high_queue` above 0",
            ),
            (
                zero(options.scale_every),
                "a pool cannot decide without end: give a `scale_every` above 0, or `None`",
            ),
            (
                zero(options.probe_every),
                "a pool cannot probe without end: give a `probe_every` above 0, or `None`",
            ),
            (
                options.upkeep_timeout.is_zero(),
                "no resource is made in no time: give an `upkeep_timeout` above 0",
            ),
        ];
        let faults: Vec<_> = faults
            .into_iter()
            .filter_map(|(is_wrong, fault)| is_wrong.then_some(fault))
            .collect();
        if !faults.is_empty() {
            return Err(Error::Setup(faults.join("\n")));
        }
        let observer = Observer::new(&options.name, self.collector);
        let shared = Arc::new(Shared::new(self.manager, options, observer));
        Ok(Pool {
            last: Arc::new(Last(Arc::clone(&shared))),
            shared,
        })
    }
}

impl<T> fmt::Debug for PoolBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("options", &self.options)
            .field("max_workers", &self.max_workers)
            .finish_non_exhaustive()
    }
}
