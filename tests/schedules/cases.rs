//! A case: one rule in two languages, where and from when; and the comparison of the answers.

use chrono::{DateTime, TimeDelta, Utc};
use libtest_mimic::Failed;
use serde_json::{Value, json};
use tasker::schedule::{Rule, occurrences, zone};

use crate::dice::Dice;
use crate::peer::Peer;

/// So many occurrences are compared.
const MOST: usize = 8;

/// The end of 2099: our zones know no clock change after it, Python computes them from their last rule.
const LAST: i64 = 4_102_444_799;

const ZONES: [&str; 20] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Caracas",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "UTC",
];

/// Moments shortly before clocks change.
const CHANGES: [&str; 8] = [
    "2025-03-29T12:00:00Z",
    "2025-10-25T12:00:00Z",
    "2025-03-08T22:00:00Z",
    "2025-11-01T22:00:00Z",
    "2011-12-29T12:00:00Z",
    "2025-04-04T12:00:00Z",
    "2025-10-03T12:00:00Z",
    "2025-02-22T12:00:00Z",
];

/// One rule in two languages.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) tz: &'static str,
    pub(crate) after: DateTime<Utc>,
    /// Nothing after it is compared.
    pub(crate) horizon: DateTime<Utc>,
    /// What the peer is asked.
    pub(crate) question: Value,
    /// Why the two may differ.
    pub(crate) difference: Option<&'static str>,
}

/// Where, from when and under which clauses.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) tz: &'static str,
    pub(crate) after: DateTime<Utc>,
    /// The clauses as text, each with a space in front.
    pub(crate) clauses: String,
    /// The same for the peer.
    pub(crate) question: Value,
}

impl Setting {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let tz = dice.from(&ZONES);
        let after = match dice.chance(1, 2) {
            true => dice.from(&CHANGES).parse().expect("an instant"),
            false => {
                DateTime::from_timestamp(dice.roll(4_070_908_800) as i64, 0).expect("in range")
            }
        } + TimeDelta::minutes(dice.roll(1_440) as i64);
        let (gap, fold) = (
            dice.from(&["skip", "next"]),
            dice.from(&["first", "second", "both"]),
        );
        let mut clauses = String::new();
        let mut question = json!({
            "tz": tz, "after": after.timestamp(), "most": MOST, "gap": gap, "fold": fold,
            "between": null, "dates": [], "weekdays": [], "count": null,
        });
        if dice.chance(1, 6) {
            let (first, last) = (dice.roll(96) * 900, dice.roll(96) * 900);
            if first != last {
                let clock = |second: u64| format!("{:02}:{:02}", second / 3600, second / 60 % 60);
                clauses.push_str(&format!(" between {} and {}", clock(first), clock(last)));
                question["between"] = json!([first, last]);
            }
        }
        if dice.chance(1, 6) {
            let day = (after + TimeDelta::days(dice.roll(5) as i64)).date_naive();
            let dates = [
                day.to_string(),
                day.succ_opt().expect("a day").format("%m-%d").to_string(),
            ];
            clauses.push_str(&format!(" except {}", dates.join(",")));
            question["dates"] = json!(dates);
        }
        if dice.chance(1, 8) {
            let (name, days) = dice.from(&[
                ("weekends", vec![5, 6]),
                ("weekdays", vec![0, 1, 2, 3, 4]),
                ("weekly tue", vec![1]),
            ]);
            clauses.push_str(&format!(" except {name}"));
            question["weekdays"] = json!(days);
        }
        clauses.push_str(&format!(" gap {gap} fold {fold}"));
        Self {
            tz,
            after,
            clauses,
            question,
        }
    }
}

/// What the library says; nothing where it says that the rule never runs.
pub(crate) fn ours(case: &Case) -> Option<Vec<i64>> {
    let rule = match Rule::parse(&case.text) {
        Ok(rule) => rule,
        Err(message) => {
            let known = ["never runs", "`BYSETPOS` asks for number"];
            assert!(
                known.iter().any(|part| message.as_str().contains(part)),
                "{}: {message}",
                case.text
            );
            return None;
        }
    };
    let tz = zone(case.tz).expect("a zone");
    let mut found = Vec::new();
    for at in occurrences(&rule, tz, case.after).ok()?.take(MOST) {
        match at {
            Ok(at) => found.push(at.timestamp()),
            Err(message) => {
                assert!(
                    message.as_str().contains("leave out"),
                    "{}: {message}",
                    case.text
                );
                return None;
            }
        }
    }
    Some(found)
}

/// Asks both and compares; says how many were equal.
pub(crate) fn compare(peer: &Peer, cases: impl Iterator<Item = Case>) -> Result<(), Failed> {
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    let mut silent = 0;
    for case in cases {
        match ours(&case) {
            Some(found) => {
                asked.push(case);
                answers.push(found);
            }
            None => silent += 1,
        }
    }
    let questions: Vec<Value> = asked.iter().map(|case| case.question.clone()).collect();
    let theirs = peer.ask(&questions)?;
    let (mut same, mut occurrences, mut known) = (0, 0, 0);
    let mut wrong = Vec::new();
    for ((case, ours), theirs) in asked.iter().zip(&answers).zip(&theirs) {
        let horizon = case.horizon.timestamp().min(LAST);
        let within = |found: Vec<i64>| -> Vec<i64> {
            found.into_iter().filter(|at| *at <= horizon).collect()
        };
        let their = serde_json::from_value(theirs.clone()).map(within);
        let our = within(ours.clone());
        if their.as_ref().is_ok_and(|their| *their == our) {
            same += 1;
            occurrences += our.len();
        } else if case.difference.is_some() {
            known += 1;
        } else {
            wrong.push(format!(
                "{} in {} after {}\n  ours   {}\n  theirs {}",
                case.text,
                case.tz,
                case.after,
                shown(&our),
                match their {
                    Ok(their) => shown(&their),
                    Err(_) => theirs.to_string(),
                }
            ));
        }
    }
    println!(
        "{same} cases with {occurrences} occurrences alike, {known} different as listed, {silent} that never run, {} wrong",
        wrong.len()
    );
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{} differ:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(20)].join("\n")
        )
        .into()),
    }
}

pub(crate) fn shown(instants: &[i64]) -> String {
    let texts: Vec<String> = (instants.iter())
        .map(|at| {
            DateTime::from_timestamp(*at, 0)
                .expect("in range")
                .format("%FT%TZ")
                .to_string()
        })
        .collect();
    texts.join(" ")
}
