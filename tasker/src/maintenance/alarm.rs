//! When an actor is to act next: set by the lookout and by the actor itself, never later than before, and waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The time of one actor. Clones are the same alarm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm {
    at: Arc<watch::Sender<Option<Instant>>>,
}

impl Alarm {
    /// Sets it to `span` from now, unless it goes off sooner anyway.
    pub(crate) fn within(&self, span: Duration) {
        // A time past the end of time is none.
        let Some(at) = Instant::now().checked_add(span) else {
            return;
        };
        self.at.send_if_modified(|known| {
            let sooner = known.is_none_or(|known| at < known);
            if sooner {
                *known = Some(at);
            }
            sooner
        });
    }

    /// Waits until it goes off. From then on it is not set.
    pub(crate) async fn wait(&self) {
        let mut changes = self.at.subscribe();
        loop {
            let at = *changes.borrow_and_update();
            let gone_off = async {
                match at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = gone_off => {
                    self.at.send_modify(|at| *at = None);
                    return;
                }
                // The sender is ours, so it is there.
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_earliest_time_counts_and_only_once() {
        let alarm = Alarm::default();
        alarm.within(Duration::from_secs(3600));
        alarm.within(Duration::MAX);
        let waiting = {
            let alarm = alarm.clone();
            tokio::spawn(async move { alarm.wait().await })
        };
        alarm.within(Duration::ZERO);
        let went_off = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        went_off.expect("it goes off").expect("it does not panic");
        assert_eq!(*alarm.at.borrow(), None, "the hour is forgotten too");
    }
}
