//! What holds for every rule, zone and instant.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::rule;
use crate::schedule::{Rule, Timetable};

const ZONES: [Tz; 11] = [
    Tz::UTC,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Sydney,
    Tz::America__Santiago,
    Tz::Asia__Amman,
    Tz::Africa__Casablanca,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Kiritimati,
];

fn rules() -> impl Strategy<Value = Rule> {
    let clock = (0..24u32, 0..60u32).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let days = prop::sample::select(vec!["mon", "tue,sat", "sun", "wed,thu,fri"]);
    let dates = prop::sample::select(vec!["1", "31", "29,30", "last", "13,last"]);
    let months = prop::sample::select(vec!["jan", "feb", "mar,oct", "apr,nov"]);
    let hours = prop::sample::select(vec![
        "*", "*/2", "*/5", "0", "1", "2", "0-3", "1,2,23", "23",
    ]);
    let minutes = prop::sample::select(vec!["*", "0", "30", "*/7", "*/15", "15,45", "59"]);
    let crons = prop::sample::select(vec![
        "* * *",
        "L * *",
        "29 2 *",
        "* * 0",
        "* * mon#1",
        "15W * *",
        "13 * fri",
        "13 * +fri",
    ]);
    prop_oneof![
        (1..5000u64).prop_map(|seconds| format!("every {}s", seconds * 7)),
        (0..60u32).prop_map(|minute| format!("hourly :{minute:02}")),
        clock.clone().prop_map(|clock| format!("daily {clock}")),
        (days, clock.clone()).prop_map(|(days, clock)| format!("weekly {days} {clock}")),
        (dates, clock.clone()).prop_map(|(dates, clock)| format!("monthly {dates} {clock}")),
        (months, clock.clone()).prop_map(|(months, clock)| format!("yearly {months} 5,29 {clock}")),
        (-12..=14i32, clock).prop_map(|(offset, clock)| format!("daily {clock}{offset:+03}")),
        (minutes, hours, crons).prop_map(|(minute, hour, rest)| format!("{minute} {hour} {rest}")),
    ]
    .prop_map(|text| rule(&text))
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    // Years around 2011 (Samoa's missing day) and today's rules are met more often.
    let seconds = prop_oneof![
        0..4_102_444_800i64,
        1_262_304_000..1_420_070_400i64,
        1_577_836_800..1_893_456_000i64
    ];
    (seconds, 0..1_000_000_000u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).expect("in range"))
}

fn timetable(rule: &Rule, tz: Tz) -> Timetable {
    Timetable::new(rule, tz).expect("a rule that parses can be computed")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn occurrences_strictly_increase(rule in rules(), tz in prop::sample::select(ZONES.to_vec()), start in instants()) {
        let timetable = timetable(&rule, tz);
        let mut last = start;
        for _ in 0..400 {
            let found = timetable.next(last).expect("it can be computed").expect("it goes on");
            prop_assert!(found > last, "{} in {}: {} after {}", rule, tz, found, last);
            // At most eight years between leap days, or as long as one on a given weekday takes.
            prop_assert!(found - last < TimeDelta::days(41 * 366), "{} in {}: {} after {}", rule, tz, found, last);
            last = found;
        }
    }

    #[test]
    fn the_answer_does_not_depend_on_when_it_is_asked(
        rule in rules(), tz in prop::sample::select(ZONES.to_vec()), start in instants(), share in 0.0..1.0f64,
    ) {
        let timetable = timetable(&rule, tz);
        let first = timetable.next(start).expect("it can be computed").expect("it goes on");
        let second = timetable.next(first).expect("it can be computed").expect("it goes on");
        let wait = (second - first).num_milliseconds() as f64 * share;
        let between = first + TimeDelta::milliseconds(wait as i64);
        prop_assert_eq!(timetable.next(between), Ok(Some(second)), "{} in {} after {}", rule, tz, between);
        let just_before = second - TimeDelta::nanoseconds(1);
        prop_assert_eq!(timetable.next(just_before), Ok(Some(second)), "{} in {}", rule, tz);
    }

    #[test]
    fn every_rule_parses_back_and_has_words(rule in rules()) {
        prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule));
        prop_assert!(!rule.describe().is_empty());
    }
}

/// Ten years of each clock change, minute by minute, for rules that run in the night.
#[test]
fn ten_years_are_without_gaps_and_doubles() {
    let start: DateTime<Utc> = super::at("2009-06-01T00:00:00Z");
    let end = start + TimeDelta::days(3653);
    for tz in ZONES {
        for text in [
            "daily 00:00",
            "daily 02:30",
            "30 1 * * *",
            "59 23 * * *",
            "weekly sun 02:15",
        ] {
            let timetable = timetable(&rule(text), tz);
            let mut runs = 0;
            let mut last = start;
            while let Some(found) = timetable.next(last).expect(text)
                && found < end
            {
                assert!(found > last, "{text} in {tz}");
                last = found;
                runs += 1;
            }
            // One run for each local day; a run may fall just outside at either end.
            let days = if text.starts_with("weekly") {
                522
            } else {
                3653
            };
            assert!(
                (days - 1..=days + 1).contains(&runs),
                "{text} in {tz}: {runs}"
            );
        }
    }
}

/// The definition, applied to every minute of the nights around clock changes.
#[test]
fn flowing_rules_match_what_the_clock_shows() {
    use chrono::Timelike;
    let changes = [
        "2025-03-30T00:00:00Z",
        "2025-10-26T00:00:00Z",
        "2025-04-05T12:00:00Z",
        "2025-10-04T12:00:00Z",
    ];
    for tz in ZONES {
        let timetable = timetable(&rule("*/10 */2 * * *"), tz);
        for change in changes {
            let start = super::at(change) - TimeDelta::hours(12);
            let mut found = start;
            for minute in 1..=36 * 60 {
                let instant = start + TimeDelta::minutes(minute);
                let local = instant.with_timezone(&tz);
                if local.minute().is_multiple_of(10) && local.hour().is_multiple_of(2) {
                    found = timetable.next(found).expect("a rule").expect("it goes on");
                    assert_eq!(found, instant, "in {tz}");
                }
            }
        }
    }
}
