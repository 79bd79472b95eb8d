//! A year in each zone, minute by minute, for each policy: the definition against the computation.
//!
//! The definition looks at every minute of the year, notes which local minute the clock shows, and applies the
//! policies to the local minutes that a rule names. It shares nothing with the code under test but the zones' offsets.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::rule;
use crate::schedule::{Fold, Gap, Rule, occurrences};

/// A year of each zone in which its clock changes.
const YEARS: [(Tz, i32); 11] = [
    (Tz::Europe__London, 2025),
    (Tz::America__New_York, 2025),
    (Tz::Australia__Lord_Howe, 2025),
    (Tz::America__Santiago, 2025),
    (Tz::Asia__Amman, 2021),
    // For good at UTC+3, in the middle of a night.
    (Tz::Asia__Amman, 2022),
    (Tz::Africa__Casablanca, 2025),
    // The lost 30 December.
    (Tz::Pacific__Apia, 2011),
    (Tz::Asia__Kathmandu, 2025),
    // From 5:30 to 5:45 at the start of the year.
    (Tz::Asia__Kathmandu, 1986),
    // The day that came twice.
    (Tz::Pacific__Kwajalein, 1969),
];

/// Which local minutes a rule names, by a definition of its own.
type Names = fn(NaiveDateTime) -> bool;

/// Rules, and what they mean.
const RULES: [(&str, Names); 13] = [
    ("daily 00:00", |at| (at.hour(), at.minute()) == (0, 0)),
    ("daily 00:30", |at| (at.hour(), at.minute()) == (0, 30)),
    ("daily 01:30", |at| (at.hour(), at.minute()) == (1, 30)),
    ("daily 02:15", |at| (at.hour(), at.minute()) == (2, 15)),
    ("daily 23:45", |at| (at.hour(), at.minute()) == (23, 45)),
    ("weekly sun 02:30", |at| {
        at.weekday().number_from_monday() == 7 && (at.hour(), at.minute()) == (2, 30)
    }),
    ("monthly last 00:15", |at| {
        (at + TimeDelta::days(1)).day() == 1 && (at.hour(), at.minute()) == (0, 15)
    }),
    ("hourly :30", |at| at.minute() == 30),
    ("*/30 * * * *", |at| at.minute() % 30 == 0),
    ("*/20 0-3 * * *", |at| {
        at.minute() % 20 == 0 && at.hour() <= 3
    }),
    ("10 */2 * * *", |at| at.minute() == 10 && at.hour() % 2 == 0),
    ("rrule FREQ=MINUTELY;INTERVAL=7;BYHOUR=0,1,2,3", |at| {
        at.hour() <= 3 && at.and_utc().timestamp() / 60 % 7 == 0
    }),
    (
        "rrule FREQ=HOURLY;BYMINUTE=5,35 between 23:00 and 02:20",
        |at| at.minute() % 30 == 5 && (at.hour() == 23 || at.hour() * 60 + at.minute() <= 140),
    ),
];

/// What the clock shows in a year.
struct Year {
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    /// Local minutes in their order, each with the instants that show it.
    minutes: Vec<(NaiveDateTime, Vec<DateTime<Utc>>)>,
    /// The first instants after a gap, with the first local minute that is missing and the first that is not.
    gaps: Vec<(DateTime<Utc>, NaiveDateTime, NaiveDateTime)>,
}

impl Year {
    fn of(tz: Tz, year: i32) -> Self {
        let begin = super::at(&format!("{year}-01-01T00:00:00Z")) - TimeDelta::days(2);
        let end = begin + TimeDelta::days(370);
        let shown = |at: DateTime<Utc>| at.with_timezone(&tz).naive_local();
        let first = shown(begin) - TimeDelta::days(2);
        let mut minutes: Vec<_> = (0..(end - begin).num_minutes() + 4 * 24 * 60)
            .map(|minute| (first + TimeDelta::minutes(minute), Vec::new()))
            .collect();
        let mut gaps = Vec::new();
        let mut last: Option<NaiveDateTime> = None;
        let mut at = begin;
        while at < end {
            let local = shown(at);
            if let Some(last) = last
                && local > last + TimeDelta::minutes(1)
            {
                gaps.push((at, last + TimeDelta::minutes(1), local));
            }
            minutes[(local - first).num_minutes() as usize].1.push(at);
            last = Some(local);
            at += TimeDelta::minutes(1);
        }
        Self {
            begin,
            end,
            minutes,
            gaps,
        }
    }

    /// The definition.
    fn expected(
        &self,
        named: &[&(NaiveDateTime, Vec<DateTime<Utc>>)],
        gap: Gap,
        fold: Fold,
    ) -> Vec<DateTime<Utc>> {
        let mut instants = BTreeSet::new();
        for (local, shown) in named {
            match (shown.as_slice(), fold) {
                ([], _) => {
                    let missing = self
                        .gaps
                        .iter()
                        .find(|(_, from, to)| from <= local && local < to);
                    if let (Some((end, ..)), Gap::Next) = (missing, gap) {
                        instants.insert(*end);
                    }
                }
                ([first], _) | ([first, _], Fold::First) => {
                    instants.insert(*first);
                }
                ([_, second], Fold::Second) => {
                    instants.insert(*second);
                }
                (both, _) => instants.extend(both),
            }
        }
        instants.into_iter().collect()
    }

    /// The computation.
    fn computed(&self, rule: &Rule, tz: Tz) -> Vec<DateTime<Utc>> {
        (occurrences(rule, tz, self.begin - TimeDelta::seconds(1)).expect("a rule"))
            .map(|found| found.expect("a rule"))
            .take_while(|found| *found < self.end)
            .collect()
    }
}

/// F-33, X-D4, X-D5.
#[test]
fn a_year_under_each_policy_is_as_defined() {
    let mut compared = 0;
    for (tz, year) in YEARS {
        let clock = Year::of(tz, year);
        for (text, names) in RULES {
            let named: Vec<_> = clock
                .minutes
                .iter()
                .filter(|(local, _)| names(*local))
                .collect();
            for gap in [Gap::Skip, Gap::Next] {
                for fold in [Fold::First, Fold::Second, Fold::Both] {
                    let text = format!("{text} gap {gap} fold {fold}");
                    // The definition knows nothing of the days before its year, nor of those after.
                    let edge = TimeDelta::days(2);
                    let inside =
                        |at: &DateTime<Utc>| *at > clock.begin + edge && *at < clock.end - edge;
                    let computed: Vec<_> = (clock.computed(&rule(&text), tz).into_iter())
                        .filter(inside)
                        .collect();
                    let expected: Vec<_> = (clock.expected(&named, gap, fold).into_iter())
                        .filter(inside)
                        .collect();
                    let first = computed.iter().zip(&expected).find(|(a, b)| a != b);
                    assert_eq!(
                        (first, computed.len()),
                        (None, expected.len()),
                        "{text} in {tz}, {year}"
                    );
                    compared += computed.len();
                }
            }
        }
    }
    // About as many as that many years of rules have; fewer would mean that something is not compared.
    assert!(compared > 2_500_000, "{compared}");
    println!(
        "{compared} occurrences in {} years",
        YEARS.len() * RULES.len() * 6
    );
}

/// The policies' table, as the manual of the module has it.
#[test]
fn each_policy_has_its_worked_example() {
    let cases = [
        // New York, 9 March 2025: the clock goes from 02:00 to 03:00.
        (
            "daily 02:30 gap next",
            "2025-03-08T12:00:00Z",
            &["03-09 03:00 -04:00", "03-10 02:30 -04:00"][..],
        ),
        (
            "daily 02:30 gap skip",
            "2025-03-08T12:00:00Z",
            &["03-10 02:30 -04:00"],
        ),
        (
            "30 * * * * gap next",
            "2025-03-09T06:00:00Z",
            &[
                "03-09 01:30 -05:00",
                "03-09 03:00 -04:00",
                "03-09 03:30 -04:00",
            ],
        ),
        (
            "30 * * * * gap skip",
            "2025-03-09T06:00:00Z",
            &[
                "03-09 01:30 -05:00",
                "03-09 03:30 -04:00",
                "03-09 04:30 -04:00",
            ],
        ),
        // New York, 2 November 2025: the clock goes from 02:00 back to 01:00.
        (
            "daily 01:30 fold first",
            "2025-11-01T12:00:00Z",
            &["11-02 01:30 -04:00", "11-03 01:30 -05:00"],
        ),
        (
            "daily 01:30 fold second",
            "2025-11-01T12:00:00Z",
            &["11-02 01:30 -05:00", "11-03 01:30 -05:00"],
        ),
        (
            "daily 01:30 fold both",
            "2025-11-01T12:00:00Z",
            &[
                "11-02 01:30 -04:00",
                "11-02 01:30 -05:00",
                "11-03 01:30 -05:00",
            ],
        ),
        (
            "30 * * * * fold first",
            "2025-11-02T05:00:00Z",
            &[
                "11-02 01:30 -04:00",
                "11-02 02:30 -05:00",
                "11-02 03:30 -05:00",
            ],
        ),
        (
            "30 * * * * fold second",
            "2025-11-02T05:00:00Z",
            &[
                "11-02 01:30 -05:00",
                "11-02 02:30 -05:00",
                "11-02 03:30 -05:00",
            ],
        ),
        (
            "30 * * * * fold both",
            "2025-11-02T05:00:00Z",
            &[
                "11-02 01:30 -04:00",
                "11-02 01:30 -05:00",
                "11-02 02:30 -05:00",
            ],
        ),
    ];
    for (text, after, expected) in cases {
        let found: Vec<String> =
            super::local_runs(text, "America/New_York", after, "2026-01-01T00:00:00Z")
                .into_iter()
                .take(expected.len())
                .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn the_defaults_follow_the_hour() {
    for text in [
        "daily 02:30",
        "30 2 * * *",
        "0 0-23 * * *",
        "rrule FREQ=DAILY",
        "rrule FREQ=HOURLY;BYHOUR=1,2",
        "at 2025-06-01T12:00",
        "weekly mon 09:00",
    ] {
        assert_eq!(
            (rule(text).gap(), rule(text).fold()),
            (Some(Gap::Next), Some(Fold::First)),
            "{text}"
        );
    }
    for text in [
        "hourly",
        "*/5 * * * *",
        "0 */2 * * *",
        "rrule FREQ=HOURLY",
        "rrule FREQ=MINUTELY;INTERVAL=7",
        "rrule FREQ=SECONDLY;BYMINUTE=0",
    ] {
        assert_eq!(
            (rule(text).gap(), rule(text).fold()),
            (Some(Gap::Skip), Some(Fold::Both)),
            "{text}"
        );
    }
    for text in [
        "every 5m",
        "daily 12:00Z",
        "weekly mon 09:00+02:00",
        "rrule DTSTART=20250101T000000Z;FREQ=DAILY",
    ] {
        assert_eq!(
            (rule(text).gap(), rule(text).fold()),
            (None, None),
            "{text}"
        );
    }
}
