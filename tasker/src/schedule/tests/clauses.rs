//! What follows a rule's base: windows, exceptions, jitter, and lists of moments.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::{at, error, local_runs, rule, runs};
use crate::schedule::{Rule, Timetable, missed, next, occurrences};

fn days(text: &str, after: &str, count: usize) -> Vec<String> {
    (runs(text, "UTC", after, count).iter())
        .map(|run| run[5..10].to_owned())
        .collect()
}

#[test]
fn a_window_includes_both_of_its_ends() {
    let clocks = |text: &str, after: &str, count| -> Vec<String> {
        (runs(text, "UTC", after, count).iter())
            .map(|run| run[11..16].to_owned())
            .collect()
    };
    for base in ["every 4h", "0 */4 * * *", "rrule FREQ=HOURLY;INTERVAL=4"] {
        let text = format!("{base} between 08:00 and 16:00");
        assert_eq!(
            clocks(&text, "2025-06-01T00:00:00Z", 4),
            ["08:00", "12:00", "16:00", "08:00"],
            "{text}"
        );
        let text = format!("{base} between 20:00 and 04:00");
        assert_eq!(
            clocks(&text, "2025-06-01T12:00:00Z", 4),
            ["20:00", "00:00", "04:00", "20:00"],
            "{text}"
        );
    }
}

#[test]
fn a_grid_is_shown_by_the_clock_and_filtered_by_it() {
    // Kathmandu is 5 h 45 min ahead: full hours of UTC are at :45.
    assert_eq!(
        runs(
            "every 1h between 08:00 and 10:00",
            "Asia/Kathmandu",
            "2025-06-01T00:00:00Z",
            3
        ),
        [
            "2025-06-01T03:00:00Z",
            "2025-06-01T04:00:00Z",
            "2025-06-02T03:00:00Z"
        ]
    );
    // A window that the clock shows twice is open twice.
    assert_eq!(
        local_runs(
            "every 15m between 01:00 and 01:15",
            "America/New_York",
            "2025-11-01T12:00:00Z",
            "2025-11-03T00:00:00Z"
        ),
        [
            "11-02 01:00 -04:00",
            "11-02 01:15 -04:00",
            "11-02 01:00 -05:00",
            "11-02 01:15 -05:00"
        ]
    );
    // One that it leaves out is not open.
    assert_eq!(
        local_runs(
            "every 15m between 02:00 and 02:45",
            "America/New_York",
            "2025-03-08T12:00:00Z",
            "2025-03-10T06:20:00Z"
        ),
        ["03-10 02:00 -04:00", "03-10 02:15 -04:00"]
    );
    // Closed when the clock goes back into it.
    assert_eq!(
        local_runs(
            "every 30m between 23:00 and 01:00",
            "America/New_York",
            "2025-11-02T03:10:00Z",
            "2025-11-02T12:00:00Z"
        ),
        [
            "11-01 23:30 -04:00",
            "11-02 00:00 -04:00",
            "11-02 00:30 -04:00",
            "11-02 01:00 -04:00",
            "11-02 01:00 -05:00"
        ]
    );
}

#[test]
fn dates_are_left_out() {
    let christmas = "daily 12:00 except 12-25..12-27,2025-12-30";
    assert_eq!(
        days(christmas, "2025-12-24T00:00:00Z", 4),
        ["12-24", "12-28", "12-29", "12-31"]
    );
    assert_eq!(
        days(christmas, "2026-12-24T00:00:00Z", 3),
        ["12-24", "12-28", "12-29"]
    );
    let shutdown = "weekdays 09:30 except 2025-12-24..2026-01-02";
    assert_eq!(
        days(shutdown, "2025-12-22T12:00:00Z", 2),
        ["12-23", "01-05"]
    );
    assert_eq!(
        days("daily 12:00 except 12-30..01-02", "2025-12-29T00:00:00Z", 2),
        ["12-29", "01-03"]
    );
    assert_eq!(
        days("daily 12:00 except 02-28..03-01", "2028-02-27T00:00:00Z", 2),
        ["02-27", "03-02"]
    );
    // A moment covers its minute, a span of time everything between.
    assert_eq!(
        runs(
            "every 30s except 2025-06-01T12:00",
            "UTC",
            "2025-06-01T11:59:00Z",
            2
        ),
        ["2025-06-01T11:59:30Z", "2025-06-01T12:01:00Z"]
    );
    assert_eq!(
        runs(
            "hourly except 2025-06-01T10:30..2025-06-02T08:00",
            "UTC",
            "2025-06-01T09:30:00Z",
            2
        ),
        ["2025-06-01T10:00:00Z", "2025-06-02T09:00:00Z"]
    );
    // Many years of minutes are skipped as one.
    assert_eq!(
        runs(
            "* * * * * * except 1970-01-01..2099-12-31",
            "Europe/London",
            "1970-06-01T00:00:00Z",
            1
        ),
        ["2100-01-01T00:00:00Z"]
    );
    assert_eq!(
        runs(
            "every 1s except 1970-01-01..2099-12-31",
            "Europe/London",
            "1970-06-01T00:00:00Z",
            1
        ),
        ["2100-01-01T00:00:00Z"]
    );
}

#[test]
fn other_rules_are_left_out_at_the_precision_they_are_written_in() {
    assert_eq!(
        days("daily 12:00 except weekends", "2025-06-06T00:00:00Z", 3),
        ["06-06", "06-09", "06-10"]
    );
    assert_eq!(
        days(
            "daily 12:00 except monthly 2,last",
            "2025-05-30T00:00:00Z",
            4
        ),
        ["05-30", "06-01", "06-03", "06-04"]
    );
    assert_eq!(
        days("daily 12:00 except yearly jun 2", "2025-06-01T00:00:00Z", 2),
        ["06-01", "06-03"]
    );
    assert_eq!(
        days(
            "daily 12:00 except rrule FREQ=MONTHLY;BYDAY=1TU",
            "2025-06-02T00:00:00Z",
            2
        ),
        ["06-02", "06-04"]
    );
    assert_eq!(
        days(
            "daily 12:00 except rrule DTSTART=20250602;FREQ=DAILY;INTERVAL=2",
            "2025-06-01T00:00:00Z",
            3
        ),
        ["06-01", "06-03", "06-05"]
    );
    // A minute, and a second.
    assert_eq!(
        runs(
            "*/30 * * * * * except hourly",
            "UTC",
            "2025-06-01T11:59:00Z",
            2
        ),
        ["2025-06-01T11:59:30Z", "2025-06-01T12:01:00Z"]
    );
    assert_eq!(
        runs(
            "*/30 * * * * * except 0 0 * * * *",
            "UTC",
            "2025-06-01T11:59:00Z",
            2
        ),
        ["2025-06-01T11:59:30Z", "2025-06-01T12:00:30Z"]
    );
    assert_eq!(
        runs(
            "*/15 * * * * except * 2-4 * * * except daily 05:15",
            "UTC",
            "2025-06-01T01:40:00Z",
            3
        ),
        [
            "2025-06-01T01:45:00Z",
            "2025-06-01T05:00:00Z",
            "2025-06-01T05:30:00Z"
        ]
    );
    assert_eq!(
        runs(
            "*/15 * * * * except weekly sun 02:00 except rrule FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
            "UTC",
            "2025-06-01T01:50:00Z",
            3
        ),
        [
            "2025-06-01T02:15:00Z",
            "2025-06-01T02:45:00Z",
            "2025-06-01T03:00:00Z"
        ]
    );
}

#[test]
fn the_local_time_that_is_named_is_left_out_not_the_one_it_is_moved_to() {
    let text = "daily 02:30 except 2025-03-09T02:00..2025-03-09T02:59";
    assert_eq!(
        local_runs(
            text,
            "America/New_York",
            "2025-03-08T00:00:00Z",
            "2025-03-11T00:00:00Z"
        ),
        ["03-08 02:30 -05:00", "03-10 02:30 -04:00"]
    );
}

#[test]
fn what_would_leave_nothing_is_refused() {
    for text in [
        "weekly sat 09:00 except weekends",
        "daily 12:00 except daily 12:00",
        "hourly except hourly",
        "daily 12:00 except weekdays except weekends",
        "daily 12:00 except weekdays except weekly sat except cron * 12 * * sun",
        "0 0 29 2 * except 02-29 except weekends",
        "*/10 * * * * except */2 * * * *",
        "yearly mar 1 08:00 except yearly mar 1,2",
        "rrule FREQ=MONTHLY;BYDAY=2TU except weekdays",
        "daily 12:00 between 12:01 and 11:59",
        "0 8-10 * * * between 10:30 and 07:59",
    ] {
        assert!(
            error(text).contains("this schedule never runs"),
            "{text}: {}",
            error(text)
        );
    }
    for text in [
        "daily 12:00 except weekdays except weekly sat",
        "daily 12:00 except daily 12:01",
        "0 0 29 2 * except weekly mon,tue,wed,thu,fri,sat",
        "* * * * * * except * * * * *",
        "daily 12:00 except rrule FREQ=DAILY;INTERVAL=2",
        "0 8-10 * * * between 10:00 and 07:59",
    ] {
        rule(text);
    }
    // Found out when it is computed.
    for text in [
        "every 1d between 08:00 and 09:00",
        "rrule FREQ=DAILY;BYHOUR=9 except rrule FREQ=MINUTELY;INTERVAL=1;UNTIL=99991231",
    ] {
        let message = next(&rule(text), Tz::UTC, at("2025-06-01T00:00:00Z")).expect_err(text);
        assert!(message.as_str().contains("leave out"), "{text}: {message}");
    }
}

#[test]
fn moments_come_one_by_one_and_end() {
    let text = "at 2025-07-01T09:00Z,2025-06-01T12:00,2025-06-01T13:00+02:00,2025-06-01T11:00:00Z";
    let zone = "Europe/London";
    assert_eq!(
        rule(text).to_string(),
        "at 2025-07-01T09:00Z,2025-06-01T12:00,2025-06-01T11:00Z,2025-06-01T11:00Z"
    );
    assert_eq!(
        runs(text, zone, "2025-01-01T00:00:00Z", 9),
        ["2025-06-01T11:00:00Z", "2025-07-01T09:00:00Z"]
    );
    assert_eq!(
        runs(text, zone, "2025-06-01T11:00:00Z", 9),
        ["2025-07-01T09:00:00Z"]
    );
    assert!(runs(text, zone, "2025-07-01T09:00:00Z", 9).is_empty());
    // D-43: once.
    let once = missed(
        &rule("at 2025-06-01T12:00"),
        Tz::UTC,
        at("2025-01-01T00:00:00Z"),
        at("2025-08-01T00:00:00Z"),
        5,
    )
    .expect("a rule");
    assert_eq!(
        (once.occurrences, once.next),
        (vec![at("2025-06-01T12:00:00Z")], None)
    );
    // Policies and exceptions apply to moments too.
    let night = "at 2025-03-30T01:30,2025-10-26T01:30";
    assert_eq!(
        runs(night, zone, "2025-01-01T00:00:00Z", 9),
        ["2025-03-30T01:00:00Z", "2025-10-26T00:30:00Z"]
    );
    assert_eq!(
        runs(
            &format!("{night} gap skip fold both"),
            zone,
            "2025-01-01T00:00:00Z",
            9
        ),
        ["2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"]
    );
    assert_eq!(
        runs(
            &format!("{night} except 03-30"),
            zone,
            "2025-01-01T00:00:00Z",
            9
        ),
        ["2025-10-26T00:30:00Z"]
    );
}

#[test]
fn jitter_delays_and_keeps_the_order() {
    let text = "every 1m jitter 50s";
    let on_time = at("2025-06-01T12:00:00Z");
    let jittered = |rule: Rule| -> Vec<_> {
        (occurrences(&rule, Tz::UTC, on_time).expect(text))
            .take(2_000)
            .map(|found| found.expect(text))
            .collect()
    };
    let found = jittered(rule(text));
    assert!(found.is_sorted_by(|a, b| a < b));
    let delays: Vec<_> = (found.iter())
        .map(|found| TimeDelta::milliseconds(found.timestamp_millis() % 60_000))
        .collect();
    assert!(delays.iter().all(|delay| *delay <= TimeDelta::seconds(50)));
    assert!(
        delays.iter().any(|delay| *delay < TimeDelta::seconds(5))
            && delays.iter().any(|delay| *delay > TimeDelta::seconds(45))
    );
    // Alike in every process, and not alike for every schedule.
    assert_eq!(found, jittered(rule(text)));
    assert_eq!(
        jittered(rule(text).seeded("a")),
        jittered(rule(text).seeded("a"))
    );
    assert_ne!(
        jittered(rule(text).seeded("a")),
        jittered(rule(text).seeded("b"))
    );
    // Wherever it is asked from.
    let timetable = Timetable::new(&rule(text), Tz::UTC).expect(text);
    for pair in found.windows(2) {
        let between = pair[0] + (pair[1] - pair[0]) / 2;
        assert_eq!(timetable.next(between), Ok(Some(pair[1])));
        assert_eq!(
            timetable.next(pair[1] - TimeDelta::milliseconds(1)),
            Ok(Some(pair[1]))
        );
    }
}

#[test]
fn jitter_longer_than_the_distance_stays_before_the_next_occurrence() {
    let text = "0,1 9 * * * jitter 1d";
    // The first is yesterday's second.
    let found: Vec<_> = occurrences(&rule(text), Tz::UTC, at("2025-06-01T12:00:00Z"))
        .expect(text)
        .skip(1)
        .take(400)
        .map(|found| found.expect(text))
        .collect();
    for (place, pair) in found.chunks(2).enumerate() {
        let nine = at("2025-06-02T09:00:00Z") + TimeDelta::days(place as i64);
        assert!(
            (nine..nine + TimeDelta::minutes(1)).contains(&pair[0]),
            "{pair:?}"
        );
        assert!(
            (nine + TimeDelta::minutes(1)..nine + TimeDelta::days(1)).contains(&pair[1]),
            "{pair:?}"
        );
    }
}

#[test]
fn clauses_have_one_canonical_order() {
    let cases = [
        (
            "daily 12:00 fold BOTH gap Skip jitter 90s except 12-26,12-25 EXCEPT Weekends Between 08:00 AND 18:00",
            "daily 12:00 between 08:00 and 18:00 except weekends except 12-25..12-26 jitter 1m30s gap skip fold both",
        ),
        ("hourly except 01-01", "hourly except 01-01"),
        (
            "hourly :15 except daily noon",
            "hourly :15 except daily 12:00",
        ),
        (
            "*/5 * * * * except cron 0 12 * * *",
            "*/5 * * * * except 0 12 * * *",
        ),
        (
            "*/5 * * * * * except 0 0 12 * * *",
            "*/5 * * * * * except 0 0 12 * * *",
        ),
        (
            "daily 12:00 except 2025-12-25T00:00..2025-12-26T23:59",
            "daily 12:00 except 2025-12-25..2025-12-26",
        ),
        (
            "daily 12:00 except 2025-12-25T12:00:30",
            "daily 12:00 except 2025-12-25T12:00:30",
        ),
        (
            "daily 12:00 except 2025-12-25T11:00..2025-12-25T12:00",
            "daily 12:00 except 2025-12-25T11:00..2025-12-25T12:00",
        ),
        (
            "daily 12:00 except rrule \"FREQ=WEEKLY;BYDAY=MO\" jitter 1m",
            "daily 12:00 except rrule FREQ=WEEKLY;BYDAY=MO jitter 1m",
        ),
        (
            "rrule FREQ=DAILY except 12-25",
            "rrule FREQ=DAILY except 12-25",
        ),
        ("@daily gap skip", "daily 00:00 gap skip"),
    ];
    for (text, canonical) in cases {
        assert_eq!(rule(text).to_string(), canonical, "{text}");
        assert_eq!(rule(canonical), rule(text), "{text}");
    }
}
