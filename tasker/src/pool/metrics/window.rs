//! A rate over the last seconds, in constant memory: a ring of one-second counts.

use std::time::Duration;

use tokio::time::Instant;

/// How far back a rate looks.
const SECONDS: usize = 10;

/// Counts by second.
#[derive(Debug)]
pub(super) struct Window {
    since: Instant,
    /// The second that was counted last.
    second: u64,
    counts: [u64; SECONDS],
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            second: 0,
            counts: [0; SECONDS],
        }
    }

    /// Counts one.
    pub(super) fn count(&mut self, now: Instant) {
        let slot = self.advance(now);
        self.counts[slot] += 1;
    }

    /// How many there were in a second.
    pub(super) fn rate(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let age = now.saturating_duration_since(self.since);
        // The ring holds this second so far and the nine before it.
        let held = age.min(Duration::from_secs(SECONDS as u64 - 1) + fraction(age));
        let held = held.as_secs_f64().max(0.001);
        self.counts.iter().sum::<u64>() as f64 / held
    }

    /// Empties the seconds in which nothing happened; gives the slot of this one.
    fn advance(&mut self, now: Instant) -> usize {
        let second = now.saturating_duration_since(self.since).as_secs();
        let passed = second.saturating_sub(self.second).min(SECONDS as u64);
        for back in 0..passed {
            self.counts[(second - back) as usize % SECONDS] = 0;
        }
        self.second = self.second.max(second);
        self.second as usize % SECONDS
    }
}

/// What is left of a second.
fn fraction(age: Duration) -> Duration {
    Duration::from_nanos(u64::from(age.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_steady_rate_is_found_and_forgotten() {
        let start = Instant::now();
        let mut window = Window::new(start);
        assert_eq!(window.rate(start), 0.0);
        for tick in 0..600 {
            window.count(at(start, f64::from(tick) * 0.05));
        }
        let rate = window.rate(at(start, 30.0));
        assert!((19.0..=21.0).contains(&rate), "{rate}");
        let rate = window.rate(at(start, 35.5));
        assert!((8.0..=10.0).contains(&rate), "half of it is gone: {rate}");
        assert_eq!(window.rate(at(start, 40.0)), 0.0);
        assert_eq!(window.rate(at(start, 4_000.0)), 0.0);
    }

    #[test]
    fn a_young_window_is_not_diluted() {
        let start = Instant::now();
        let mut window = Window::new(start);
        for _ in 0..10 {
            window.count(at(start, 0.2));
        }
        let rate = window.rate(at(start, 0.5));
        assert!((19.9..=20.1).contains(&rate), "{rate}");
    }
}
