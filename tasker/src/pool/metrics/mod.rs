//! What a pool tells of itself in figures: [`Event`]s as they happen, [`Metrics`] made of them.
//!
//! In: an event from the pool, under none of its locks. Out: to the [`Collector`], the application's or our own in
//! `recorder`, and in `emit` to whatever recorder the `metrics` crate has. A collector that panics is logged and
//! otherwise ignored; the pool's own decisions (scaling above all) never read a collector.

mod emit;
mod recorder;
mod window;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(super) use self::emit::Emitter;
use self::recorder::Recorder;

/// What happens in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Work was taken in.
    Arrived,
    /// Work succeeded.
    Completed(Timing),
    /// Work failed for good: by its error, a panic, or its timeout.
    Failed(Timing),
    /// Work broke its resource and will be run again on a fresh one.
    Retried,
    /// Work ended without a result: its caller canceled it, or the pool stopped.
    Canceled,
    /// A resource was made.
    Created,
    /// A resource could not be made.
    CreateFailed,
    /// A resource was found to be broken; its destruction follows.
    Broken,
    /// A resource was destroyed.
    Destroyed,
    /// The scaling adds so many workers.
    Grown(usize),
    /// The scaling removes a worker.
    Shrunk,
}

/// How long one piece of work took, its last attempt counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// From its place in the queue to its start.
    pub wait: Duration,
    /// From its start to its end.
    pub execution: Duration,
}

/// Takes what happens in a pool, in place of the collector it comes with.
///
/// Called by the pool's workers and callers, so it should be quick and must not wait.
pub trait Collector: Send + Sync + 'static {
    /// Something happened.
    fn record(&self, event: Event);

    /// What [`Pool::metrics`](super::Pool::metrics) returns. Default: nothing but zeros.
    fn metrics(&self) -> Metrics {
        Metrics::default()
    }
}

impl<C: Collector + ?Sized> Collector for Arc<C> {
    fn record(&self, event: Event) {
        (**self).record(event);
    }

    fn metrics(&self) -> Metrics {
        (**self).metrics()
    }
}

/// A pool in figures, since it was made unless something else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// Work taken in.
    pub arrived: u64,
    /// Work that succeeded.
    pub completed: u64,
    /// Work that failed for good.
    pub failed: u64,
    /// Attempts repeated because a resource broke.
    pub retried: u64,
    /// Work that ended without a result: canceled, or cut short by a stop.
    pub canceled: u64,
    /// Resources made.
    pub created: u64,
    /// Resources destroyed.
    pub destroyed: u64,
    /// Work taken in per second, over the last 10 s.
    pub arrival_rate: f64,
    /// Work that ended with a result or an error per second, over the last 10 s.
    pub completion_rate: f64,
    /// How long work ran.
    pub execution: Distribution,
    /// How long work waited for its start.
    pub wait: Distribution,
}

impl Metrics {
    /// The share of work that succeeded, from 0 to 1; 0 where none has ended.
    pub fn success_rate(&self) -> f64 {
        self.share(self.completed)
    }

    /// The share of work that failed for good, from 0 to 1; 0 where none has ended.
    pub fn failure_rate(&self) -> f64 {
        self.share(self.failed)
    }

    fn share(&self, part: u64) -> f64 {
        match self.completed + self.failed {
            0 => 0.0,
            ended => part as f64 / ended as f64,
        }
    }
}

/// Durations, summed up. All zero where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// How many.
    pub count: u64,
    /// The mean of all of them.
    pub mean: Duration,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// Half of them were at most as long as this, to within 1 %.
    pub p50: Duration,
    /// 95 of 100 were at most as long as this, to within 1 %.
    pub p95: Duration,
    /// 99 of 100 were at most as long as this, to within 1 %.
    pub p99: Duration,
}

/// Whoever is told of a pool's events.
pub(super) struct Observer {
    collector: Told,
    emitter: Emitter,
}

/// The collector a pool comes with, or the application's.
enum Told {
    Ours(Box<Recorder>),
    Theirs(Box<dyn Collector>),
}

impl Observer {
    pub(super) fn new(pool: &str, collector: Option<Box<dyn Collector>>) -> Self {
        Self {
            collector: collector
                .map_or_else(|| Told::Ours(Box::new(Recorder::new())), Told::Theirs),
            emitter: Emitter::new(pool),
        }
    }

    pub(super) fn record(&self, event: Event) {
        self.record_at(event, Instant::now());
    }

    /// As [`Observer::record`] for who knows the time already.
    pub(super) fn record_at(&self, event: Event, now: Instant) {
        self.emitter.record(event);
        match &self.collector {
            Told::Ours(recorder) => recorder.record(event, now),
            Told::Theirs(collector) => {
                let told = catch_unwind(AssertUnwindSafe(|| collector.record(event)));
                if told.is_err() {
                    tracing::error!(target: "tasker::pool", ?event, "the pool's collector panicked");
                }
            }
        }
    }

    pub(super) fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    pub(super) fn metrics(&self) -> Metrics {
        match &self.collector {
            Told::Ours(recorder) => recorder.metrics(),
            Told::Theirs(collector) => collector.metrics(),
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}
