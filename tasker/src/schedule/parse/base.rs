//! The first part of a rule, which says when: its first word decides, and each kind has its own function.

use super::FORMS;
use super::clauses;
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt, duration, suggest};
use crate::schedule::cron;
use crate::schedule::days::Days;
use crate::schedule::moments::Moments;
use crate::schedule::names;
use crate::schedule::rrule;
use crate::schedule::rule::When;
use crate::schedule::time::TimeOfDay;

const KINDS: [&str; 11] = [
    "every", "hourly", "daily", "weekdays", "weekends", "weekly", "monthly", "yearly", "cron",
    "rrule", "at",
];
const SHORT: [&str; 8] = [
    "@every",
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
];
/// The bounds of `every`, in milliseconds: a second and ten years.
const PERIODS: [u64; 2] = [1000, 3650 * 86_400_000];

/// When the rule comes true, and the zone that it names itself.
pub(super) const fn base(cursor: &mut Cursor<'_>) -> Result<(When, Option<u16>), Message> {
    let rest = *cursor;
    let kind = cursor.word();
    let when = match cursor::position(kind, &KINDS) {
        Some(0) => attempt!(every(cursor)),
        Some(1) => attempt!(hourly(cursor)),
        Some(place @ 2..=7) => {
            let days = attempt!(days(place, cursor));
            let time = attempt!(time(EXAMPLES[place - 2], cursor));
            When::Days { days, time }
        }
        Some(8) => attempt!(cron_fields(cursor)),
        Some(9) => {
            let (rule, zone) = attempt!(rrule::parse(cursor));
            return Ok((When::Rrule(rule), zone));
        }
        Some(_) => When::At(attempt!(Moments::parse(cursor.word()))),
        None if looks_like_cron(kind) => {
            *cursor = rest;
            attempt!(cron_fields(cursor))
        }
        None => attempt!(short(kind, cursor)),
    };
    Ok((when, None))
}

/// What an exception names; whether it has a time of day of its own.
pub(super) const fn exception(cursor: &mut Cursor<'_>) -> Result<(When, bool), Message> {
    let rest = *cursor;
    let kind = cursor.word();
    match cursor::position(kind, &KINDS) {
        Some(1) => Ok((attempt!(hourly(cursor)), true)),
        Some(place @ 2..=7) => {
            let days = attempt!(days(place, cursor));
            let has_time = place == 2 || is_time(*cursor);
            let time = match has_time {
                true => attempt!(time(EXAMPLES[place - 2], cursor)),
                false => TimeOfDay::MIDNIGHT,
            };
            if time.offset.is_some() {
                return Err(Message::new(
                    "what is left out is local time: write it without an offset from UTC",
                ));
            }
            Ok((When::Days { days, time }, has_time))
        }
        Some(8) => Ok((When::Cron(attempt!(fields(cursor))), true)),
        Some(9) => Ok((attempt!(recurrence(cursor)), true)),
        Some(place) => {
            let message = Message::new("`")
                .text(KINDS[place])
                .text("` cannot be left out: ");
            Err(message.text("write dates, days, cron or an `rrule` after `except`"))
        }
        None => {
            *cursor = rest;
            Ok((When::Cron(attempt!(fields(cursor))), true))
        }
    }
}

/// A recurrence rule as an exception.
const fn recurrence(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let (rule, zone) = attempt!(rrule::parse(cursor));
    if rule.count.is_some() {
        return Err(Message::new(
            "an `rrule` that is left out has no `COUNT`: write `UNTIL`",
        ));
    }
    if zone.is_some() || rule.is_utc() {
        return Err(Message::new(
            "what is left out is local time: write `DTSTART` without a zone",
        ));
    }
    Ok(When::Rrule(rule))
}

/// Whether the next word is a time of day.
const fn is_time(mut cursor: Cursor<'_>) -> bool {
    let word = cursor.word();
    cursor::split(word, b':').is_some()
        || word.eq_ignore_ascii_case("noon")
        || word.eq_ignore_ascii_case("midnight")
}

/// The rules of days, from `daily` on.
const EXAMPLES: [&str; 6] = [
    "daily 12:00",
    "weekdays 09:30",
    "weekends 10:00",
    "weekly mon,fri 09:30",
    "monthly 1,15 09:00",
    "yearly mar 1 08:00",
];

/// The days that the kind at this place of `KINDS` names, with the words after it.
const fn days(place: usize, cursor: &mut Cursor<'_>) -> Result<Days, Message> {
    match place {
        2 => Ok(Days::EVERY),
        3 => Ok(Days::of_week(Days::MONDAY_TO_FRIDAY)),
        4 => Ok(Days::of_week(Days::WEEKEND)),
        5 => {
            let list = attempt!(needed(cursor, "weekly", "the days", EXAMPLES[3]));
            Ok(Days::of_week(attempt!(names::weekdays(list))))
        }
        6 => {
            let list = attempt!(needed(cursor, "monthly", "the days", EXAMPLES[4]));
            Ok(Days::of_year(Days::ALL_MONTHS, attempt!(names::days(list))))
        }
        _ => {
            let list = attempt!(needed(cursor, "yearly", "the month", EXAMPLES[5]));
            let months = attempt!(names::months(list));
            let list = attempt!(needed(cursor, "yearly", "the day", EXAMPLES[5]));
            let dates = attempt!(names::days(list));
            attempt!(names::dates_exist(months, dates));
            Ok(Days::of_year(months, dates))
        }
    }
}

const fn every(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let word = cursor.word();
    if word.is_empty() {
        return Err(Message::new("`every` needs a duration: write `every 5m`"));
    }
    let units = ["second", "minute", "hour", "day", "week", "month", "year"];
    let cures = [
        "every 1s",
        "every 1m",
        "hourly",
        "daily 12:00",
        "weekly mon 09:30",
        "monthly 1 09:00",
        "yearly jan 1 09:00",
    ];
    if let Some(unit) = cursor::position(word, &units) {
        let message = Message::new("`every ")
            .text(units[unit])
            .text("` is not a schedule: write ");
        return Err(message.quote(cures[unit]));
    }
    let period = attempt!(duration::parse(word)).as_millis();
    if period < PERIODS[0] as u128 || period > PERIODS[1] as u128 {
        let message = Message::new("`every ")
            .text(word)
            .text("` is out of bounds: ");
        return Err(message.text("write a duration from `1s` to `3650d`"));
    }
    Ok(When::Every {
        period: period as u64,
    })
}

const fn hourly(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let before = *cursor;
    let word = cursor.word();
    if word.is_empty() || clauses::is_clause(word) {
        *cursor = before;
        return Ok(When::Hourly { minute: 0 });
    }
    if let Some(digits) = cursor::after_prefix(word, ":")
        && digits.len() == 2
        && let Some(minute) = cursor::number(digits)
        && minute < 60
    {
        return Ok(When::Hourly {
            minute: minute as u8,
        });
    }
    let message = Message::new("")
        .quote(word)
        .text(" is not a minute of the hour: ");
    Err(message.text("write `hourly :15`, from `:00` to `:59`"))
}

/// The time of day that comes next.
const fn time(example: &str, cursor: &mut Cursor<'_>) -> Result<TimeOfDay, Message> {
    let word = cursor.word();
    if word.is_empty() || clauses::is_clause(word) {
        return Err(Message::new(
            "the schedule has no time of day: write it after the days, as in ",
        )
        .quote(example));
    }
    let time = attempt!(TimeOfDay::parse(word));
    if time.offset.is_none() && is_offset(cursor.rest()) {
        let message = Message::new("")
            .quote(cursor.rest())
            .text(" stands apart from its time of day: write `");
        return Err(message.text(word).text(cursor.rest()).text("`"));
    }
    Ok(time)
}

const fn is_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && (bytes[0] == b'+' || bytes[0] == b'-' || (bytes[0] == b'Z' && bytes.len() == 1))
}

const fn needed<'a>(
    cursor: &mut Cursor<'a>,
    kind: &str,
    what: &str,
    example: &str,
) -> Result<&'a str, Message> {
    let word = cursor.word();
    if word.is_empty() {
        let message = Message::new("")
            .quote(kind)
            .text(" needs ")
            .text(what)
            .text(": write ");
        return Err(message.quote(example));
    }
    Ok(word)
}

/// Cron as a base. Seconds that are a minute's first need no field.
const fn cron_fields(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let mut cron = attempt!(fields(cursor));
    cron.with_seconds = cron.times.seconds != 1;
    Ok(When::Cron(cron))
}

const fn fields(cursor: &mut Cursor<'_>) -> Result<cron::Cron, Message> {
    cron::parse(clauses::before_clauses(cursor))
}

/// Cron begins with a digit or a star, no other rule does.
const fn looks_like_cron(word: &str) -> bool {
    let first = word.as_bytes()[0];
    (first.is_ascii_digit() || first == b'*') && cursor::split(word, b':').is_none()
}

/// `@daily` and its kin; or a word that begins no rule.
const fn short(word: &str, cursor: &mut Cursor<'_>) -> Result<When, Message> {
    const SUNDAY: u8 = 1 << 6;
    let days = match cursor::position(word, &SHORT) {
        Some(0) => return every(cursor),
        Some(1) => return Ok(When::Hourly { minute: 0 }),
        Some(2 | 3) => Days::EVERY,
        Some(4) => Days::of_week(SUNDAY),
        Some(5) => Days::of_year(Days::ALL_MONTHS, 1 << 1),
        Some(_) => Days::of_year(1, 1 << 1),
        None => return Err(unknown(word)),
    };
    Ok(When::Days {
        days,
        time: TimeOfDay::MIDNIGHT,
    })
}

const fn unknown(word: &str) -> Message {
    if word.as_bytes()[0].is_ascii_digit() {
        let message = Message::new("")
            .quote(word)
            .text(" is a time of day, not a schedule: write `daily ");
        return message.text(word).text("`");
    }
    let message = Message::new("").quote(word).text(" begins no schedule");
    if word.as_bytes()[0] == b'@' {
        let message = message.suggest(suggest::closest(word, &SHORT));
        return message.text("the short names are `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every 5m`");
    }
    let message = message.suggest(suggest::closest(word, &KINDS));
    message.text(FORMS)
}
