//! What was missed, and how much work it is to find out.

use std::time::{Duration, Instant};

use chrono_tz::UTC;
use proptest::prelude::*;

use super::{at, rule};
use crate::schedule::{Missed, missed, occurrences};

#[test]
fn nothing_missed_is_nothing() {
    let found = missed(
        &rule("daily 12:00"),
        UTC,
        at("2025-06-01T12:00:00Z"),
        at("2025-06-02T11:59:59Z"),
        10,
    );
    let expected = Missed {
        occurrences: vec![],
        dropped: false,
        next: Some(at("2025-06-02T12:00:00Z")),
    };
    assert_eq!(found, Ok(expected));
}

#[test]
fn the_latest_are_kept_oldest_first() {
    let days = |max| {
        missed(
            &rule("daily 12:00"),
            UTC,
            at("2025-06-01T12:00:00Z"),
            at("2025-06-05T12:00:00Z"),
            max,
        )
    };
    let all = days(4).expect("a rule");
    let expected = ["2025-06-02", "2025-06-03", "2025-06-04", "2025-06-05"]
        .map(|day| at(&format!("{day}T12:00:00Z")));
    assert_eq!(
        (all.occurrences.as_slice(), all.dropped),
        (expected.as_slice(), false)
    );
    let two = days(2).expect("a rule");
    assert_eq!(
        (two.occurrences.as_slice(), two.dropped),
        (&expected[2..], true)
    );
    let none = days(0).expect("a rule");
    assert_eq!(
        (none.occurrences.as_slice(), none.dropped),
        (&expected[4..], true)
    );
    assert_eq!(none.next, Some(at("2025-06-06T12:00:00Z")));
}

#[test]
fn years_away_cost_no_more_than_minutes() {
    let started = Instant::now();
    for text in ["every 1s", "* * * * * *", "* * * * 1 1 *", "* * * * *"] {
        let text = if text.split(' ').count() == 7 {
            "* * * 1 1 *"
        } else {
            text
        };
        let found = missed(
            &rule(text),
            UTC,
            at("2000-01-01T00:00:00Z"),
            at("2025-06-05T12:00:00.5Z"),
            3,
        )
        .expect(text);
        assert!(found.dropped && found.occurrences.len() == 3, "{text}");
        assert!(found.occurrences.is_sorted(), "{text}");
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_clock_set_back_misses_nothing() {
    let found = missed(
        &rule("hourly"),
        UTC,
        at("2025-06-05T12:00:00Z"),
        at("2025-06-05T10:30:00Z"),
        3,
    );
    let found = found.expect("a rule");
    assert_eq!(
        (found.occurrences.len(), found.next),
        (0, Some(at("2025-06-05T13:00:00Z")))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_the_tail_of_all_occurrences(
        text in prop::sample::select(vec!["every 7m", "hourly :15", "*/20 1-3 * * *", "daily 02:30", "every 1500ms"]),
        start in 1_740_000_000i64..1_765_000_000,
        seconds in 0i64..40_000,
        max in 0usize..5,
    ) {
        let tz = chrono_tz::America::New_York;
        let last = chrono::DateTime::from_timestamp(start, 0).expect("in range");
        let now = chrono::DateTime::from_timestamp(start + seconds, 0).expect("in range");
        let all: Vec<_> = occurrences(&rule(text), tz, last)
            .expect(text)
            .map(|found| found.expect(text))
            .take_while(|found| *found <= now)
            .collect();
        let found = missed(&rule(text), tz, last, now, max).expect(text);
        prop_assert_eq!(&found.occurrences, &all[all.len().saturating_sub(max)..]);
        prop_assert_eq!(found.dropped, all.len() > max);
        prop_assert!(found.next.is_some_and(|next| next > now));
    }
}
