//! The lookout: knows when the sweeps have something to do, so that none of them asks in vain.
//!
//! In: the store's outlook, one statement, and its wakes. Out: the alarms of the other actors. Where the wakes of all processes
//! are prompt it asks rarely: they say what changes, and the outlook said what comes. Else it asks as often as a
//! sweep may come late. It also is the backstop of the worker: where jobs are ready, an outlook says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tasker_store::{Outlook, Store, Wake};
use uuid::Uuid;

use super::alarm::Alarm;

/// The longest a sweep that is due waits for being noticed where wakes are not prompt.
const OFTEN: Duration = Duration::from_secs(1);
/// The same where they are: what is lost with a process that dies while it tells.
const RARELY: Duration = Duration::from_secs(10);
/// The shortest time between two questions.
const BREATH: Duration = Duration::from_millis(100);

/// The alarms it sets.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    pub(super) promote: Alarm,
    pub(super) rescue: Alarm,
    pub(super) prune: Alarm,
    pub(super) fire: Alarm,
}

pub(super) async fn run(store: Arc<dyn Store>, alarms: Alarms) {
    let mut wakes = store.work_wakes();
    loop {
        let asked = Instant::now();
        let look_in = match store.outlook().await {
            Ok(outlook) => {
                alarms.set(&outlook);
                let longest = match wakes.are_prompt() {
                    true => jittered(RARELY),
                    false => jittered(OFTEN),
                };
                // A lease is made longer all the time: whether it is over is asked again when it should be.
                let lease = outlook.rescue_in.filter(|left| !left.is_zero());
                lease.map_or(longest, |left| left.min(longest)).max(BREATH)
            }
            Err(error) => {
                tracing::warn!(%error, "could not see what there is to do; trying again");
                OFTEN
            }
        };
        let news = async {
            loop {
                match wakes.next().await {
                    Wake::Due(due) => alarms.promote.within(due),
                    Wake::Control | Wake::Gap => break,
                    Wake::Ready | Wake::Finished(_) => {}
                }
            }
            // So that many changes are one question.
            tokio::time::sleep_until((asked + BREATH).into()).await;
        };
        let _ = tokio::time::timeout_at((asked + look_in).into(), news).await;
    }
}

impl Alarms {
    fn set(&self, outlook: &Outlook) {
        let due = outlook.rescue_in.filter(Duration::is_zero);
        for (alarm, within) in [
            (&self.promote, outlook.promote_in),
            (&self.rescue, due),
            (&self.prune, outlook.prune_in),
            (&self.fire, outlook.fire_in),
        ] {
            if let Some(within) = within {
                alarm.within(within);
            }
        }
    }
}

/// A span up to a quarter shorter, so that many processes do not ask in step.
fn jittered(span: Duration) -> Duration {
    let jitter = Uuid::new_v4().as_bytes()[0];
    span.mul_f64(1.0 - f64::from(jitter) / 1024.0)
}
