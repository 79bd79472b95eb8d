//! How long a job waits before its next attempt.
//!
//! In goes the policy as text, the number of the attempt that failed and a random number; out comes a delay.
//! Pure: the caller brings the randomness. Every delay is finite, and capped where the policy has a cap,
//! whatever the attempt's number.

#![allow(
    clippy::result_large_err,
    reason = "a message owns its bytes, since a const fn cannot allocate; parsing is not a hot path"
)]

use std::fmt;
use std::time::Duration;

use crate::grammar::cursor::{Cursor, number, position};
use crate::grammar::suggest::closest;
use crate::grammar::{Message, attempt, duration};

/// The delay before a retry, as a function of the attempt that failed.
///
/// | text | delay after attempt 1, 2, 3, … |
/// |---|---|
/// | `exponential 5s..1h` | 5 s, 10 s, 20 s, …, doubling up to 1 h |
/// | `linear 10s..5m` | 10 s, 20 s, 30 s, … up to 5 min |
/// | `fixed 30s` | 30 s |
/// | `none` | at once |
///
/// `jitter 10%` at the end spreads each delay evenly over ±10 %, but never over the cap. Without it the spread
/// is ±10 % for `exponential` and `linear`, and none for `fixed`.
///
/// ```
/// use std::time::Duration;
/// use tasker::Backoff;
///
/// const POLICY: Backoff = match Backoff::parse("exponential 1s..10m jitter 0%") {
///     Ok(policy) => policy,
///     Err(message) => panic!("{}", message.as_str()),
/// };
/// assert_eq!(POLICY.delay(3, 0.5), Duration::from_secs(4));
/// assert_eq!(POLICY.to_string(), "exponential 1s..10m jitter 0%");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    shape: Shape,
    /// Percent of the delay, to either side; at most 100.
    jitter: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    None,
    Fixed(Duration),
    Linear { step: Duration, cap: Duration },
    Exponential { first: Duration, cap: Duration },
}

const KINDS: [&str; 4] = ["exponential", "linear", "fixed", "none"];
const FORMS: &str = "write `exponential 5s..1h`, `linear 10s..5m`, `fixed 30s` or `none`, with `jitter 10%` at will";
const JITTER: u8 = 10;

impl Backoff {
    /// What a task gets that says nothing: exponential, 5 s doubling to 1 h, ±10 %.
    pub const DEFAULT: Self = Self {
        shape: Shape::Exponential {
            first: Duration::from_secs(5),
            cap: Duration::from_hours(1),
        },
        jitter: JITTER,
    };

    /// Retry at once.
    pub const NONE: Self = Self {
        shape: Shape::None,
        jitter: 0,
    };

    /// The policy that `text` names. Words are read ignoring case, durations as `1h30m`.
    ///
    /// # Errors
    ///
    /// Unknown words, missing or malformed durations, a first delay of zero or above the cap, and a jitter above
    /// 100 %. The message says what to write.
    pub const fn parse(text: &str) -> Result<Self, Message> {
        let mut cursor = Cursor::new(text);
        let kind = cursor.word();
        if kind.is_empty() {
            return Err(Message::new("a backoff is missing: ").text(FORMS));
        }
        let (shape, jitter) = match position(kind, &KINDS) {
            Some(0) => {
                let (first, cap) = attempt!(range(cursor.word(), "exponential 5s..1h"));
                (Shape::Exponential { first, cap }, JITTER)
            }
            Some(1) => {
                let (step, cap) = attempt!(range(cursor.word(), "linear 10s..5m"));
                (Shape::Linear { step, cap }, JITTER)
            }
            Some(2) => {
                let word = cursor.word();
                if word.is_empty() {
                    return Err(Message::new("`fixed` needs a duration: write `fixed 30s`"));
                }
                (Shape::Fixed(attempt!(duration::parse(word))), 0)
            }
            Some(_) => (Shape::None, 0),
            None => {
                let message = Message::new("").quote(kind).text(" is not a backoff");
                return Err(message.suggest(closest(kind, &KINDS)).text(FORMS));
            }
        };
        let jitter = match attempt!(percent(&mut cursor)) {
            Some(_) if matches!(shape, Shape::None) => {
                return Err(Message::new(
                    "`none` waits for nothing, so it takes no jitter: write `none` alone",
                ));
            }
            Some(percent) => percent,
            None => jitter,
        };
        Ok(Self { shape, jitter })
    }

    /// The delay after attempt number `attempt` (counted from 1; 0 counts as 1) has failed, for a `random`
    /// number in `0.0..1.0`: 0 gives the shortest delay of the spread, 1 the longest.
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let before = attempt.max(1) - 1;
        let (base, cap) = match self.shape {
            Shape::None => return Duration::ZERO,
            Shape::Fixed(delay) => (delay, Duration::MAX),
            Shape::Linear { step, cap } => {
                let grown = step.checked_mul(before.saturating_add(1)).unwrap_or(cap);
                (grown.min(cap), cap)
            }
            Shape::Exponential { first, cap } => {
                let factor = 1u32.checked_shl(before);
                let grown = factor
                    .and_then(|factor| first.checked_mul(factor))
                    .unwrap_or(cap);
                (grown.min(cap), cap)
            }
        };
        if self.jitter == 0 {
            return base;
        }
        // `base` is at most `u64::MAX` milliseconds, so that twice of it is still a duration.
        let share = f64::from(self.jitter) / 100.0;
        let shortest = base.mul_f64(1.0 - share);
        let longest = base.mul_f64(1.0 + share).min(cap);
        let random = if random.is_nan() {
            0.5
        } else {
            random.clamp(0.0, 1.0)
        };
        let spread = longest.saturating_sub(shortest).mul_f64(random);
        shortest.saturating_add(spread).min(longest)
    }
}

impl Default for Backoff {
    /// [`Backoff::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The form that parses back to the same policy; a jitter that goes without saying is left out.
impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = duration::written;
        let usual = match self.shape {
            Shape::None => return f.write_str("none"),
            Shape::Fixed(delay) => {
                write!(f, "fixed {}", written(delay))?;
                0
            }
            Shape::Linear { step, cap } => {
                write!(f, "linear {}..{}", written(step), written(cap))?;
                JITTER
            }
            Shape::Exponential { first, cap } => {
                write!(f, "exponential {}..{}", written(first), written(cap))?;
                JITTER
            }
        };
        if self.jitter == usual {
            return Ok(());
        }
        write!(f, " jitter {}%", self.jitter)
    }
}

impl std::str::FromStr for Backoff {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// `5s..1h`: the first delay and the cap.
const fn range(word: &str, example: &str) -> Result<(Duration, Duration), Message> {
    let needs = Message::new("")
        .quote(word)
        .text(" does not say from where to where the delay grows: write ");
    let Some((first, rest)) = crate::grammar::cursor::split(word, b'.') else {
        return Err(needs.quote(example));
    };
    let Some(cap) = crate::grammar::cursor::after_prefix(rest, ".") else {
        return Err(needs.quote(example));
    };
    let first = attempt!(duration::parse(first));
    let cap = attempt!(duration::parse(cap));
    if first.is_zero() {
        let message = Message::new("")
            .quote(word)
            .text(" starts at zero, which never grows: write ");
        return Err(message.quote(example).text(" or `none`"));
    }
    if first.as_millis() > cap.as_millis() {
        let message = Message::new("")
            .quote(word)
            .text(" starts above its cap: write the smaller one first, ");
        return Err(message.text("like ").quote(example));
    }
    Ok((first, cap))
}

/// `jitter 10%` at the end of the text, or nothing.
const fn percent(cursor: &mut Cursor<'_>) -> Result<Option<u8>, Message> {
    let word = cursor.word();
    if word.is_empty() {
        return Ok(None);
    }
    if position(word, &["jitter"]).is_none() {
        let message = Message::new("")
            .quote(word)
            .text(" is not understood at the end of a backoff");
        return Err(message.suggest(closest(word, &["jitter"])).text(FORMS));
    }
    let value = cursor.word();
    if !cursor.rest().is_empty() {
        return Err(Message::new("")
            .quote(cursor.rest())
            .text(" is too much: a backoff ends after its jitter"));
    }
    if let Some((digits, after)) = crate::grammar::cursor::split(value, b'%')
        && after.is_empty()
        && let Some(percent) = number(digits)
        && percent <= 100
    {
        return Ok(Some(percent as u8));
    }
    let message = Message::new("")
        .quote(value)
        .text(" is not a jitter: write a percentage from `0%` to `100%`, ");
    Err(message.text("like `jitter 10%`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn policy(text: &str) -> Backoff {
        Backoff::parse(text).expect(text)
    }

    fn delays(text: &str, attempts: &[u32]) -> Vec<u64> {
        attempts
            .iter()
            .map(|attempt| policy(text).delay(*attempt, 0.5).as_secs())
            .collect()
    }

    #[test]
    fn the_shapes_grow_as_their_names_say() {
        assert_eq!(
            delays("exponential 5s..1h jitter 0%", &[0, 1, 2, 3, 10, 11, 400]),
            [5, 5, 10, 20, 2560, 3600, 3600]
        );
        assert_eq!(
            delays("linear 10s..5m jitter 0%", &[1, 2, 3, 30, 31]),
            [10, 20, 30, 300, 300]
        );
        assert_eq!(delays("fixed 30s", &[1, 9, u32::MAX]), [30, 30, 30]);
        assert_eq!(delays("none", &[1, u32::MAX]), [0, 0]);
    }

    #[test]
    fn jitter_is_spread_evenly_and_stays_under_the_cap() {
        let policy = Backoff::DEFAULT;
        assert_eq!(policy.delay(1, 0.0), Duration::from_millis(4500));
        assert_eq!(policy.delay(1, 1.0), Duration::from_millis(5500));
        assert_eq!(policy.delay(400, 0.0), Duration::from_secs(3240));
        assert_eq!(policy.delay(400, 1.0), HOUR);
        assert_eq!(policy.delay(1, f64::NAN), policy.delay(1, 0.5));
        assert_eq!(policy.delay(1, f64::INFINITY), policy.delay(1, 1.0));
    }

    #[test]
    fn the_default_is_written_in_its_short_form() {
        assert_eq!(Backoff::default().to_string(), "exponential 5s..1h");
        assert_eq!(policy("EXPONENTIAL 5s..1h Jitter 10%"), Backoff::DEFAULT);
        assert_eq!(policy("none"), Backoff::NONE);
        assert_eq!(policy("fixed 30s").to_string(), "fixed 30s");
    }

    #[test]
    fn mistakes_name_the_cure() {
        let error = |text: &str| Backoff::parse(text).expect_err(text).to_string();
        assert!(error("").contains("missing"));
        assert!(error("exponental 5s..1h").contains("did you mean `exponential`"));
        assert!(error("exponential").contains("`exponential 5s..1h`"));
        assert!(error("exponential 5s").contains("`exponential 5s..1h`"));
        assert!(error("linear 5s.1h").contains("`linear 10s..5m`"));
        assert!(error("linear 0s..1h").contains("zero"));
        assert!(error("linear 2h..1h").contains("above its cap"));
        assert!(error("fixed").contains("`fixed 30s`"));
        assert!(error("fixed 30").contains("without a unit"));
        assert!(error("fixed 30s jiter 5%").contains("did you mean `jitter`"));
        for text in [
            "fixed 30s jitter",
            "fixed 30s jitter 5",
            "fixed 30s jitter 101%",
            "fixed 30s jitter -1%",
        ] {
            assert!(error(text).contains("`0%` to `100%`"), "{text}");
        }
        assert!(error("fixed 30s jitter 5% more").contains("`more`"));
        assert!(error("none jitter 5%").contains("`none` alone"));
    }

    fn policies() -> impl Strategy<Value = Backoff> {
        let lengths = prop_oneof![1..100_000u64, 1..=u64::MAX].prop_map(Duration::from_millis);
        let shapes = (0..4, lengths.clone(), lengths).prop_map(|(kind, a, b)| match kind {
            0 => Shape::None,
            1 => Shape::Fixed(a),
            2 => Shape::Linear {
                step: a.min(b),
                cap: a.max(b),
            },
            _ => Shape::Exponential {
                first: a.min(b),
                cap: a.max(b),
            },
        });
        (shapes, 0..=100u8).prop_map(|(shape, jitter)| Backoff {
            shape,
            jitter: if shape == Shape::None { 0 } else { jitter },
        })
    }

    proptest! {
        #[test]
        fn every_policy_parses_back(policy in policies()) {
            prop_assert_eq!(Backoff::parse(&policy.to_string()), Ok(policy));
        }

        #[test]
        fn delays_are_finite_capped_and_within_the_jitter(
            policy in policies(),
            attempt in prop_oneof![0..70u32, 0..=u32::MAX],
            random in 0.0..1.0f64,
        ) {
            let delay = policy.delay(attempt, random);
            let plain = Backoff { jitter: 0, ..policy }.delay(attempt, random);
            match policy.shape {
                Shape::None => prop_assert_eq!(delay, Duration::ZERO),
                Shape::Fixed(_) => {}
                Shape::Linear { cap, .. } | Shape::Exponential { cap, .. } => prop_assert!(delay <= cap),
            }
            let share = f64::from(policy.jitter) / 100.0;
            let (shortest, longest) = (plain.mul_f64(1.0 - share), plain.mul_f64(1.0 + share));
            // Floating point keeps some fifteen digits.
            let slack = plain.mul_f64(1e-12) + Duration::from_nanos(1);
            prop_assert!(shortest <= delay + slack && delay <= longest + slack);
        }

        #[test]
        fn delays_never_shrink_without_jitter(policy in policies(), attempt in 0..u32::MAX) {
            let policy = Backoff { jitter: 0, ..policy };
            prop_assert!(policy.delay(attempt, 0.5) <= policy.delay(attempt + 1, 0.5));
        }
    }
}
