//! Gaps and folds, at concrete instants.

use chrono::TimeDelta;

use super::{at, local_runs, rule, runs, zone};
use crate::schedule::next;

const LONDON: &str = "Europe/London";
const NEW_YORK: &str = "America/New_York";

#[test]
fn a_concrete_time_in_a_gap_runs_once_at_its_end() {
    for text in ["daily 01:30", "30 1 * * *", "0 30 1 * * *"] {
        assert_eq!(
            runs(text, LONDON, "2025-03-29T00:00:00Z", 3),
            [
                "2025-03-29T01:30:00Z",
                "2025-03-30T01:00:00Z",
                "2025-03-31T00:30:00Z"
            ],
            "{text}"
        );
    }
    assert_eq!(
        local_runs(
            "daily 02:30",
            NEW_YORK,
            "2025-03-08T12:00:00Z",
            "2025-03-11T00:00:00Z"
        ),
        ["03-09 03:00 -04:00", "03-10 02:30 -04:00"]
    );
}

#[test]
fn many_matches_in_a_gap_are_one_run() {
    assert_eq!(
        local_runs(
            "*/20 2 * * *",
            NEW_YORK,
            "2025-03-08T12:00:00Z",
            "2025-03-10T06:21:00Z"
        ),
        [
            "03-09 03:00 -04:00",
            "03-10 02:00 -04:00",
            "03-10 02:20 -04:00"
        ]
    );
    // 03:00 has a match of its own, which falls on the same instant.
    assert_eq!(
        local_runs(
            "30 2,3 * * *",
            NEW_YORK,
            "2025-03-08T12:00:00Z",
            "2025-03-10T00:00:00Z"
        ),
        ["03-09 03:00 -04:00", "03-09 03:30 -04:00"]
    );
    assert_eq!(
        local_runs(
            "0 2,3 * * *",
            NEW_YORK,
            "2025-03-08T12:00:00Z",
            "2025-03-10T00:00:00Z"
        ),
        ["03-09 03:00 -04:00"]
    );
}

#[test]
fn a_concrete_time_in_a_fold_runs_once_in_the_first_pass() {
    for text in ["daily 01:30", "30 1 * * *"] {
        assert_eq!(
            local_runs(
                text,
                NEW_YORK,
                "2025-11-01T12:00:00Z",
                "2025-11-04T00:00:00Z"
            ),
            ["11-02 01:30 -04:00", "11-03 01:30 -05:00"],
            "{text}"
        );
    }
    // Every second of one hour, and then no hour over again.
    let second_pass = at("2025-11-02T06:00:00Z");
    let found = next(
        &rule("* * 1 * * *"),
        zone(NEW_YORK),
        second_pass - TimeDelta::seconds(1),
    );
    assert_eq!(found, Ok(Some(at("2025-11-03T06:00:00Z"))));
}

#[test]
fn every_quarter_of_an_hour_runs_through_fold_and_gap() {
    for text in [
        "*/15 * * * *",
        "every 15m",
        "0 */15 * * * *",
        "0,15,30,45 */1 * * *",
    ] {
        for (tz, change) in [
            (LONDON, "2025-03-30T01:00:00Z"),
            (LONDON, "2025-10-26T01:00:00Z"),
            (NEW_YORK, "2025-11-02T06:00:00Z"),
            ("Australia/Lord_Howe", "2025-04-05T15:00:00Z"),
            ("Australia/Lord_Howe", "2025-10-04T15:30:00Z"),
            ("Africa/Casablanca", "2025-02-23T02:00:00Z"),
            ("America/Santiago", "2025-04-06T03:00:00Z"),
        ] {
            let start = at(change) - TimeDelta::hours(3);
            let mut expected = start;
            for found in super::super::occurrences(&rule(text), zone(tz), start)
                .expect(text)
                .take(24)
            {
                expected += TimeDelta::minutes(15);
                assert_eq!(found, Ok(expected), "{text} in {tz}");
            }
        }
    }
}

#[test]
fn hourly_runs_in_both_passes_and_skips_a_gap() {
    for text in ["hourly :30", "30 * * * *", "30 */1 * * *"] {
        assert_eq!(
            local_runs(
                text,
                NEW_YORK,
                "2025-11-02T04:45:00Z",
                "2025-11-02T08:00:00Z"
            ),
            [
                "11-02 01:30 -04:00",
                "11-02 01:30 -05:00",
                "11-02 02:30 -05:00"
            ],
            "{text}"
        );
        assert_eq!(
            local_runs(
                text,
                NEW_YORK,
                "2025-03-09T05:45:00Z",
                "2025-03-09T09:00:00Z"
            ),
            [
                "03-09 01:30 -05:00",
                "03-09 03:30 -04:00",
                "03-09 04:30 -04:00"
            ],
            "{text}"
        );
    }
}

#[test]
fn half_an_hour_is_a_gap_and_a_fold_too() {
    let tz = "Australia/Lord_Howe";
    assert_eq!(
        local_runs(
            "daily 02:15",
            tz,
            "2025-10-04T00:00:00Z",
            "2025-10-06T00:00:00Z"
        ),
        ["10-05 02:30 +11:00", "10-06 02:15 +11:00"]
    );
    assert_eq!(
        local_runs(
            "daily 01:45",
            tz,
            "2025-04-05T00:00:00Z",
            "2025-04-07T00:00:00Z"
        ),
        ["04-06 01:45 +11:00", "04-07 01:45 +10:30"]
    );
    assert_eq!(
        local_runs(
            "hourly :45",
            tz,
            "2025-04-05T14:00:00Z",
            "2025-04-05T16:30:00Z"
        ),
        [
            "04-06 01:45 +11:00",
            "04-06 01:45 +10:30",
            "04-06 02:45 +10:30"
        ]
    );
}

#[test]
fn midnight_may_be_missing() {
    assert_eq!(
        local_runs(
            "daily 00:00",
            "America/Santiago",
            "2025-09-06T05:00:00Z",
            "2025-09-09T00:00:00Z"
        ),
        ["09-07 01:00 -03:00", "09-08 00:00 -03:00"]
    );
    assert_eq!(
        local_runs(
            "0 0 * * *",
            "Asia/Amman",
            "2022-02-24T12:00:00Z",
            "2022-02-26T12:00:00Z"
        ),
        ["02-25 01:00 +03:00", "02-26 00:00 +03:00"]
    );
    // And come twice: the clock goes back from 24:00 to 23:00 of the day before.
    assert_eq!(
        local_runs(
            "daily 23:30",
            "America/Santiago",
            "2025-04-05T12:00:00Z",
            "2025-04-07T12:00:00Z"
        ),
        ["04-05 23:30 -03:00", "04-06 23:30 -04:00"]
    );
    assert_eq!(
        local_runs(
            "daily 00:00",
            "America/Santiago",
            "2025-04-05T12:00:00Z",
            "2025-04-07T12:00:00Z"
        ),
        ["04-06 00:00 -04:00", "04-07 00:00 -04:00"]
    );
}

#[test]
fn a_whole_day_may_be_missing() {
    // Samoa went from the end of 29 December 2011 straight to 31 December.
    for text in ["daily 12:00", "0 12 * * *"] {
        assert_eq!(
            local_runs(
                text,
                "Pacific/Apia",
                "2011-12-29T00:00:00Z",
                "2011-12-31T12:00:00Z"
            ),
            [
                "12-29 12:00 -10:00",
                "12-31 00:00 +14:00",
                "12-31 12:00 +14:00"
            ],
            "{text}"
        );
    }
    assert_eq!(
        local_runs(
            "* 12 30 12 *",
            "Pacific/Apia",
            "2011-12-29T00:00:00Z",
            "2012-01-01T00:00:00Z"
        ),
        ["12-31 00:00 +14:00"]
    );
    assert_eq!(
        local_runs(
            "0 */6 * * *",
            "Pacific/Apia",
            "2011-12-29T22:30:00Z",
            "2011-12-30T22:30:00Z"
        ),
        [
            "12-29 18:00 -10:00",
            "12-31 00:00 +14:00",
            "12-31 06:00 +14:00",
            "12-31 12:00 +14:00"
        ]
    );
    assert_eq!(
        runs("*/30 * * * 5", "Pacific/Apia", "2011-12-30T09:45:00Z", 1),
        ["2012-01-05T10:00:00Z"]
    );
}
