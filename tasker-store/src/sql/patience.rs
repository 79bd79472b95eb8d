//! Waiting for a lock that somebody else holds: short, jittered pauses within one span of time.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// How long a write waits for others before it is given up as unavailable.
pub(crate) const SPAN: Duration = Duration::from_secs(30);

/// What is left of the waiting time of one write.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
}

impl Patience {
    /// The whole span.
    pub(crate) fn new() -> Self {
        Self::of(SPAN)
    }

    /// This much.
    pub(crate) fn of(span: Duration) -> Self {
        Self {
            until: Instant::now() + span,
        }
    }

    /// Pauses, or says `false` where the time is over.
    pub(crate) async fn wait(&mut self) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        let jitter = Uuid::now_v7().as_bytes()[15];
        tokio::time::sleep(Duration::from_millis(2 + u64::from(jitter) / 16)).await;
        true
    }
}

/// A span a little shorter, so that many who begin together do not meet again.
#[cfg(feature = "postgres")]
pub(crate) fn jittered(span: Duration) -> Duration {
    let jitter = Uuid::now_v7().as_bytes()[15];
    span.mul_f64(1.0 - f64::from(jitter) / 1024.0)
}
