//! The cases about rules and times of day, as a program meets them.

use chrono::{DateTime, Datelike, Utc};
use tasker::lifecycle::every;
use tasker::schedule::{Rule, occurrences, zone};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// F-29.
#[test]
fn f29_a_fixed_delay_counts_from_the_last_run() {
    let (now, second) = (at("2025-06-01T12:00:00Z"), chrono::TimeDelta::seconds(1));
    let delay = std::time::Duration::from_secs(90);
    let wait = |last| every(delay).next(last).unwrap().unwrap() - now;
    let last = now - chrono::TimeDelta::from_std(delay).unwrap();
    assert_eq!(wait(last), chrono::TimeDelta::zero());
    assert_eq!(wait(last + second), second);
    assert_eq!(wait(last - second), -second);
}

fn days(rule: &str, tz: &str, after: &str, count: usize) -> Vec<String> {
    let rule: Rule = rule.parse().unwrap();
    let found = occurrences(&rule, zone(tz).unwrap(), at(after)).unwrap();
    found
        .take(count)
        .map(|day| day.unwrap().to_rfc3339())
        .collect()
}

/// F-32: a day that a month has not is skipped; `last` is the last one.
#[test]
fn f32_day_31_is_skipped_in_short_months() {
    let rule: Rule = "monthly 31 09:00".parse().unwrap();
    let found = occurrences(&rule, chrono_tz::UTC, at("2025-01-01T00:00:00Z")).unwrap();
    let dates: Vec<_> = found.take(7).map(|day| day.unwrap().date_naive()).collect();
    let months: Vec<u32> = dates.iter().map(Datelike::month).collect();
    assert_eq!(months, [1, 3, 5, 7, 8, 10, 12]);
    assert!(dates.iter().all(|date| date.day() == 31));
    let last = days("monthly last 09:00", "UTC", "2025-02-01T00:00:00Z", 3);
    let wanted =
        ["2025-02-28", "2025-03-31", "2025-04-30"].map(|day| format!("{day}T09:00:00+00:00"));
    assert_eq!(last, wanted);
}

/// F-33.
#[test]
fn f33_a_day_with_a_clock_change_has_one_occurrence() {
    // Clocks go from 02:00 to 03:00 on 30 March, from 03:00 to 02:00 on 26 October.
    assert_eq!(
        days("daily 02:30", "Europe/Berlin", "2025-03-29T12:00:00Z", 2),
        ["2025-03-30T01:00:00+00:00", "2025-03-31T00:30:00+00:00"]
    );
    assert_eq!(
        days("daily 02:30", "Europe/Berlin", "2025-10-25T12:00:00Z", 2),
        ["2025-10-26T00:30:00+00:00", "2025-10-27T01:30:00+00:00"]
    );
}

/// F-34.
#[test]
fn f34_times_of_day_are_read_and_written() {
    for (text, written) in [
        ("09:30", "09:30"),
        ("09:30Z", "09:30Z"),
        ("09:30+02", "09:30+02:00"),
        ("09:30+0200", "09:30+02:00"),
        ("09:30+02:00", "09:30+02:00"),
    ] {
        let rule: Rule = format!("daily {text}").parse().unwrap();
        assert_eq!(rule.to_string(), format!("daily {written}"));
        assert_eq!(rule.to_string().parse(), Ok(rule));
    }
    for text in [
        "14:05z",
        "14:05 MST",
        "14:05UTC",
        "25:00",
        "",
        "teatime",
        "half past nine",
    ] {
        assert!(format!("daily {text}").parse::<Rule>().is_err(), "{text}");
    }
}
