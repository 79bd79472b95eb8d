//! What holds for every rule, zone and instant. `PROPTEST_CASES=20000` looks for longer.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::random::{ZONES, bases, clauses, instants, parsed, rules, zones};
use super::rule;
use crate::schedule::{Rule, Timetable, missed};

/// Nothing for a rule that says itself that it never runs.
fn timetable(rule: &Rule, tz: Tz) -> Option<Timetable> {
    match Timetable::new(rule, tz) {
        Ok(timetable) => Some(timetable),
        Err(message) => {
            assert!(message.as_str().contains("never runs"), "{rule}: {message}");
            None
        }
    }
}

/// The next occurrence; nothing at the end, or where exceptions leave nothing.
fn next(timetable: &Timetable, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match timetable.next(after) {
        Ok(found) => found,
        Err(message) => {
            assert!(message.as_str().contains("leave out"), "{message}");
            None
        }
    }
}

proptest! {
    /// X-D6.
    #[test]
    fn occurrences_strictly_increase(rule in rules(), tz in zones(), start in instants()) {
        let Some(timetable) = timetable(&rule, tz) else {
            return Ok(());
        };
        let mut last = start;
        for _ in 0..100 {
            let Some(found) = next(&timetable, last) else {
                break;
            };
            prop_assert!(found > last, "{} in {}: {} after {}", rule, tz, found, last);
            last = found;
        }
    }

    #[test]
    fn the_answer_does_not_depend_on_when_it_is_asked(rule in rules(), tz in zones(), start in instants(), share in 0.0..1.0f64) {
        let Some(timetable) = timetable(&rule, tz) else {
            return Ok(());
        };
        if let Some(first) = next(&timetable, start)
            && let Some(second) = next(&timetable, first)
        {
            let wait = (second - first).num_milliseconds() as f64 * share;
            let between = first + TimeDelta::milliseconds(wait as i64);
            if between < second {
                prop_assert_eq!(timetable.next(between), Ok(Some(second)), "{} in {} after {}", rule, tz, between);
            }
            let just_before = second - TimeDelta::nanoseconds(1);
            prop_assert_eq!(timetable.next(just_before), Ok(Some(second)), "{} in {}", rule, tz);
        }
    }

    #[test]
    fn every_rule_parses_back_and_has_words(rule in rules()) {
        let text = rule.to_string();
        let again = parsed(&text);
        prop_assert_eq!(again, Some(rule), "{}", text);
        prop_assert_eq!(again.map(|rule| rule.to_string()), Some(text));
        prop_assert!(!rule.describe().is_empty());
    }

    #[test]
    fn what_was_missed_is_the_tail_of_what_occurred(rule in rules(), tz in zones(), start in instants(), count in 0usize..40, max in 0usize..5) {
        let Some(timetable) = timetable(&rule, tz) else {
            return Ok(());
        };
        let mut all = Vec::new();
        let mut last = start;
        while all.len() < count && let Some(found) = next(&timetable, last) {
            all.push(found);
            last = found;
        }
        if let Ok(found) = missed(&rule, tz, start, last, max) {
            prop_assert_eq!(&found.occurrences, &all[all.len().saturating_sub(max)..], "{} in {}", rule, tz);
            prop_assert_eq!(found.dropped, all.len() > max);
        }
    }
}

proptest! {
    /// What windows and exceptions leave is what is left when each occurrence is looked at by itself.
    #[test]
    fn clauses_only_take_away(base in bases(), clauses in clauses(), start in instants()) {
        let whole = parsed(&base).expect("a base is a rule");
        let (Some(rule), Some(whole_times)) = (parsed(&format!("{base}{clauses}")), timetable(&whole, Tz::UTC)) else {
            return Ok(());
        };
        let left = timetable(&rule, Tz::UTC).expect("the base can be computed");
        let (mut found, mut asked) = (start, start);
        for _ in 0..300 {
            let Some(at) = next(&whole_times, asked) else {
                break;
            };
            asked = at;
            if is_taken_away(&rule, at) {
                continue;
            }
            let next = next(&left, found);
            prop_assert_eq!(next, Some(at), "{} after {}", rule, found);
            found = at;
        }
        // Nothing comes between.
        if let Some(further) = next(&left, found) {
            prop_assert!(further > asked || !is_taken_away(&rule, further), "{}: {}", rule, further);
        }
    }

    /// A count ends a rule and changes nothing before its end.
    #[test]
    fn counting_only_ends(base in bases().prop_filter("has an end", |base| base.starts_with("rrule") && !base.contains("COUNT") && !base.contains("UNTIL")), tz in zones(), count in 1usize..60) {
        let Some(endless) = timetable(&parsed(&base).expect("a base is a rule"), tz) else {
            return Ok(());
        };
        let counted = parsed(&format!("{base};COUNT={count}")).expect("a count can be added");
        let counted = timetable(&counted, tz).expect("the base can be computed");
        let (mut last, mut so_far) = (super::at("1990-01-01T00:00:00Z"), 0);
        while let Some(found) = next(&counted, last) {
            prop_assert_eq!(next(&endless, last), Some(found));
            (last, so_far) = (found, so_far + 1);
        }
        prop_assert!(so_far == count || next(&endless, last).is_none(), "{}: {} of {}", base, so_far, count);
    }
}

/// By asking the exceptions' own rules for the minute, the day or the second of `at`, in UTC or the rule's offset.
fn is_taken_away(rule: &Rule, at: DateTime<Utc>) -> bool {
    let at = at + TimeDelta::minutes(i64::from(rule.offset_minutes().unwrap_or(0)));
    let text = rule.to_string();
    let mut words = text.split(' ');
    let clock = at.format("%H:%M:%S").to_string();
    let mut away = false;
    // The parts of the canonical text between the words that begin a clause.
    let mut clause: Vec<&str> = Vec::new();
    let mut clauses = Vec::new();
    loop {
        let word = words.next();
        if matches!(
            word,
            None | Some("between" | "except" | "jitter" | "gap" | "fold")
        ) {
            clauses.push(std::mem::take(&mut clause));
        }
        let Some(word) = word else {
            break;
        };
        clause.push(word);
    }
    for clause in clauses {
        match clause.as_slice() {
            ["between", from, "and", to] => {
                let whole = |text: &str| {
                    if text.len() == 5 {
                        format!("{text}:00")
                    } else {
                        text.to_owned()
                    }
                };
                let (from, to) = (whole(from), whole(to));
                away |= match from <= to {
                    true => clock < from || to < clock,
                    false => clock < from && to < clock,
                };
            }
            ["except", dates] if dates.starts_with(|first: char| first.is_ascii_digit()) => {
                away |= dates.split(',').any(|span| {
                    let (from, to) = span.split_once("..").unwrap_or((span, span));
                    let form = match (from.len(), from.contains('T')) {
                        (5, _) => "%m-%d",
                        (_, false) => "%Y-%m-%d",
                        (_, true) => "%Y-%m-%dT%H:%M",
                    };
                    let shown = at.format(form).to_string();
                    from <= shown.as_str() && shown.as_str() <= to
                });
            }
            ["except", words @ ..] => away |= covers(&words.join(" "), at),
            _ => {}
        }
    }
    away
}

fn covers(text: &str, at: DateTime<Utc>) -> bool {
    let midnight = at.with_hour(0).and_then(|at| at.with_minute(0));
    let minute = at - TimeDelta::seconds(i64::from(at.second()));
    let day = midnight.expect("a midnight") - TimeDelta::seconds(i64::from(at.second()));
    let is_recurrence = text.starts_with("rrule");
    let (text, from) = match Rule::parse(text) {
        Ok(_) if is_recurrence && !text.contains("BYHOUR") => (text.to_owned(), day),
        Ok(_) if text.split(' ').count() == 6 => (text.to_owned(), at),
        Ok(_) if text.matches(':').count() == 2 => (text.to_owned(), at),
        Ok(_) => (text.to_owned(), minute),
        Err(_) => (format!("{text} 00:00"), day),
    };
    let before = from - TimeDelta::nanoseconds(i64::from(from.nanosecond()) + 1);
    let timetable = Timetable::new(&rule(&text), Tz::UTC).expect("an exception is a rule");
    timetable.next(before) == Ok(Some(before + TimeDelta::nanoseconds(1)))
}

/// X-D6: ten years of each clock change, for rules that run in the night.
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
            "rrule FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
        ] {
            let timetable = timetable(&rule(text), tz).expect("a rule");
            let mut runs = 0;
            let mut last = start;
            while let Some(found) = next(&timetable, last)
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

/// Every gap and every fold of every zone from 1970 to 2100 is found by the policies.
#[test]
fn every_clock_change_of_every_zone_is_mapped() {
    let (start, end) = (
        super::at("1970-01-02T00:00:00Z"),
        super::at("2100-01-01T00:00:00Z"),
    );
    let mut changes = 0;
    for tz in chrono_tz::TZ_VARIANTS {
        let offset = |at: DateTime<Utc>| at.with_timezone(&tz).naive_local() - at.naive_utc();
        let minutely = timetable(&rule("* * * * * gap next fold both"), tz).expect("a rule");
        let mut at = start;
        while at < end {
            let tomorrow = at + TimeDelta::days(5);
            if offset(at) != offset(tomorrow) {
                // Each minute that the clock shows is an occurrence, through the change as before and after it.
                let (mut low, mut high) = (at, tomorrow);
                while high - low > TimeDelta::minutes(1) {
                    let middle = low + (high - low) / 2;
                    let middle = middle - TimeDelta::seconds(middle.timestamp().rem_euclid(60));
                    match offset(middle) == offset(at) {
                        true => low = middle.max(low + TimeDelta::minutes(1)).min(high),
                        false => high = middle,
                    }
                }
                let mut last = high - TimeDelta::minutes(2);
                while last < high + TimeDelta::minutes(2) {
                    let found = next(&minutely, last).expect("it goes on");
                    prop_assert_minute(found, last, tz);
                    last = found;
                }
                changes += 1;
            }
            at = tomorrow;
        }
    }
    assert!(changes > 20_000, "{changes}");
}

/// Minutes follow one another, except where a clock changes at a second within one.
fn prop_assert_minute(found: DateTime<Utc>, last: DateTime<Utc>, tz: Tz) {
    let step = found - last;
    assert!(
        step > TimeDelta::zero() && step <= TimeDelta::minutes(1),
        "{last} to {found} in {tz}"
    );
}

/// The definition, applied to every minute of the nights around clock changes.
#[test]
fn flowing_rules_match_what_the_clock_shows() {
    let changes = [
        "2025-03-30T00:00:00Z",
        "2025-10-26T00:00:00Z",
        "2025-04-05T12:00:00Z",
        "2025-10-04T12:00:00Z",
    ];
    for tz in ZONES {
        let timetable = timetable(&rule("*/10 */2 * * *"), tz).expect("a rule");
        for change in changes {
            let start = super::at(change) - TimeDelta::hours(12);
            let mut found = start;
            for minute in 1..=36 * 60 {
                let instant = start + TimeDelta::minutes(minute);
                let local = instant.with_timezone(&tz);
                if local.minute().is_multiple_of(10) && local.hour().is_multiple_of(2) {
                    found = next(&timetable, found).expect("it goes on");
                    assert_eq!(found, instant, "in {tz}");
                }
            }
        }
    }
}
