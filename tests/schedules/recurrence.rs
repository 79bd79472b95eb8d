//! Random recurrence rules.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Map, Value, json};

use crate::cases::{Case, Setting};
use crate::dice::Dice;

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// The parts of a rule in both languages.
#[derive(Debug, Default)]
struct Parts {
    text: String,
    question: Map<String, Value>,
    difference: Option<&'static str>,
}

impl Parts {
    fn add(&mut self, name: &str, value: &str, theirs: &str, answer: Value) {
        self.text.push_str(&format!(";{name}={value}"));
        self.question.insert(theirs.to_owned(), answer);
    }

    fn numbers(&mut self, name: &str, numbers: &[i64]) {
        if !numbers.is_empty() {
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            self.add(name, &texts.join(","), &name.to_lowercase(), json!(numbers));
        }
    }
}

/// Periods of a day and longer.
pub(crate) fn days(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let mut parts = Parts::default();
    let frequency = dice.from(&["DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"]);
    if dice.chance(1, 3) {
        parts.numbers("BYMONTH", &dice.few(1, 12));
    }
    match frequency {
        "YEARLY" => yearly(&mut parts, &mut dice),
        "MONTHLY" => monthly(&mut parts, &mut dice),
        "WEEKLY" if dice.chance(3, 4) => weekdays(&mut parts, &mut dice, 0),
        "DAILY" if dice.chance(1, 3) => weekdays(&mut parts, &mut dice, 0),
        _ => {}
    }
    times(&mut parts, &mut dice, 3);
    let year = TimeDelta::days(365);
    let (within, horizon) = match frequency {
        "YEARLY" => (year * 6, year * 60),
        "MONTHLY" => (year * 4, year * 40),
        _ => (year, year * 12),
    };
    case(frequency, parts, dice, within, horizon)
}

/// Periods below a day.
pub(crate) fn within_days(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let mut parts = Parts::default();
    let frequency = dice.from(&["HOURLY", "HOURLY", "MINUTELY", "MINUTELY", "SECONDLY"]);
    if dice.chance(1, 6) {
        weekdays(&mut parts, &mut dice, 0);
    }
    if dice.chance(1, 8) {
        parts.numbers("BYMONTHDAY", &dice.few(-31, 31));
    }
    if dice.chance(1, 12) {
        parts.numbers("BYYEARDAY", &dice.few(-366, 366));
    }
    times(&mut parts, &mut dice, 2);
    let (within, horizon) = match frequency {
        "HOURLY" => (TimeDelta::days(20), TimeDelta::days(200)),
        "MINUTELY" => (TimeDelta::hours(20), TimeDelta::days(12)),
        _ => (TimeDelta::minutes(20), TimeDelta::hours(20)),
    };
    case(frequency, parts, dice, within, horizon)
}

fn yearly(parts: &mut Parts, dice: &mut Dice) {
    let has_month = parts.text.contains("BYMONTH=");
    match dice.roll(8) {
        0 | 1 => weekdays(parts, dice, if has_month { 5 } else { 53 }),
        2 => parts.numbers("BYMONTHDAY", &dice.few(-31, 31)),
        3 => parts.numbers("BYYEARDAY", &dice.few(-366, 366)),
        4 | 5 => {
            let weeks = dice.few(-53, 53);
            parts.numbers("BYWEEKNO", &weeks);
            if weeks.iter().any(|week| *week < -51) {
                parts.difference = Some("weeks-from-the-end");
            }
            if dice.chance(3, 4) {
                weekdays(parts, dice, 0);
            } else {
                parts.difference = Some("week-alone");
            }
        }
        6 => {
            weekdays(parts, dice, 0);
            parts.numbers("BYMONTHDAY", &dice.few(-31, 31));
        }
        _ => {}
    }
}

fn monthly(parts: &mut Parts, dice: &mut Dice) {
    match dice.roll(5) {
        0 | 1 => weekdays(parts, dice, 5),
        2 => parts.numbers("BYMONTHDAY", &dice.few(-31, 31)),
        3 => {
            weekdays(parts, dice, 0);
            parts.numbers("BYMONTHDAY", &dice.few(-31, 31));
        }
        _ => {}
    }
}

/// Days of the week, with places up to `most`.
fn weekdays(parts: &mut Parts, dice: &mut Dice, most: i64) {
    let with_places = most > 0 && dice.chance(2, 3);
    let (mut texts, mut answer) = (Vec::new(), Vec::new());
    for day in dice.few(0, 6) {
        let place = match with_places {
            true if dice.chance(1, 10) => 0,
            true => dice.few(-most, most).first().copied().unwrap_or(1),
            false => 0,
        };
        let name = WEEKDAYS[day as usize];
        texts.push(match place {
            0 => name.to_owned(),
            place => format!("{place}{name}"),
        });
        answer.push(json!([
            day,
            if place == 0 {
                Value::Null
            } else {
                json!(place)
            }
        ]));
    }
    let plain = texts.iter().filter(|text| text.len() == 2).count();
    if plain > 0 && plain < texts.len() {
        parts.difference = Some("places-and-all");
    }
    parts.add("BYDAY", &texts.join(","), "byweekday", json!(answer));
}

fn times(parts: &mut Parts, dice: &mut Dice, often: u64) {
    if dice.chance(1, often) {
        parts.numbers("BYHOUR", &dice.few(0, 23));
    }
    if dice.chance(1, often) {
        parts.numbers("BYMINUTE", &dice.few(0, 59));
    }
    if dice.chance(1, often * 2) {
        parts.numbers("BYSECOND", &dice.few(0, 59));
    }
}

fn case(
    frequency: &str,
    mut parts: Parts,
    mut dice: Dice,
    within: TimeDelta,
    horizon: TimeDelta,
) -> Case {
    let setting = Setting::random(&mut dice);
    if dice.chance(1, 2) {
        let interval = dice.from(&[2, 2, 3, 4, 5, 7, 11, 24, 60, 90]);
        parts.add(
            "INTERVAL",
            &interval.to_string(),
            "interval",
            json!(interval),
        );
    }
    if dice.chance(1, 5) && parts.text.contains("BY") {
        let place = dice.from(&[vec![1], vec![-1], vec![1, -1], vec![2], vec![-2, 3]]);
        parts.numbers("BYSETPOS", &place);
        if frequency == "WEEKLY" {
            parts.difference = Some("first-week");
        }
    }
    if dice.chance(1, 4) {
        let day = dice.from(&[6, 2, 5]);
        parts.add("WKST", WEEKDAYS[day], "wkst", json!(day));
    }
    // A start within a while before, which is often shortly before the clocks change.
    let back = TimeDelta::minutes(dice.roll(within.num_minutes() as u64) as i64);
    let start = (setting.after - back).naive_utc();
    let start = start - TimeDelta::seconds(i64::from(chrono::Timelike::second(&start)));
    let end = setting.after + horizon;
    let mut question = setting.question;
    let mut text = format!(
        "rrule DTSTART={};FREQ={frequency}{}",
        basic(start),
        parts.text
    );
    match dice.roll(8) {
        0 => {
            let count = 1 + dice.roll(12);
            text.push_str(&format!(";COUNT={count}"));
            question["count"] = json!(count);
        }
        1 => {
            let until = setting.after.naive_utc()
                + TimeDelta::minutes(dice.roll(within.num_minutes() as u64) as i64);
            text.push_str(&format!(";UNTIL={}", basic(until)));
            parts.question.insert(
                "until".to_owned(),
                json!(until.to_string().replace(' ', "T")),
            );
        }
        _ => {}
    }
    parts.question.insert("freq".to_owned(), json!(frequency));
    question["kind"] = json!("rrule");
    question["parts"] = Value::Object(parts.question);
    question["start"] = json!(start.format("%FT%T").to_string());
    question["horizon"] = json!(end.timestamp());
    Case {
        text: format!("{text}{}", setting.clauses),
        tz: setting.tz,
        after: setting.after,
        // Local time is up to fourteen hours ahead of the peer's horizon.
        horizon: end - TimeDelta::days(3).min(horizon * 3 / 4),
        question,
        difference: parts.difference,
    }
}

fn basic(civil: NaiveDateTime) -> String {
    civil.format("%Y%m%dT%H%M%S").to_string()
}
