//! From text to rule, in `const fn`: the compiler runs this for attributes, the runtime for the rest.
//!
//! The first word decides; each kind of rule has its own function below. Every message names the word that is
//! wrong and says what to write.

use super::cron;
use super::days::Days;
use super::names;
use super::rule::{Rule, When};
use super::time::TimeOfDay;
use super::zones;
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt, duration, suggest};

const KINDS: [&str; 9] = [
    "every", "hourly", "daily", "weekdays", "weekends", "weekly", "monthly", "yearly", "cron",
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
const FORMS: &str = "write `every 5m`, `hourly`, `daily 12:00`, `weekdays 09:30`, `weekends 10:00`, `weekly mon,fri 09:30`, \
                     `monthly 1 09:00`, `yearly mar 1 08:00` or cron such as `*/5 * * * *`";
/// The bounds of `every`, in milliseconds: a second and ten years.
const PERIODS: [u64; 2] = [1000, 3650 * 86_400_000];
impl Rule {
    /// The rule that `text` names.
    ///
    /// # Errors
    ///
    /// Anything that the grammar of the [module](crate::schedule) does not have, and rules that could never come
    /// true. The message names the word and says what to write.
    pub const fn parse(text: &str) -> Result<Self, Message> {
        let mut cursor = Cursor::new(text);
        let zone = attempt!(prefix(&mut cursor));
        let rest = cursor;
        let kind = cursor.word();
        let when = match cursor::position(kind, &KINDS) {
            Some(0) => attempt!(every(&mut cursor)),
            Some(1) => attempt!(hourly(&mut cursor)),
            Some(2) => attempt!(on(Days::EVERY, "daily 12:00", &mut cursor)),
            Some(3) => attempt!(on(
                Days::of_week(Days::MONDAY_TO_FRIDAY),
                "weekdays 09:30",
                &mut cursor
            )),
            Some(4) => attempt!(on(
                Days::of_week(Days::WEEKEND),
                "weekends 10:00",
                &mut cursor
            )),
            Some(5) => attempt!(weekly(&mut cursor)),
            Some(6) => attempt!(monthly(&mut cursor)),
            Some(7) => attempt!(yearly(&mut cursor)),
            Some(_) => return in_zone(attempt!(cron_fields(cursor.rest())), zone),
            None if looks_like_cron(kind) => {
                return in_zone(attempt!(cron_fields(rest.rest())), zone);
            }
            None => attempt!(short(kind, &mut cursor)),
        };
        if !cursor.rest().is_empty() {
            let message = Message::new("")
                .quote(cursor.rest())
                .text(" is too much after the schedule ");
            return Err(message
                .quote(kind)
                .text(": a zone goes into `tz` or `TZ=Europe/London` in front"));
        }
        in_zone(when, zone)
    }

    /// As [`Rule::parse`], for a rule that is given together with a zone.
    ///
    /// The zone is checked but not kept in the rule: it goes into [`next`](super::next()) beside it.
    ///
    /// # Errors
    ///
    /// As [`Rule::parse`] and [`check_zone`](super::check_zone); and the rule names a zone or an offset itself.
    pub const fn parse_in(text: &str, tz: Option<&str>) -> Result<Self, Message> {
        let rule = attempt!(Self::parse(text));
        if let Some(tz) = tz {
            attempt!(rule.check_with_tz(tz));
        }
        Ok(rule)
    }

    /// Whether the rule may be given together with the zone `tz`.
    ///
    /// # Errors
    ///
    /// `tz` is no zone, or the rule names a zone or an offset itself.
    pub const fn check_with_tz(&self, tz: &str) -> Result<(), Message> {
        attempt!(zones::check_zone(tz));
        if let Some(own) = self.zone() {
            let message = Message::new("the schedule names the zone ")
                .quote(own)
                .text(" and `tz` the zone ");
            return Err(message.quote(tz).text(": leave one of them out"));
        }
        if self.offset_minutes().is_some() {
            let message =
                Message::new("the schedule's time of day has an offset from UTC and `tz` names ");
            return Err(message.quote(tz).text(": leave one of them out"));
        }
        Ok(())
    }
}

const fn in_zone(when: When, zone: Option<u16>) -> Result<Rule, Message> {
    let rule = Rule { when, zone };
    if let (Some(zone), Some(_)) = (rule.zone(), rule.offset_minutes()) {
        let message = Message::new("the time of day has an offset from UTC and `TZ=").text(zone);
        return Err(message.text("` names a zone: leave one of them out"));
    }
    Ok(rule)
}

/// `TZ=Europe/London` in front.
const fn prefix(cursor: &mut Cursor<'_>) -> Result<Option<u16>, Message> {
    let start = *cursor;
    let word = cursor.word();
    let name = match cursor::after_prefix(word, "TZ=") {
        Some(name) => name,
        None => match cursor::after_prefix(word, "CRON_TZ=") {
            Some(name) => name,
            None => {
                *cursor = start;
                if word.is_empty() {
                    return Err(Message::new("a schedule is missing: ").text(FORMS));
                }
                return Ok(None);
            }
        },
    };
    let zone = attempt!(zones::find(name));
    if cursor.rest().is_empty() {
        let message = Message::new("")
            .quote(word)
            .text(" names a zone but no schedule: write `");
        return Err(message.text(word).text(" daily 12:00`"));
    }
    Ok(Some(zone))
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
        anchor: 0,
    })
}

const fn hourly(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let word = cursor.word();
    if word.is_empty() {
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

const fn weekly(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let list = attempt!(needed(cursor, "weekly", "the days", "weekly mon,fri 09:30"));
    let days = Days::of_week(attempt!(names::weekdays(list)));
    on(days, "weekly mon,fri 09:30", cursor)
}

const fn monthly(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let list = attempt!(needed(cursor, "monthly", "the days", "monthly 1,15 09:00"));
    let days = Days::of_year(Days::ALL_MONTHS, attempt!(names::days(list)));
    on(days, "monthly 1,15 09:00", cursor)
}

const fn yearly(cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let months_text = attempt!(needed(cursor, "yearly", "the month", "yearly mar 1 08:00"));
    let months = attempt!(names::months(months_text));
    let dates_text = attempt!(needed(cursor, "yearly", "the day", "yearly mar 1 08:00"));
    let dates = attempt!(names::days(dates_text));
    attempt!(names::dates_exist(months, dates));
    on(Days::of_year(months, dates), "yearly mar 1 08:00", cursor)
}

/// `days` at the time of day that comes next.
const fn on(days: Days, example: &str, cursor: &mut Cursor<'_>) -> Result<When, Message> {
    let word = cursor.word();
    if word.is_empty() {
        return Err(
            Message::new("the schedule has no time of day: write it at the end, as in ")
                .quote(example),
        );
    }
    let time = attempt!(TimeOfDay::parse(word));
    if time.offset.is_none() && is_offset(cursor.rest()) {
        let message = Message::new("")
            .quote(cursor.rest())
            .text(" stands apart from its time of day: write `");
        return Err(message.text(word).text(cursor.rest()).text("`"));
    }
    Ok(When::Days { days, time })
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

const fn cron_fields(text: &str) -> Result<When, Message> {
    let mut cron = attempt!(cron::parse(text));
    cron.with_seconds = cron.times.seconds != 1;
    Ok(When::Cron(cron))
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
