//! From text to recurrence rule: `FREQ=…;…`, with or without `RRULE:` and a `DTSTART…:` in front, and quotes around it.

use super::check::check;
use super::{Frequency, Numbers, Rrule, Until};
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt, suggest};
use crate::schedule::moment::Moment;
use crate::schedule::zones;

const PARTS: [&str; 15] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
    "DTSTART",
];
const FREQUENCIES: [&str; 7] = [
    "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY",
];
/// Monday first.
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// The last number that `COUNT` may give: an occurrence is known by counting up to it.
const MOST: u64 = 100_000;

/// The rule that the next words make, and the zone that its `DTSTART` names.
pub(in crate::schedule) const fn parse(
    cursor: &mut Cursor<'_>,
) -> Result<(Rrule, Option<u16>), Message> {
    let mut word = cursor.word();
    let quoted = cursor::after_prefix(word, "\"");
    if let Some(rest) = quoted {
        word = rest;
    }
    let mut start = None;
    let mut zone = None;
    if let Some(rest) = cursor::after_prefix(word, "DTSTART")
        && let [b':' | b';', ..] = rest.as_bytes()
        && let Some((names, value)) = cursor::split(rest, b':')
    {
        (start, zone) = attempt!(front(names, value));
        word = cursor.word();
    }
    if quoted.is_some() {
        word = match word.as_bytes() {
            [.., b'"'] => word.split_at(word.len() - 1).0,
            _ => {
                return Err(Message::new(
                    "the quotes around the `rrule` do not end: write `\"FREQ=DAILY\"`",
                ));
            }
        };
    }
    if let Some(rest) = cursor::after_prefix(word, "RRULE:") {
        word = rest;
    }
    let rule = attempt!(parts(word, start));
    Ok((attempt!(check(rule)), zone))
}

/// What `DTSTART;TZID=Europe/London:20250101T090000` says, without its first word.
const fn front(names: &str, value: &str) -> Result<(Option<Moment>, Option<u16>), Message> {
    let zone = match cursor::after_prefix(names, ";TZID=") {
        Some(name) => Some(attempt!(zones::find(name))),
        None if names.is_empty() || names.eq_ignore_ascii_case(";VALUE=DATE") => None,
        None => {
            let message = Message::new("")
                .quote(names)
                .text(" after `DTSTART` is not understood: ");
            return Err(message.text(
                "write `DTSTART:20250101T090000` or `DTSTART;TZID=Europe/London:20250101T090000`",
            ));
        }
    };
    Ok((Some(attempt!(Moment::parse_basic(value))), zone))
}

const fn parts(text: &str, start: Option<Moment>) -> Result<Rrule, Message> {
    let mut rule = Rrule::new(attempt!(frequency(text)));
    if let Some(moment) = start {
        attempt!(set_start(&mut rule, moment));
    }
    let mut seen: u16 = 0;
    let mut rest = Some(text);
    while let Some(list) = rest {
        let (part, more) = match cursor::split(list, b';') {
            Some((part, more)) => (part, Some(more)),
            None => (list, None),
        };
        rest = more;
        if part.is_empty() && more.is_none() {
            break;
        }
        let Some((name, value)) = cursor::split(part, b'=') else {
            let message = Message::new("")
                .quote(part)
                .text(" is no part of an `rrule`: ");
            return Err(message.text("write `FREQ=DAILY;INTERVAL=2`, without spaces"));
        };
        let Some(place) = cursor::position(name, &PARTS) else {
            let message = Message::new("")
                .quote(name)
                .text(" is no part of an `rrule`");
            let message = message.suggest(suggest::closest(name, &PARTS));
            return Err(message.text("the parts are FREQ INTERVAL COUNT UNTIL WKST BYMONTH BYWEEKNO BYYEARDAY BYMONTHDAY BYDAY BYHOUR BYMINUTE BYSECOND BYSETPOS DTSTART"));
        };
        if seen & 1 << place != 0 || place == 14 && rule.start.is_some() {
            return Err(Message::new("`")
                .text(PARTS[place])
                .text("` is given twice: keep one"));
        }
        seen |= 1 << place;
        attempt!(take(&mut rule, place, value));
    }
    Ok(rule)
}

const fn frequency(text: &str) -> Result<Frequency, Message> {
    let mut rest = Some(text);
    while let Some(list) = rest {
        let (part, more) = match cursor::split(list, b';') {
            Some((part, more)) => (part, Some(more)),
            None => (list, None),
        };
        rest = more;
        let Some(value) = cursor::after_prefix(part, "FREQ=") else {
            continue;
        };
        return match cursor::position(value, &FREQUENCIES) {
            Some(0) => Ok(Frequency::Secondly),
            Some(1) => Ok(Frequency::Minutely),
            Some(2) => Ok(Frequency::Hourly),
            Some(3) => Ok(Frequency::Daily),
            Some(4) => Ok(Frequency::Weekly),
            Some(5) => Ok(Frequency::Monthly),
            Some(_) => Ok(Frequency::Yearly),
            None => {
                let message = Message::new("").quote(value).text(" is no frequency");
                let message = message.suggest(suggest::closest(value, &FREQUENCIES));
                Err(message
                    .text("write SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY"))
            }
        };
    }
    let message = Message::new("the `rrule` ")
        .quote(text)
        .text(" has no frequency: ");
    Err(message.text("write `rrule FREQ=MONTHLY;BYDAY=2TU`"))
}

/// Takes the part at this place of `PARTS`.
const fn take(rule: &mut Rrule, place: usize, value: &str) -> Result<(), Message> {
    match place {
        0 => {}
        1 => rule.interval = attempt!(number(value, place, u32::MAX as u64)),
        2 => rule.count = Some(attempt!(number(value, place, MOST))),
        3 => rule.until = Some(attempt!(until(value))),
        4 => match cursor::position(value, &WEEKDAYS) {
            Some(weekday) => rule.week_start = weekday as u8,
            None => return Err(no_weekday(value)),
        },
        5 => rule.months = (attempt!(set(value, place, 1, 12)) >> 1) as u16,
        6 => rule.weeks = attempt!(numbers(value, place, 53)),
        7 => rule.year_days = attempt!(numbers(value, place, 366)),
        8 => rule.month_days = attempt!(numbers(value, place, 31)),
        9 => attempt!(weekdays(rule, value)),
        10 => rule.hours = attempt!(set(value, place, 0, 23)) as u32,
        11 => rule.minutes = attempt!(set(value, place, 0, 59)),
        12 => rule.seconds = attempt!(set(value, place, 0, 59)),
        13 => rule.positions = attempt!(numbers(value, place, 366)),
        _ => attempt!(set_start(rule, attempt!(Moment::parse_basic(value)))),
    }
    Ok(())
}

const fn set_start(rule: &mut Rrule, start: Moment) -> Result<(), Message> {
    if let Some(time) = start.time
        && let Some(1.. | ..=-1) = time.offset
    {
        return Err(Message::new(
            "`DTSTART` has an offset from UTC: write local time, or `Z` for UTC",
        ));
    }
    rule.start = Some(start);
    Ok(())
}

const fn until(value: &str) -> Result<Until, Message> {
    let moment = attempt!(Moment::parse_basic(value));
    match moment.time {
        // The whole day.
        None => Ok(Until::Local(moment.last_second())),
        Some(time) => match time.offset {
            None => Ok(Until::Local(moment.civil())),
            Some(_) => Ok(Until::Instant(moment.instant())),
        },
    }
}

/// A number from 1 to `most`.
const fn number(value: &str, place: usize, most: u64) -> Result<u32, Message> {
    match cursor::number(value) {
        Some(number) if number >= 1 && number <= most => Ok(number as u32),
        _ => {
            let message = Message::new("`").text(PARTS[place]).text("=").text(value);
            Err(message.text("` is out of range: write 1 to ").number(most))
        }
    }
}

/// A list of numbers from `min` to `max`, as bits.
const fn set(list: &str, place: usize, min: u64, max: u64) -> Result<u64, Message> {
    let mut set = 0;
    let mut rest = Some(list);
    while let Some(list) = rest {
        let (item, more) = first(list);
        match cursor::number(item) {
            Some(number) if number >= min && number <= max => set |= 1 << number,
            _ => {
                let message = out_of_range(item, place).text("write ").number(min);
                return Err(message
                    .text(" to ")
                    .number(max)
                    .text(", or a list like `")
                    .number(min)
                    .text(",")
                    .number(min + 1)
                    .text("`"));
            }
        }
        rest = more;
    }
    Ok(set)
}

/// A list of numbers from 1 to `max` and their negatives.
const fn numbers<const WORDS: usize>(
    list: &str,
    place: usize,
    max: u64,
) -> Result<Numbers<WORDS>, Message> {
    let mut numbers = Numbers::NONE;
    let mut rest = Some(list);
    while let Some(list) = rest {
        let (item, more) = first(list);
        let (sign, digits) = signed(item);
        match cursor::number(digits) {
            Some(number) if number >= 1 && number <= max => numbers.insert(sign * number as i32),
            _ => {
                let message = out_of_range(item, place).text("write 1 to ").number(max);
                return Err(message
                    .text(", or -1 to -")
                    .number(max)
                    .text(" from the end"));
            }
        }
        rest = more;
    }
    Ok(numbers)
}

/// `MO`, `2TU`, `-1FR`.
const fn weekdays(rule: &mut Rrule, list: &str) -> Result<(), Message> {
    let mut rest = Some(list);
    while let Some(list) = rest {
        let (item, more) = first(list);
        if item.len() < 2 || !item.is_char_boundary(item.len() - 2) {
            return Err(no_weekday(item));
        }
        let (place, name) = item.split_at(item.len() - 2);
        let Some(weekday) = cursor::position(name, &WEEKDAYS) else {
            return Err(no_weekday(item));
        };
        if place.is_empty() {
            rule.weekdays |= 1 << weekday;
        } else {
            let (sign, digits) = signed(place);
            match cursor::number(digits) {
                Some(number @ 1..=53) => rule.places[weekday].insert(sign * number as i32),
                _ => {
                    let message = out_of_range(item, 9).text("write ");
                    return Err(message.text("`MO`, `2TU` for the second, `-1FR` for the last"));
                }
            }
        }
        rest = more;
    }
    Ok(())
}

const fn no_weekday(text: &str) -> Message {
    let message = Message::new("")
        .quote(text)
        .text(" is not a day of the week: ");
    message.text("write MO, TU, WE, TH, FR, SA or SU, `2TU` for the second, `-1FR` for the last")
}

const fn out_of_range(item: &str, place: usize) -> Message {
    let message = Message::new("")
        .quote(item)
        .text(" in `")
        .text(PARTS[place]);
    message.text("` is out of range: ")
}

/// The sign of a number and its digits.
const fn signed(text: &str) -> (i32, &str) {
    match text.as_bytes() {
        [b'-', ..] => (-1, text.split_at(1).1),
        [b'+', ..] => (1, text.split_at(1).1),
        _ => (1, text),
    }
}

const fn first(list: &str) -> (&str, Option<&str>) {
    match cursor::split(list, b',') {
        Some((item, more)) => (item, Some(more)),
        None => (list, None),
    }
}
