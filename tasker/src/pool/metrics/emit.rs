//! [`Emitter`]: a pool's events as metrics of the `metrics` crate, for whatever exporter the application installs.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `tasker_pool_arrived_total` | counter | `pool` |
//! | `tasker_pool_ended_total` | counter | `pool`, `outcome`: `completed`, `failed` or `canceled` |
//! | `tasker_pool_retried_total` | counter | `pool` |
//! | `tasker_pool_resources_total` | counter | `pool`, `event`: `created`, `create_failed`, `broken` or `destroyed` |
//! | `tasker_pool_resources` | gauge | `pool` |
//! | `tasker_pool_queued` | gauge | `pool` |
//! | `tasker_pool_execution_seconds` | histogram | `pool` |
//! | `tasker_pool_wait_seconds` | histogram | `pool` |

use metrics::{Key, Label, Level, Metadata, with_recorder};

use super::{Event, Timing};

static METADATA: Metadata<'static> =
    Metadata::new("tasker::pool", Level::INFO, Some("tasker::pool"));

/// The keys, made once: where no recorder is installed an event costs next to nothing.
#[derive(Debug)]
pub(in crate::pool) struct Emitter {
    arrived: Key,
    completed: Key,
    failed: Key,
    canceled: Key,
    retried: Key,
    created: Key,
    create_failed: Key,
    broken: Key,
    destroyed: Key,
    resources: Key,
    queued: Key,
    execution: Key,
    wait: Key,
}

impl Emitter {
    pub(super) fn new(pool: &str) -> Self {
        let key = |name: &'static str, more: Option<(&'static str, &'static str)>| {
            let mut labels = vec![Label::new("pool", pool.to_owned())];
            labels.extend(more.map(|(key, value)| Label::from_static_parts(key, value)));
            Key::from_parts(name, labels)
        };
        let ended = |outcome| key("tasker_pool_ended_total", Some(("outcome", outcome)));
        let resources = |event| key("tasker_pool_resources_total", Some(("event", event)));
        Self {
            arrived: key("tasker_pool_arrived_total", None),
            completed: ended("completed"),
            failed: ended("failed"),
            canceled: ended("canceled"),
            retried: key("tasker_pool_retried_total", None),
            created: resources("created"),
            create_failed: resources("create_failed"),
            broken: resources("broken"),
            destroyed: resources("destroyed"),
            resources: key("tasker_pool_resources", None),
            queued: key("tasker_pool_queued", None),
            execution: key("tasker_pool_execution_seconds", None),
            wait: key("tasker_pool_wait_seconds", None),
        }
    }

    pub(super) fn record(&self, event: Event) {
        match event {
            Event::Arrived => count(&self.arrived),
            Event::Completed(timing) => self.ended(&self.completed, timing),
            Event::Failed(timing) => self.ended(&self.failed, timing),
            Event::Canceled => count(&self.canceled),
            Event::Retried => count(&self.retried),
            Event::Created => {
                count(&self.created);
                with_recorder(|to| {
                    to.register_gauge(&self.resources, &METADATA).increment(1.0);
                });
            }
            Event::CreateFailed => count(&self.create_failed),
            Event::Broken => count(&self.broken),
            Event::Destroyed => {
                count(&self.destroyed);
                with_recorder(|to| {
                    to.register_gauge(&self.resources, &METADATA).decrement(1.0);
                });
            }
            // Seen in the gauge of resources.
            Event::Grown(_) | Event::Shrunk => {}
        }
    }

    /// So much more work waits.
    pub(in crate::pool) fn queued(&self, more: f64) {
        with_recorder(|to| {
            to.register_gauge(&self.queued, &METADATA).increment(more);
        });
    }

    fn ended(&self, outcome: &Key, timing: Timing) {
        count(outcome);
        with_recorder(|to| {
            to.register_histogram(&self.execution, &METADATA)
                .record(timing.execution.as_secs_f64());
            to.register_histogram(&self.wait, &METADATA)
                .record(timing.wait.as_secs_f64());
        });
    }
}

fn count(key: &Key) {
    with_recorder(|to| to.register_counter(key, &METADATA).increment(1));
}
