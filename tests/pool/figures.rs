//! Metrics, collectors, logs, and what the `metrics` crate is told.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tasker::pool::{Collector, Event, Metrics};
use tokio::time::Instant;

use crate::workshop::{Fault, ms, pool};

///
#[tokio::test(start_paused = true)]
async fn a26_durations_are_summed_up_in_order() {
    let (pool, _) = pool(|pool| pool.workers(2));
    let works: Vec<_> = (0..10)
        .map(|number| {
            let work = move |_tool| async move {
                tokio::time::sleep(ms(10 + number * 5)).await;
                Ok::<_, Fault>(())
            };
            pool.try_submit(work).unwrap()
        })
        .collect();
    for work in works {
        work.await.unwrap();
    }
    let metrics = pool.metrics();
    assert_eq!(
        (metrics.arrived, metrics.completed, metrics.failed),
        (10, 10, 0)
    );
    assert_eq!((metrics.success_rate(), metrics.failure_rate()), (1.0, 0.0));
    let execution = metrics.execution;
    assert_eq!((execution.min, execution.max), (ms(10), ms(55)));
    assert_eq!(execution.mean.as_micros(), 32_500);
    assert!(execution.min <= execution.p50 && execution.p50 <= execution.mean * 11 / 10);
    assert!(execution.mean <= execution.p95);
    assert!(execution.p95 <= execution.p99 && execution.p99 <= execution.max);
    assert!(metrics.wait.max > metrics.wait.mean && metrics.wait.count == 10);
    assert!(metrics.arrival_rate > 0.0 && metrics.completion_rate > 0.0);
    // Rates look back ten seconds, the rest to the beginning.
    tokio::time::sleep(ms(11_000)).await;
    let later = pool.metrics();
    assert_eq!((later.arrival_rate, later.completion_rate), (0.0, 0.0));
    assert_eq!((later.completed, later.execution), (10, execution));
}

/// Rates are those of the last seconds.
#[tokio::test(start_paused = true)]
async fn rates_are_those_of_a_window() {
    let (pool, _) = pool(|pool| pool);
    let start = Instant::now();
    while start.elapsed() < ms(20_000) {
        pool.submit(|_tool| async { Ok::<_, Fault>(()) })
            .await
            .unwrap();
        tokio::time::sleep(ms(50)).await;
    }
    let metrics = pool.metrics();
    assert!((19.0..=21.0).contains(&metrics.arrival_rate), "{metrics:?}");
    assert!(
        (19.0..=21.0).contains(&metrics.completion_rate),
        "{metrics:?}"
    );
    assert_eq!(metrics.completed, 400);
}

///
#[tokio::test(start_paused = true)]
async fn a27_one_failure_alone_is_a_rate_of_one() {
    let (pool, _) = pool(|pool| pool);
    let failed = pool.submit(|_tool| async { Err::<(), _>(Fault::Paper(1)) });
    assert!(failed.await.is_err());
    let metrics = pool.metrics();
    assert_eq!((metrics.success_rate(), metrics.failure_rate()), (0.0, 1.0));
}

/// A-29, over 200,000 pieces of work; the bench `pool` does the same over ten million.
#[test]
fn a29_memory_stays_flat() {
    let output = Command::new(env!("CARGO_BIN_EXE_pool-soak"))
        .arg("200000")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let grown: i64 = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("grown_kib="))
        .unwrap()
        .parse()
        .unwrap();
    // 200,000 durations alone would be 1.5 MiB, the work itself a hundred times that.
    assert!(grown < 1_024, "{said}");
}

/// one's own collector is told of everything, and so is the log.
#[tokio::test(start_paused = true)]
async fn a30_collector_and_log_receive_every_event() {
    #[derive(Default)]
    struct Own(Mutex<Vec<Event>>);
    impl Collector for Own {
        fn record(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }

        fn metrics(&self) -> Metrics {
            let mut metrics = Metrics::default();
            metrics.arrived = 42;
            metrics
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let own = Arc::new(Own::default());
    let (pool, ledger) = pool(|pool| {
        pool.name("tools")
            .workers(1)
            .max_workers(2)
            .scale_every(ms(50))
            .collector(Arc::clone(&own))
    });
    ledger.fail_next(1);
    let mut jams = true;
    let breaking = pool.submit(move |_tool| {
        let jams = std::mem::take(&mut jams);
        async move {
            match jams {
                true => Err(Fault::Jammed),
                false => Ok(()),
            }
        }
    });
    breaking.await.unwrap();
    let failing = pool.submit(|_tool| async { Err::<(), _>(Fault::Paper(1)) });
    assert!(failing.await.is_err());
    let endless = || {
        let endless = pool.submit(|_tool| std::future::pending::<Result<(), Fault>>());
        endless.try_handle().unwrap()
    };
    let endless = [endless(), endless()];
    ledger.until(|log| log.created.len() == 3).await;
    endless[0].cancel();
    endless[1].cancel();
    ledger.until(|log| log.alive() == 1).await;
    pool.stop().await.unwrap();
    assert_eq!(pool.metrics().arrived, 42);

    let events = own.0.lock().unwrap().clone();
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| *event == Event::Arrived), 4);
    assert_eq!(count(|event| matches!(event, Event::Completed(_))), 1);
    assert_eq!(count(|event| matches!(event, Event::Failed(_))), 1);
    assert_eq!(count(|event| *event == Event::Retried), 1);
    assert_eq!(count(|event| *event == Event::Canceled), 2);
    assert_eq!(count(|event| *event == Event::CreateFailed), 1);
    assert_eq!(count(|event| *event == Event::Grown(1)), 1);
    let created = ledger.log().created.len();
    assert_eq!(count(|event| *event == Event::Created), created);
    assert_eq!(count(|event| *event == Event::Destroyed), created);
    assert_eq!(count(|event| *event == Event::Broken), 3);

    let log = log.text();
    for line in [
        "WARN tasker::pool: could not make a resource pool=tools error=\"no steel\"",
        "DEBUG tasker::pool: made a resource pool=tools",
        "WARN tasker::pool: a resource is broken pool=tools",
        "DEBUG tasker::pool: destroyed a resource pool=tools",
        "INFO tasker::pool: growing pool=tools workers=2",
        "DEBUG tasker::pool: stopped pool=tools",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

/// What is logged, in a buffer.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The `metrics` crate's recorder, if there is one, is told under the names in the manual.
#[tokio::test(start_paused = true)]
async fn the_metrics_crate_is_told() {
    let sums = Sums::default();
    let _recording = metrics::set_default_local_recorder(&sums);
    let (pool, _) = pool(|pool| pool.name("tools").max_retries(1));
    let work = |_tool| async {
        tokio::time::sleep(ms(500)).await;
        Ok::<_, Fault>(())
    };
    let works = [
        pool.try_submit(work).unwrap(),
        pool.try_submit(work).unwrap(),
    ];
    assert_eq!(sums.get("tasker_pool_queued{pool=tools}"), 2.0);
    for work in works {
        work.await.unwrap();
    }
    let broken = pool.submit(|_tool| async { Err::<(), _>(Fault::Jammed) });
    assert!(broken.await.is_err());
    assert_eq!(sums.get("tasker_pool_queued{pool=tools}"), 0.0);
    pool.stop().await.unwrap();
    for (key, sum) in [
        ("tasker_pool_arrived_total{pool=tools}", 3.0),
        ("tasker_pool_ended_total{pool=tools,outcome=completed}", 2.0),
        ("tasker_pool_ended_total{pool=tools,outcome=failed}", 1.0),
        ("tasker_pool_retried_total{pool=tools}", 1.0),
        ("tasker_pool_resources_total{pool=tools,event=broken}", 2.0),
        ("tasker_pool_resources{pool=tools}", 0.0),
        ("tasker_pool_execution_seconds{pool=tools}", 1.0),
        ("tasker_pool_wait_seconds{pool=tools}", 0.5),
    ] {
        assert_eq!(sums.get(key), sum, "{key}");
    }
    let made = sums.get("tasker_pool_resources_total{pool=tools,event=created}");
    let destroyed = sums.get("tasker_pool_resources_total{pool=tools,event=destroyed}");
    assert_eq!(made, destroyed);
}

/// A recorder that adds up whatever it is told.
#[derive(Clone, Debug, Default)]
struct Sums(Arc<Mutex<BTreeMap<String, f64>>>);

#[derive(Debug)]
struct Sum(Sums, String);

impl Sums {
    fn get(&self, key: &str) -> f64 {
        self.0.lock().unwrap().get(key).copied().unwrap_or(f64::NAN)
    }

    fn sum(&self, key: &Key) -> Arc<Sum> {
        let labels = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        Arc::new(Sum(self.clone(), format!("{}{{{labels}}}", key.name())))
    }
}

impl Sum {
    fn add(&self, value: f64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Sum {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("nothing is set");
    }
}

impl GaugeFn for Sum {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _: f64) {
        unreachable!("nothing is set");
    }
}

impl HistogramFn for Sum {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.sum(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.sum(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.sum(key))
    }
}
