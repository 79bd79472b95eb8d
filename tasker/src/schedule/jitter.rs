//! `jitter 30s`: a delay for each occurrence, spread evenly, that every process computes alike.

use chrono::{DateTime, TimeDelta, Utc};

/// Delays from nothing to `most`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter {
    /// In milliseconds.
    pub(super) most: u32,
    pub(super) seed: u64,
}

impl Jitter {
    /// The delay of the occurrence at `at`, which leaves it before the next one.
    pub(super) fn delay(&self, at: DateTime<Utc>, next: Option<DateTime<Utc>>) -> TimeDelta {
        let room = next.map_or(i64::MAX, |next| (next - at).num_milliseconds() - 1);
        let most = i64::from(self.most).min(room).max(0);
        let drawn = mixed(self.seed ^ at.timestamp_millis().unsigned_abs());
        // A remainder is even enough: there are many more numbers than milliseconds.
        let delay = drawn % (most.unsigned_abs() + 1);
        TimeDelta::milliseconds(i64::try_from(delay).unwrap_or(most))
    }
}

/// A number for a name.
pub(super) fn seed(name: &str) -> u64 {
    (name.bytes()).fold(0, |seed, byte| mixed(seed ^ u64::from(byte)))
}

/// A number that looks like no other: multiplied and folded until every bit depends on every other.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        let product = u128::from(mixed) * 0xd6e8_feb8_6659_fd93_u128;
        mixed = (product as u64) ^ (product >> 64) as u64;
        mixed ^= mixed >> 32;
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_spread_evenly_and_stay_before_the_next_occurrence() {
        let jitter = Jitter {
            most: 9_999,
            seed: seed("reports"),
        };
        let mut tenths = [0; 10];
        for minute in 0..10_000 {
            let at = DateTime::from_timestamp(minute * 60, 0).expect("in range");
            let delay = jitter.delay(at, Some(at + TimeDelta::seconds(60)));
            tenths[(delay.num_milliseconds() / 1000) as usize] += 1;
            let short = jitter.delay(at, Some(at + TimeDelta::seconds(1)));
            assert!((0..1000).contains(&short.num_milliseconds()));
        }
        assert!(
            tenths.iter().all(|count| (850..1150).contains(count)),
            "{tenths:?}"
        );
    }

    #[test]
    fn names_differ() {
        let delay = |name: &str| {
            let jitter = Jitter {
                most: 60_000,
                seed: seed(name),
            };
            jitter.delay(DateTime::UNIX_EPOCH, None)
        };
        assert_eq!(delay("a"), delay("a"));
        assert_ne!(delay("a"), delay("b"));
        assert_ne!(seed("ab"), seed("ba"));
    }
}
