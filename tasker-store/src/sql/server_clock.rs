//! The clock of a database server, as seen from here.
//!
//! In: what the server says its time is, asked now and then. Out: its time at this moment, by adding what has passed
//! on this machine's monotonic clock. It is off by half a round trip at the most, and by what the two
//! clocks drift apart within [`TRUSTED`]. Wall clocks of clients count for nothing, so that nodes that disagree about the time
//! agree about what is due.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic, SystemTime};

use crate::clock::{Instant, after, from_micros};

/// How long one answer of the server is counted on from.
const TRUSTED: Duration = Duration::from_secs(30);
/// How far the wall clock may leave the monotonic one before the machine counts as having slept, which stops only
/// the latter.
const ASLEEP: Duration = Duration::from_secs(1);

/// What the server said last.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    reading: Mutex<Option<Reading>>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    server: Instant,
    at: Monotonic,
    wall: SystemTime,
}

impl ServerClock {
    /// The server's time, where its last answer is recent enough.
    pub(crate) fn now(&self) -> Option<Instant> {
        let reading = (*self.lock())?;
        let passed = reading.at.elapsed();
        let by_wall = SystemTime::now().duration_since(reading.wall);
        let awake = by_wall.is_ok_and(|by_wall| by_wall.abs_diff(passed) < ASLEEP);
        (passed < TRUSTED && awake).then(|| after(reading.server, passed))
    }

    /// Takes an answer of the server, in microseconds since the Unix epoch, to a question sent at `asked`.
    pub(crate) fn set(&self, micros: i64, asked: Monotonic) -> Instant {
        let half = asked.elapsed() / 2;
        let server = after(from_micros(micros), half);
        *self.lock() = Some(Reading {
            server,
            at: Monotonic::now(),
            wall: SystemTime::now(),
        });
        server
    }

    /// Counts on the last answer no more.
    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Reading>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_on_from_the_last_answer() {
        let clock = ServerClock::default();
        assert_eq!(clock.now(), None);
        let said = clock.set(1_000_000, Monotonic::now());
        let now = clock.now().expect("the answer is fresh");
        assert!(now >= said && now - said < chrono::Duration::seconds(5));
    }
}
