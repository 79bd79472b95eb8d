//! Our check of cron fields against the crate that matches them.

use chrono::{NaiveDate, NaiveDateTime};
use croner::parser::{CronParser, Seconds, Year};
use proptest::prelude::*;

use super::rule;
use crate::schedule::Rule;

/// `croner` with this grammar's fields.
fn parser() -> CronParser {
    CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build()
}

fn croner_takes(text: &str) -> bool {
    parser().parse(text).is_ok()
}

/// Whether `croner` takes the text although it is one of the mistakes that `cron/mod.rs` documents.
fn is_documented_difference(text: &str) -> bool {
    let upper = text.to_uppercase();
    let fields: Vec<&str> = upper.split_whitespace().collect();
    let spans = [60, 60, 24, 31, 12, 7];
    let odd = |(field, span): (&&str, u64), dates: bool, weekdays: bool| {
        field.trim_start_matches('+').split(',').any(|item| {
            let wide = item
                .rsplit_once('/')
                .and_then(|(_, step)| step.split('#').next())
                .and_then(|step| step.parse().ok())
                .is_some_and(|step: u64| step > span);
            let ignored = (dates && item.find('W').is_some_and(|place| place + 1 < item.len()))
                || (weekdays && (item.matches('L').count() > 1 || item.matches('#').count() > 1));
            item.is_empty() || wide || ignored || (weekdays && item == "L")
        })
    };
    let skipped = 6 - fields.len();
    fields
        .iter()
        .zip(spans.into_iter().skip(skipped))
        .enumerate()
        .any(|(place, field)| odd(field, place + skipped == 3, place + skipped == 5))
        || never_matches(text)
}

/// By search: there is no match in the calendar's 400 years.
fn never_matches(text: &str) -> bool {
    let start = day(2000).and_hms_opt(0, 0, 0).expect("a time");
    match parser()
        .parse(text)
        .expect(text)
        .find_next_occurrence(&start, true)
    {
        Ok(found) => found.date() > day(2400),
        Err(_) => true,
    }
}

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).expect("a date")
}

fn items(field: usize) -> BoxedStrategy<String> {
    let (min, max, names): (u32, u32, &[&str]) = match field {
        0 | 1 => (0, 59, &[]),
        2 => (0, 23, &[]),
        3 => (1, 31, &[]),
        4 => (1, 12, &["jan", "Feb", "MAR", "apr", "may", "dec"]),
        _ => (0, 7, &["sun", "Mon", "TUE", "wed", "fri", "sat"]),
    };
    let value = if names.is_empty() {
        (min..=max + 1).prop_map(|value| value.to_string()).boxed()
    } else {
        let names = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
        prop_oneof![(min..=max + 1).prop_map(|value| value.to_string()), names].boxed()
    };
    let range = (value.clone(), value.clone()).prop_map(|(from, to)| format!("{from}-{to}"));
    let step = (
        prop_oneof![Just("*".to_owned()), range.clone(), value.clone()],
        0..70u32,
    )
        .prop_map(|(base, step)| format!("{base}/{step}"));
    let odd = prop::sample::select(match field {
        3 => vec![
            "L", "LW", "15W", "1w", "31W", "?", "L-3", "15WL", "?/2", "5L", "W",
        ],
        5 => vec![
            "L", "5L", "friL", "mon#1", "1#5", "1#6", "?", "1-5#2", "*/2#3", "1-3#L", "1#L", "#2",
            "sunL#2", "7#1",
        ],
        _ => vec![
            "L", "?", "*", "-", "/", "5-", "007", "1-2-3", "*/5/5", "*-5", "+1",
        ],
    })
    .prop_map(str::to_owned);
    prop_oneof![6 => value, 3 => range, 2 => step, 2 => odd].boxed()
}

fn fields(field: usize) -> BoxedStrategy<String> {
    let list = prop::collection::vec(items(field), 1..4).prop_map(|items| items.join(","));
    let plus = if field == 5 { "+" } else { "" };
    prop_oneof![
        5 => Just("*".to_owned()),
        3 => items(field),
        2 => list.clone(),
        1 => (Just(plus), list).prop_map(|(plus, list)| format!("{plus}{list}")),
    ]
    .boxed()
}

fn texts() -> impl Strategy<Value = String> {
    let six = (
        fields(0),
        fields(1),
        fields(2),
        fields(3),
        fields(4),
        fields(5),
    );
    (six, any::<bool>()).prop_map(
        |((second, minute, hour, date, month, weekday), with_seconds)| {
            let five = format!("{minute} {hour} {date} {month} {weekday}");
            if with_seconds {
                format!("{second} {five}")
            } else {
                five
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn our_check_takes_what_croner_takes(text in texts()) {
        match Rule::parse(&format!("cron {text}")) {
            Ok(_) => {
                prop_assert!(croner_takes(&text), "only we take {}", text);
                prop_assert!(!never_matches(&text), "{} never runs", text);
            }
            Err(message) => prop_assert!(
                !croner_takes(&text) || is_documented_difference(&text),
                "only croner takes {}: {}", text, message
            ),
        }
    }

    #[test]
    fn random_characters_are_judged_alike(text in "[*0-9,/#LW?+ -]{1,12} [*0-9,/]{1,3} [*0-9LW?,-]{1,4} [*1-9] [*0-7#L+,-]{1,4}") {
        match Rule::parse(&format!("cron {text}")) {
            Ok(_) => prop_assert!(croner_takes(&text), "only we take {}", text),
            Err(message) => prop_assert!(
                !croner_takes(&text) || is_documented_difference(&text),
                "only croner takes {}: {}", text, message
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn our_matches_are_those_of_croner(text in texts(), seconds in 0i64..4_102_444_800) {
        // `15W` beside `L` or `LW` changes their meaning there.
        let upper = text.to_uppercase();
        let mixes = upper.contains('L') && upper.contains('W');
        if let Ok(rule) = Rule::parse(&format!("cron {text}")) && !mixes {
            let start = chrono::DateTime::from_timestamp(seconds, 0).expect("in range");
            let expected: Vec<NaiveDateTime> = (parser().parse(&text).expect("both take it"))
                .iter_after(start.naive_utc())
                .take(5)
                .collect();
            let found: Vec<NaiveDateTime> = crate::schedule::occurrences(&rule, chrono_tz::UTC, start)
                .expect("a rule")
                .take(5)
                .map(|found| found.expect("a rule").naive_utc())
                .collect();
            prop_assert_eq!(found, expected, "{} after {}", text, start);
        }
    }
}

#[test]
fn the_short_names_are_those_of_cron() {
    let start = day(2025).and_hms_opt(0, 0, 0).expect("a time");
    for name in [
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
    ] {
        let croner = parser().parse(name).expect(name);
        let expected: Vec<NaiveDateTime> = croner.iter_after(start).take(30).collect();
        let ours: Vec<NaiveDateTime> =
            crate::schedule::occurrences(&rule(name), chrono_tz::UTC, start.and_utc())
                .expect(name)
                .take(30)
                .map(|found| found.expect(name).naive_utc())
                .collect();
        assert_eq!(ours, expected, "{name}");
    }
}

#[test]
fn the_calendar_rules_agree_with_cron() {
    let pairs = [
        ("weekdays 09:30", "30 9 * * 1-5"),
        ("weekly mon,fri 09:30", "30 9 * * mon,fri"),
        ("monthly 1,31 12:00", "0 12 1,31 * *"),
        ("monthly last 12:00", "0 12 L * *"),
        ("yearly feb,jul 29 12:00", "0 12 29 2,7 *"),
        ("hourly :15", "15 * * * *"),
        ("daily 02:30", "30 2 * * *"),
    ];
    for tz in [
        chrono_tz::America::New_York,
        chrono_tz::Australia::Lord_Howe,
        chrono_tz::Pacific::Apia,
    ] {
        for (text, cron) in pairs {
            let runs = |text: &str| -> Vec<_> {
                let start = day(2010).and_hms_opt(0, 0, 0).expect("a time").and_utc();
                let found = crate::schedule::occurrences(&rule(text), tz, start)
                    .expect(text)
                    .take(1500);
                found.map(|found| found.expect(text)).collect()
            };
            assert_eq!(runs(text), runs(cron), "{text} in {tz}");
        }
    }
}
