//! Rules, zones and instants together.

mod clauses;
mod clock_changes;
mod cron;
mod missed;
mod mistakes;
mod next;
mod parse;
mod properties;
mod random;
mod rrule;
mod simulation;
mod words;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Rule, Timetable};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect(text)
}

fn rule(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|message| panic!("{text}: {message}"))
}

/// What is told of a rule that makes no sense.
fn error(text: &str) -> String {
    Rule::parse(text).expect_err(text).to_string()
}

fn zone(name: &str) -> Tz {
    super::zone(name).expect(name)
}

/// The first `count` occurrences after `after`, as RFC 3339 in UTC.
fn runs(text: &str, tz: &str, after: &str, count: usize) -> Vec<String> {
    super::occurrences(&rule(text), zone(tz), at(after))
        .expect(text)
        .take(count)
        .map(|found| found.expect(text).to_rfc3339().replace("+00:00", "Z"))
        .collect()
}

/// The occurrences after `after` and before `until`, as local times with their offset.
fn local_runs(text: &str, tz: &str, after: &str, until: &str) -> Vec<String> {
    let timetable = Timetable::new(&rule(text), zone(tz)).expect(text);
    let mut last = at(after);
    let mut found = Vec::new();
    while let Some(run) = timetable.next(last).expect(text)
        && run < at(until)
    {
        found.push(
            run.with_timezone(&zone(tz))
                .format("%m-%d %H:%M %:z")
                .to_string(),
        );
        last = run;
    }
    found
}
