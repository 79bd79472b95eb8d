//! The next instant, away from clock changes.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Timelike};
use chrono_tz::UTC;

use super::{at, rule, runs};
use crate::schedule::{Timetable, next};

///
#[test]
fn five_minutes_past_come_five_minutes_on() {
    assert_eq!(
        runs("*/5 * * * *", "UTC", "2025-06-01T12:03:00Z", 2),
        ["2025-06-01T12:05:00Z", "2025-06-01T12:10:00Z"]
    );
}

#[test]
fn an_occurrence_is_strictly_after() {
    for text in [
        "daily 12:00",
        "0 12 * * *",
        "every 12h",
        "hourly",
        "0 0 12 * * *",
    ] {
        let noon = at("2025-06-01T12:00:00Z");
        let found = next(&rule(text), UTC, noon).expect(text).expect(text);
        assert!(found > noon, "{text}");
        let just_before = noon - TimeDelta::nanoseconds(1);
        assert_eq!(
            next(&rule(text), UTC, just_before),
            Ok(Some(noon)),
            "{text}"
        );
        let just_after = noon + TimeDelta::nanoseconds(1);
        assert_eq!(
            next(&rule(text), UTC, just_after),
            Ok(Some(found)),
            "{text}"
        );
    }
}

#[test]
fn daily_is_today_where_the_time_is_still_to_come() {
    assert_eq!(
        runs("daily 12:00", "UTC", "2025-06-01T10:00:00Z", 2),
        ["2025-06-01T12:00:00Z", "2025-06-02T12:00:00Z"]
    );
    assert_eq!(
        runs("daily 12:00+02", "Asia/Tokyo", "2025-06-01T10:00:00Z", 1),
        ["2025-06-02T10:00:00Z"]
    );
    assert_eq!(
        runs(
            "TZ=Asia/Tokyo daily 12:00",
            "UTC",
            "2025-06-01T10:00:00Z",
            1
        ),
        ["2025-06-02T03:00:00Z"]
    );
    assert_eq!(
        runs("weekly mon 01:00+02", "UTC", "2025-06-01T10:00:00Z", 1),
        ["2025-06-01T23:00:00Z"]
    );
}

#[test]
fn days_of_the_week_are_found() {
    assert_eq!(
        runs("weekly mon 10:00", "UTC", "2024-10-31T00:00:00Z", 1),
        ["2024-11-04T10:00:00Z"]
    );
    assert_eq!(
        runs("weekdays 09:30", "UTC", "2025-06-05T10:00:00Z", 3),
        [
            "2025-06-06T09:30:00Z",
            "2025-06-09T09:30:00Z",
            "2025-06-10T09:30:00Z"
        ]
    );
    assert_eq!(
        runs("weekends 10:00", "UTC", "2025-06-05T10:00:00Z", 3),
        [
            "2025-06-07T10:00:00Z",
            "2025-06-08T10:00:00Z",
            "2025-06-14T10:00:00Z"
        ]
    );
}

#[test]
fn days_of_the_month_are_found() {
    assert_eq!(
        runs("monthly 1,15 09:00", "UTC", "2025-01-01T09:00:00Z", 2),
        ["2025-01-15T09:00:00Z", "2025-02-01T09:00:00Z"]
    );
    assert_eq!(
        runs(
            "yearly jan,apr,jul,oct 1 00:00",
            "UTC",
            "2024-12-31T00:00:00Z",
            4
        ),
        [
            "2025-01-01T00:00:00Z",
            "2025-04-01T00:00:00Z",
            "2025-07-01T00:00:00Z",
            "2025-10-01T00:00:00Z"
        ]
    );
    assert_eq!(
        runs("yearly mar,sep 1 09:00", "UTC", "2025-01-01T00:00:00Z", 3),
        [
            "2025-03-01T09:00:00Z",
            "2025-09-01T09:00:00Z",
            "2026-03-01T09:00:00Z"
        ]
    );
}

#[test]
fn a_day_that_a_month_lacks_is_skipped() {
    let months = |text: &str, count| -> Vec<String> {
        runs(text, "UTC", "2025-01-01T00:00:00Z", count)
            .iter()
            .map(|run| run[..10].to_owned())
            .collect()
    };
    assert_eq!(
        months("monthly 31 12:00", 4),
        ["2025-01-31", "2025-03-31", "2025-05-31", "2025-07-31"]
    );
    assert_eq!(months("0 12 31 * *", 4), months("monthly 31 12:00", 4));
    assert_eq!(
        months("monthly last 12:00", 4),
        ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]
    );
    assert_eq!(months("0 12 L * *", 4), months("monthly last 12:00", 4));
    assert_eq!(
        months("monthly 28,last 12:00", 4),
        ["2025-01-28", "2025-01-31", "2025-02-28", "2025-03-28"]
    );
    assert_eq!(
        months("yearly feb 29 12:00", 2),
        ["2028-02-29", "2032-02-29"]
    );
    assert_eq!(
        runs("yearly feb 29 12:00", "UTC", "2096-03-01T00:00:00Z", 1),
        ["2104-02-29T12:00:00Z"]
    );
}

#[test]
fn a_grid_does_not_move_with_the_question() {
    assert_eq!(
        runs("every 7m", "UTC", "1970-01-01T00:00:00Z", 2),
        ["1970-01-01T00:07:00Z", "1970-01-01T00:14:00Z"]
    );
    let day = rule("every 1d").anchored(at("2024-10-28T10:00:00Z"));
    assert_eq!(
        next(&day, UTC, at("2024-10-29T00:00:00Z")),
        Ok(Some(at("2024-10-29T10:00:00Z")))
    );
    let three = rule("every 3d").anchored(at("2024-10-28T10:00:00Z"));
    assert_eq!(
        next(&three, UTC, at("2024-10-29T00:00:00Z")),
        Ok(Some(at("2024-10-31T10:00:00Z")))
    );
    // The grid reaches back before its anchor, too.
    assert_eq!(
        next(&three, UTC, at("2024-10-20T00:00:00Z")),
        Ok(Some(at("2024-10-22T10:00:00Z")))
    );
}

#[test]
fn days_either_of_month_or_of_week_match_and_a_plus_demands_both() {
    let days = |text: &str| -> Vec<String> {
        runs(text, "UTC", "2025-06-01T12:00:00Z", 3)
            .iter()
            .map(|run| run[5..10].to_owned())
            .collect()
    };
    assert_eq!(days("0 0 13 * fri"), ["06-06", "06-13", "06-20"]);
    assert_eq!(days("0 0 13 * +fri"), ["06-13", "02-13", "03-13"]);
    assert_eq!(days("0 0 * * fri#1"), ["06-06", "07-04", "08-01"]);
    assert_eq!(days("0 0 * * friL"), ["06-27", "07-25", "08-29"]);
    assert_eq!(days("0 0 LW * *"), ["06-30", "07-31", "08-29"]);
}

#[test]
fn the_calendar_ends_without_an_error() {
    for text in [
        "every 5m",
        "hourly",
        "daily 12:00",
        "*/5 * * * *",
        "0 0 29 2 +mon",
    ] {
        assert_eq!(
            next(&rule(text), UTC, at("3999-12-31T23:59:59Z")),
            Ok(None),
            "{text}"
        );
        assert_eq!(
            next(&rule(text), UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC),
            Ok(None),
            "{text}"
        );
        let first = next(
            &rule(text),
            chrono_tz::Asia::Tokyo,
            chrono::DateTime::<chrono::Utc>::MIN_UTC,
        );
        assert!(first.expect(text).is_some(), "{text}");
    }
}

#[test]
fn ten_thousand_computations_are_quick() {
    // Debug builds are some twenty times slower; the bound only catches a walk over every minute.
    let rules = [
        "daily 02:30",
        "monthly last 18:00",
        "yearly feb 29 12:00",
        "every 7m",
        "hourly :15",
    ];
    for text in rules {
        let timetable = Timetable::new(&rule(text), chrono_tz::Europe::London).expect(text);
        let started = Instant::now();
        let mut last = at("2024-01-01T00:00:00Z");
        for _ in 0..10_000 {
            last = timetable
                .next(last)
                .expect(text)
                .unwrap_or(at("2024-01-01T00:00:00Z"));
        }
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{text}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_rule_long_past_its_last_run_is_computed_at_once() {
    let started = at("2024-01-01T00:00:00Z");
    let now = at("2025-01-01T00:00:30Z");
    let found = next(&rule("every 1m").anchored(started), UTC, now)
        .expect("a grid")
        .expect("a grid");
    assert!(found - now <= TimeDelta::seconds(60) && found.second() == 0);
}
