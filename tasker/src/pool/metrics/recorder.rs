//! [`Recorder`]: the collector a pool comes with. Counters, rates and percentiles in constant memory (about 80 KB):
//! the percentiles are those of an HDR histogram with two significant figures.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use super::window::Window;
use super::{Distribution, Event, Metrics};

/// What is longer counts as this long in percentiles.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

#[derive(Debug)]
pub(super) struct Recorder {
    figures: Mutex<Figures>,
}

#[derive(Debug)]
struct Figures {
    counts: Metrics,
    arrivals: Window,
    completions: Window,
    execution: Durations,
    wait: Durations,
}

impl Recorder {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            figures: Mutex::new(Figures {
                counts: Metrics::default(),
                arrivals: Window::new(now),
                completions: Window::new(now),
                execution: Durations::new(),
                wait: Durations::new(),
            }),
        }
    }

    /// Takes in what happened at `now`.
    pub(super) fn record(&self, event: Event, now: Instant) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let Figures {
            counts,
            arrivals,
            completions,
            execution,
            wait,
        } = &mut *figures;
        let ended = match event {
            Event::Arrived => {
                counts.arrived += 1;
                arrivals.count(now);
                None
            }
            Event::Completed(timing) => {
                counts.completed += 1;
                Some(timing)
            }
            Event::Failed(timing) => {
                counts.failed += 1;
                Some(timing)
            }
            Event::Retried => {
                counts.retried += 1;
                None
            }
            Event::Canceled => {
                counts.canceled += 1;
                None
            }
            Event::Created => {
                counts.created += 1;
                None
            }
            Event::Destroyed => {
                counts.destroyed += 1;
                None
            }
            Event::CreateFailed | Event::Broken | Event::Grown(_) | Event::Shrunk => None,
        };
        if let Some(timing) = ended {
            completions.count(now);
            execution.add(timing.execution);
            wait.add(timing.wait);
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        let now = Instant::now();
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        Metrics {
            arrival_rate: figures.arrivals.rate(now),
            completion_rate: figures.completions.rate(now),
            execution: figures.execution.distribution(),
            wait: figures.wait.distribution(),
            ..figures.counts
        }
    }
}

/// Durations on their way to a [`Distribution`].
#[derive(Debug)]
struct Durations {
    histogram: Histogram<u64>,
    sum: Duration,
    min: Duration,
    max: Duration,
}

impl Durations {
    fn new() -> Self {
        let longest = LONGEST.as_nanos() as u64;
        Self {
            histogram: Histogram::new_with_bounds(1, longest, 2)
                .expect("one nanosecond to a day is a range"),
            sum: Duration::ZERO,
            min: Duration::MAX,
            max: Duration::ZERO,
        }
    }

    fn add(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(nanos);
        self.sum = self.sum.saturating_add(duration);
        self.min = self.min.min(duration);
        self.max = self.max.max(duration);
    }

    fn distribution(&self) -> Distribution {
        let count = self.histogram.len();
        if count == 0 {
            return Distribution::default();
        }
        // A value of the histogram is the upper end of its bucket, which may lie above all that was recorded.
        let at = |quantile: f64| {
            Duration::from_nanos(self.histogram.value_at_quantile(quantile))
                .clamp(self.min, self.max)
        };
        let mean = self.sum.as_nanos() / u128::from(count);
        Distribution {
            count,
            mean: Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)),
            min: self.min,
            max: self.max,
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timing;
    use super::*;

    #[tokio::test]
    async fn percentiles_are_right_to_within_a_hundredth() {
        let recorder = Recorder::new();
        for millis in 1..=1_000 {
            let timing = Timing {
                wait: Duration::ZERO,
                execution: Duration::from_millis(millis),
            };
            recorder.record(Event::Completed(timing), Instant::now());
        }
        let metrics = recorder.metrics();
        let Distribution { p50, p95, p99, .. } = metrics.execution;
        for (found, wanted) in [(p50, 500.0), (p95, 950.0), (p99, 990.0)] {
            let found = found.as_secs_f64() * 1_000.0;
            assert!((found - wanted).abs() <= wanted * 0.01, "{found} {wanted}");
        }
        assert_eq!(metrics.execution.max, Duration::from_secs(1));
        assert_eq!(metrics.execution.mean, Duration::from_micros(500_500));
        assert_eq!(metrics.wait.p99, Duration::ZERO);
        assert_eq!((metrics.completed, metrics.wait.count), (1_000, 1_000));
    }

    #[tokio::test]
    async fn nothing_is_zero_and_a_failure_alone_is_all_there_is() {
        let recorder = Recorder::new();
        assert_eq!(recorder.metrics(), Metrics::default());
        assert_eq!(recorder.metrics().failure_rate(), 0.0);
        recorder.record(Event::Failed(Timing::default()), Instant::now());
        assert_eq!(recorder.metrics().failure_rate(), 1.0);
        assert_eq!(recorder.metrics().success_rate(), 0.0);
        let long = Timing {
            wait: Duration::MAX,
            execution: Duration::MAX,
        };
        recorder.record(Event::Completed(long), Instant::now());
        assert_eq!(recorder.metrics().execution.max, Duration::MAX);
    }
}
