//! Where the peer reads rules differently, with who is right and why; each proved by an example.
//!
//! A proof that fails means that one side has changed: see whether the difference is gone.

use chrono::{DateTime, TimeDelta};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cases::{Case, ours, shown};
use crate::peer::Peer;

/// One difference, by a rule and what each side makes of it.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) name: &'static str,
    /// Who is right, and why.
    reason: &'static str,
    text: &'static str,
    tz: &'static str,
    after: &'static str,
    /// The rule as the peer takes it.
    question: &'static str,
    ours: &'static str,
    theirs: &'static str,
}

pub(crate) const ALL: &[Difference] = &[
    Difference {
        name: "week-without-a-day",
        reason: "Ours: RFC 5545 takes what a rule does not name from DTSTART, here the Monday. \
                 dateutil takes all seven days of the week.",
        text: "rrule DTSTART=20250512T090000;FREQ=YEARLY;BYWEEKNO=20",
        tz: "UTC",
        after: "2025-01-01T00:00:00Z",
        question: r#"{"kind": "rrule", "start": "2025-05-12T09:00:00", "parts": {"freq": "YEARLY", "byweekno": [20]}}"#,
        ours: "2025-05-12T09:00:00Z 2026-05-11T09:00:00Z 2027-05-17T09:00:00Z",
        theirs: "2025-05-12T09:00:00Z 2025-05-13T09:00:00Z 2025-05-14T09:00:00Z",
    },
    Difference {
        name: "weekdays-with-and-without-a-place",
        reason: "Ours: BYDAY is a list, and a day that is in it matches. dateutil demands that a day is among \
                 those with a place and among those without.",
        text: "rrule DTSTART=20250601T090000;FREQ=MONTHLY;BYDAY=1MO,FR",
        tz: "UTC",
        after: "2025-06-01T00:00:00Z",
        question: r#"{"kind": "rrule", "start": "2025-06-01T09:00:00", "parts": {"freq": "MONTHLY", "byweekday": [[0, 1], [4, null]]}}"#,
        ours: "2025-06-02T09:00:00Z 2025-06-06T09:00:00Z 2025-06-13T09:00:00Z",
        theirs: "",
    },
    Difference {
        name: "positions-in-the-first-week",
        reason: "Ours: BYSETPOS counts in the week, which begins on WKST. dateutil lets the first week begin with DTSTART, \
                 a Wednesday here, and finds its third day on the Friday.",
        text: "rrule DTSTART=20250101T090000;FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3",
        tz: "UTC",
        after: "2025-01-01T00:00:00Z",
        question: r#"{"kind": "rrule", "start": "2025-01-01T09:00:00", "parts": {"freq": "WEEKLY", "byweekday": [[0, null], [1, null], [2, null], [3, null], [4, null]], "bysetpos": [3]}}"#,
        ours: "2025-01-01T09:00:00Z 2025-01-08T09:00:00Z 2025-01-15T09:00:00Z",
        theirs: "2025-01-03T09:00:00Z 2025-01-08T09:00:00Z 2025-01-15T09:00:00Z",
    },
    Difference {
        name: "weeks-from-the-end",
        reason: "Ours: 29 December 2025 is in week 1 of 2026, which has 53 weeks, so that it is also the 53rd from the \
                 end. dateutil finds that week in December by 1 and not by -53.",
        text: "rrule DTSTART=20250101T090000;FREQ=YEARLY;BYWEEKNO=-53;BYDAY=MO,WE,FR",
        tz: "UTC",
        after: "2025-06-01T00:00:00Z",
        question: r#"{"kind": "rrule", "start": "2025-01-01T09:00:00", "parts": {"freq": "YEARLY", "byweekno": [-53], "byweekday": [[0, null], [2, null], [4, null]]}}"#,
        ours: "2025-12-29T09:00:00Z 2025-12-31T09:00:00Z 2026-01-02T09:00:00Z",
        theirs: "2026-01-02T09:00:00Z 2032-01-02T09:00:00Z 2037-01-02T09:00:00Z",
    },
    Difference {
        name: "counting-what-does-not-exist",
        reason: "Ours: RFC 5545 says that a local time which a clock change leaves out is ignored and not counted. \
                 dateutil counts local times without looking at the zone.",
        text: "rrule DTSTART=20250308T023000;FREQ=DAILY;COUNT=3 gap skip",
        tz: "America/New_York",
        after: "2025-03-01T00:00:00Z",
        question: r#"{"kind": "rrule", "start": "2025-03-08T02:30:00", "parts": {"freq": "DAILY", "count": 3}, "gap": "skip"}"#,
        ours: "2025-03-08T07:30:00Z 2025-03-10T06:30:00Z 2025-03-11T06:30:00Z",
        theirs: "2025-03-08T07:30:00Z 2025-03-10T06:30:00Z",
    },
    Difference {
        name: "an-end-that-is-a-date",
        reason: "Neither: RFC 5545 wants UNTIL with a time where DTSTART has one. Ours runs on the day that is named, \
                 dateutil ends at its midnight.",
        text: "rrule DTSTART:20250101T090000 RRULE:FREQ=DAILY;UNTIL=20250103",
        tz: "UTC",
        after: "2025-01-01T00:00:00Z",
        question: r#"{"kind": "text", "text": "DTSTART:20250101T090000\nRRULE:FREQ=DAILY;UNTIL=20250103"}"#,
        ours: "2025-01-01T09:00:00Z 2025-01-02T09:00:00Z 2025-01-03T09:00:00Z",
        theirs: "2025-01-01T09:00:00Z 2025-01-02T09:00:00Z",
    },
    Difference {
        name: "either-day-with-letters",
        reason: "Ours: where cron restricts both days either is enough, however they are written, and a `+` demands both. \
                 croniter has that for plain lists, and demands both with `L`, `W` or `#`.",
        text: "0 12 13 * fri#1",
        tz: "UTC",
        after: "2025-06-01T00:00:00Z",
        question: r#"{"kind": "cron", "cron": ["0 12 13 * fri#1"]}"#,
        ours: "2025-06-06T12:00:00Z 2025-06-13T12:00:00Z 2025-07-04T12:00:00Z",
        theirs: "",
    },
    Difference {
        name: "nearest-to-a-missing-day",
        reason: "Ours, as for every day that a month lacks: April has no 31st, and so no weekday nearest to it. croniter \
                 takes the one nearest to the month's last day.",
        text: "0 12 31W * *",
        tz: "UTC",
        after: "2025-04-01T00:00:00Z",
        question: r#"{"kind": "cron", "cron": ["0 12 31W * *"]}"#,
        ours: "2025-05-30T12:00:00Z 2025-07-31T12:00:00Z 2025-08-29T12:00:00Z",
        theirs: "2025-04-30T12:00:00Z 2025-05-30T12:00:00Z 2025-06-30T12:00:00Z",
    },
    Difference {
        name: "clock-changes-after-2099",
        reason: "Theirs: our zones are tables, which end with the century; Python computes further changes from the \
                 zone's last rule.",
        text: "daily 12:00",
        tz: "Europe/Dublin",
        after: "2105-05-01T18:00:00Z",
        question: r#"{"kind": "cron", "cron": ["0 12 * * *"]}"#,
        ours: "2105-05-02T12:00:00Z 2105-05-03T12:00:00Z 2105-05-04T12:00:00Z",
        theirs: "2105-05-02T11:00:00Z 2105-05-03T11:00:00Z 2105-05-04T11:00:00Z",
    },
];

impl Difference {
    /// Asks both sides for the first three occurrences.
    pub(crate) fn prove(&self, peer: &Peer) -> Result<(), Failed> {
        let after: DateTime<chrono::Utc> = self.after.parse()?;
        let horizon = after + TimeDelta::days(20 * 365);
        let mut question = json!({
            "tz": self.tz, "after": after.timestamp(), "most": 3, "gap": "next", "fold": "first",
            "between": null, "dates": [], "weekdays": [], "count": null, "horizon": horizon.timestamp(),
        });
        let own: Value = serde_json::from_str(self.question)?;
        for (name, value) in own.as_object().ok_or("the question is no object")? {
            question[name] = value.clone();
        }
        let case = Case {
            text: self.text.to_owned(),
            tz: self.tz,
            after,
            horizon,
            question: question.clone(),
            difference: Some(self.name),
        };
        let mut ours = ours(&case).ok_or("the rule never runs")?;
        ours.truncate(3);
        let answer = peer.ask(&[question])?.remove(0);
        let theirs = match serde_json::from_value::<Vec<i64>>(answer.clone()) {
            Ok(theirs) => shown(&theirs),
            Err(_) => answer.to_string(),
        };
        let found = (shown(&ours), theirs);
        match (found.0.as_str(), found.1.as_str()) == (self.ours, self.theirs) {
            true => Ok(()),
            false => Err(format!(
                "{}\n{}\n  ours   {}\n  theirs {}",
                self.text, self.reason, found.0, found.1
            )
            .into()),
        }
    }
}
