//! Random cron fields.

use chrono::TimeDelta;
use serde_json::json;

use crate::cases::{Case, Setting};
use crate::dice::Dice;

/// A field as we write it and as the peer does.
type Field = (String, String);

pub(crate) fn random(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let setting = Setting::random(&mut dice);
    let minute = time(&mut dice, 59);
    let hour = time(&mut dice, 23);
    let (date, month, weekday) = (date(&mut dice), month(&mut dice), weekday(&mut dice));
    let second = dice.chance(1, 4).then(|| time(&mut dice, 59));
    let text = |of: fn(&Field) -> &String, date: &Field, weekday: &Field| -> String {
        let fields = [
            second.as_ref(),
            Some(&minute),
            Some(&hour),
            Some(date),
            Some(&month),
            Some(weekday),
        ];
        let fields: Vec<&str> = fields
            .into_iter()
            .flatten()
            .map(|field| of(field).as_str())
            .collect();
        fields.join(" ")
    };
    let ours = text(|field| &field.0, &date, &weekday);
    // Where either day is enough and one is no plain list, the peer demands both: it is asked twice.
    let star = any("*");
    let is_plain = |field: &Field| !field.1.contains(['#', 'L', 'W']);
    let theirs = match date == star || weekday == star || is_plain(&date) && is_plain(&weekday) {
        true => vec![text(|field| &field.1, &date, &weekday)],
        false => vec![
            text(|field| &field.1, &date, &star),
            text(|field| &field.1, &star, &weekday),
        ],
    };
    let horizon = setting.after + TimeDelta::days(40 * 365);
    let mut question = setting.question;
    question["kind"] = json!("cron");
    question["cron"] = json!(theirs);
    question["horizon"] = json!(horizon.timestamp());
    Case {
        text: format!("cron {ours}{}", setting.clauses),
        tz: setting.tz,
        after: setting.after,
        horizon: horizon - TimeDelta::days(3),
        question,
        difference: date
            .1
            .ends_with("31W")
            .then_some("nearest-to-a-missing-day"),
    }
}

fn same(text: String) -> Field {
    (text.clone(), text)
}

fn any(text: &str) -> Field {
    same(text.to_owned())
}

fn time(dice: &mut Dice, max: i64) -> Field {
    match dice.roll(8) {
        0 | 1 => any("*"),
        2 => same(format!("*/{}", dice.from(&[2, 5, 7, 12, 15, 20]))),
        3 => {
            let from = dice.roll(max as u64 / 2);
            same(format!(
                "{from}-{}/{}",
                from + 1 + dice.roll(max as u64 / 2),
                1 + dice.roll(4)
            ))
        }
        4 => same(listed(dice.few(0, max))),
        5 => any("0"),
        _ => same(dice.roll(max as u64 + 1).to_string()),
    }
}

fn date(dice: &mut Dice) -> Field {
    match dice.roll(10) {
        0 => any("L"),
        1 => same(format!("{}W", dice.from(&[1, 2, 10, 15, 28, 31]))),
        2 => same(listed(dice.few(1, 31))),
        3 => any("10-20"),
        4 => any("31"),
        _ => any("*"),
    }
}

fn month(dice: &mut Dice) -> Field {
    match dice.roll(6) {
        0 => same(listed(dice.few(1, 12))),
        1 => any("feb"),
        2 => any("3-9/2"),
        _ => any("*"),
    }
}

fn weekday(dice: &mut Dice) -> Field {
    match dice.roll(10) {
        0 => any("mon-fri"),
        1 => same(format!("{}#{}", dice.roll(7), 1 + dice.roll(5))),
        2 => {
            let day = dice.roll(7);
            (format!("{day}L"), format!("L{day}"))
        }
        3 => same(listed(dice.few(0, 6))),
        4 => any("sun"),
        _ => any("*"),
    }
}

fn listed(numbers: Vec<i64>) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(",")
}
