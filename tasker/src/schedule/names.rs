//! Lists of weekdays, months and days of the month, as bit sets.

use crate::grammar::{Message, attempt, cursor, suggest};

/// Bit 0 is Monday.
pub(super) const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Bit 0 is January.
pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The bit of a set of days that stands for the last day of the month, whichever that is. Bits 1 to 31 are
/// the days themselves.
pub(super) const LAST: u32 = 1;

/// The most days that a month ever has, January first.
pub(super) const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The days of `mon,fri`.
pub(super) const fn weekdays(list: &str) -> Result<u8, Message> {
    Ok(attempt!(named(list, &WEEKDAYS, "a day of the week", "`mon,fri`")) as u8)
}

/// The months of `mar,sep`.
pub(super) const fn months(list: &str) -> Result<u16, Message> {
    named(list, &MONTHS, "a month", "`mar,sep`")
}

/// The days of `1,15` or `last`.
pub(super) const fn days(list: &str) -> Result<u32, Message> {
    let mut set = 0;
    let mut rest = list;
    loop {
        let (item, more) = first(rest);
        if item.is_empty() {
            return Err(empty_item(list, "`1,15`"));
        }
        if item.eq_ignore_ascii_case("last") {
            set |= LAST;
        } else {
            match cursor::number(item) {
                Some(day @ 1..=31) => set |= 1 << day,
                _ => {
                    let message = Message::new("")
                        .quote(item)
                        .text(" is not a day of the month");
                    let near = if cursor::number(item).is_some() {
                        None
                    } else {
                        suggest::closest(item, &["last"])
                    };
                    return Err(message
                        .suggest(near)
                        .text("write 1 to 31, a list like `1,15`, or `last`"));
                }
            }
        }
        match more {
            Some(more) => rest = more,
            None => return Ok(set),
        }
    }
}

/// Whether the days come in the months: each day must exist in one of the months, and each month must have one of the days.
pub(super) const fn dates_exist(months: u16, dates: u32) -> Result<(), Message> {
    let mut month = 0;
    let mut longest = 0;
    while month < 12 {
        if months & (1 << month) != 0 {
            let length = LENGTHS[month];
            if length > longest {
                longest = length;
            }
            let first = (dates & !LAST).trailing_zeros();
            if dates & LAST == 0 && first > length {
                return Err(no_such_day(MONTHS[month], first, length));
            }
        }
        month += 1;
    }
    let latest = 31 - dates.leading_zeros();
    if dates & !LAST != 0 && latest > longest {
        let first = months.trailing_zeros() as usize;
        return Err(no_such_day(MONTHS[first], latest, longest));
    }
    Ok(())
}

/// Where `word` stands in `names`: in full, or by its first three letters.
pub(super) const fn index(word: &str, names: &[&str]) -> Option<usize> {
    let mut at = 0;
    while at < names.len() {
        let short = names[at].split_at(3).0;
        if word.eq_ignore_ascii_case(short) || word.eq_ignore_ascii_case(names[at]) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The name of `names` that `word` was meant to be.
pub(super) const fn near<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    // What begins like a name is a longer short form: `tues`, `sept`.
    let mut at = 0;
    while at < names.len() {
        if word.len() > 3 && cursor::after_prefix(names[at], word).is_some() {
            return Some(names[at]);
        }
        at += 1;
    }
    // A short form with its letters swapped.
    let mut at = 0;
    while at < names.len() {
        if word.len() == 3 && suggest::closest(word, &[names[at].split_at(3).0]).is_some() {
            return Some(names[at]);
        }
        at += 1;
    }
    suggest::closest(word, names)
}

const fn named(list: &str, names: &[&str], what: &str, example: &str) -> Result<u16, Message> {
    let mut set = 0;
    let mut rest = list;
    loop {
        let (item, more) = first(rest);
        if item.is_empty() {
            return Err(empty_item(list, example));
        }
        match index(item, names) {
            Some(place) => set |= 1 << place,
            None => {
                let message = Message::new("").quote(item).text(" is not ").text(what);
                let message = message.suggest(near(item, names)).text("write names like ");
                return Err(message.text(example));
            }
        }
        match more {
            Some(more) => rest = more,
            None => return Ok(set),
        }
    }
}

const fn no_such_day(month: &str, day: u32, length: u32) -> Message {
    let message = Message::new("day ")
        .number(day as u64)
        .text(" of ")
        .text(month)
        .text(" never comes: it has at most ");
    message
        .number(length as u64)
        .text(" days, write one of them or `last`")
}

/// The first item of a list, and the list after its comma.
const fn first(list: &str) -> (&str, Option<&str>) {
    match cursor::split(list, b',') {
        Some((item, rest)) => (item, Some(rest)),
        None => (list, None),
    }
}

const fn empty_item(list: &str, example: &str) -> Message {
    let message = Message::new("the list ")
        .quote(list)
        .text(" has an empty item: write it without spaces, like ");
    message.text(example)
}
