//! Time as the store sees it.
//!
//! Due times and leases are compared on the store's clock, so that processes whose clocks disagree agree on
//! what is due. A store is built on its own clock in production and on a [`TestClock`] in tests; no method of
//! the contract takes the caller's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// An instant, in UTC. Stores keep whole microseconds.
pub type Instant = DateTime<Utc>;

/// When something is due, in the store's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// As soon as possible.
    Now,
    /// This long after the store takes the call.
    In(Duration),
    /// At this instant; one that has passed means now.
    At(Instant),
}

impl Due {
    /// The instant meant, when the store's clock shows `now`, cut to whole microseconds.
    pub fn resolve(self, now: Instant) -> Instant {
        let at = match self {
            Due::Now => now,
            Due::In(delay) => after(now, delay),
            Due::At(at) => at,
        };
        from_micros(to_micros(at))
    }
}

/// `now` plus `delay`, or the end of time where that is past it.
pub fn after(now: Instant, delay: Duration) -> Instant {
    chrono::Duration::from_std(delay)
        .ok()
        .and_then(|delay| now.checked_add_signed(delay))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `at` in whole microseconds since the Unix epoch, as the SQL backends keep it.
pub fn to_micros(at: Instant) -> i64 {
    at.timestamp_micros()
}

/// The instant `micros` microseconds after the Unix epoch; out of range means the nearest end of time.
pub fn from_micros(micros: i64) -> Instant {
    DateTime::from_timestamp_micros(micros).unwrap_or(if micros < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

/// A source of the current instant.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The store's own: the database server's, or this machine's where the store is a file.
    #[default]
    Store,
    /// One that a test moves.
    Test(TestClock),
}

impl Clock {
    /// The instant this machine, or the test, shows, cut to whole microseconds.
    pub fn now(&self) -> Instant {
        match self {
            Clock::Store => from_micros(to_micros(Utc::now())),
            Clock::Test(clock) => clock.now(),
        }
    }
}

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct TestClock {
    micros: Arc<AtomicI64>,
    moved: Arc<watch::Sender<()>>,
}

impl TestClock {
    /// A clock that shows `now`.
    pub fn at(now: Instant) -> Self {
        Self {
            micros: Arc::new(AtomicI64::new(to_micros(now))),
            moved: Arc::new(watch::Sender::new(())),
        }
    }

    /// What the clock shows.
    pub fn now(&self) -> Instant {
        from_micros(self.micros.load(Ordering::SeqCst))
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: Duration) {
        self.set(after(self.now(), by));
    }

    /// Sets the clock to `now`, forward or back.
    pub fn set(&self, now: Instant) {
        self.micros.store(to_micros(now), Ordering::SeqCst);
        self.moved.send_replace(());
    }

    /// A receiver that changes each time the clock is moved.
    pub fn moves(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_time_is_whole_microseconds_and_never_past_the_end() {
        let now = from_micros(1_000_000);
        assert_eq!(Due::Now.resolve(now), now);
        assert_eq!(
            Due::In(Duration::from_nanos(1_999)).resolve(now),
            from_micros(1_000_001)
        );
        assert_eq!(
            Due::At(now + chrono::Duration::nanoseconds(1)).resolve(now),
            now
        );
        let end = Due::In(Duration::MAX).resolve(now);
        assert_eq!(to_micros(end), to_micros(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn a_test_clock_tells_its_listeners() {
        let clock = TestClock::at(from_micros(0));
        let moves = clock.moves();
        clock.clone().advance(Duration::from_secs(2));
        assert_eq!(clock.now(), from_micros(2_000_000));
        assert!(moves.has_changed().expect("the clock is alive"));
    }
}
