//! One cron field: its text in, the set of values it selects out, or what is wrong with it.

use crate::grammar::cursor;
use crate::grammar::{Message, attempt};
use crate::schedule::names::{self, MONTHS, WEEKDAYS};

/// One field's limits.
pub(super) struct Field {
    name: &'static str,
    min: u64,
    max: u64,
    /// The widest step that makes sense.
    span: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Time,
    Dates,
    Months,
    Weekdays,
}

/// Cron's fields, seconds first.
pub(super) const FIELDS: [Field; 6] = [
    Field {
        name: "second",
        min: 0,
        max: 59,
        span: 60,
        kind: Kind::Time,
    },
    Field {
        name: "minute",
        min: 0,
        max: 59,
        span: 60,
        kind: Kind::Time,
    },
    Field {
        name: "hour",
        min: 0,
        max: 23,
        span: 24,
        kind: Kind::Time,
    },
    Field {
        name: "day-of-month",
        min: 1,
        max: 31,
        span: 31,
        kind: Kind::Dates,
    },
    Field {
        name: "month",
        min: 1,
        max: 12,
        span: 12,
        kind: Kind::Months,
    },
    Field {
        name: "day-of-week",
        min: 0,
        max: 7,
        span: 7,
        kind: Kind::Weekdays,
    },
];

/// What a field selects, as bit sets by value.
#[derive(Clone, Copy)]
pub(super) struct Selected {
    /// Plain values.
    pub(super) values: u64,
    /// Weekdays whose first, second, … occurrence in the month is selected.
    pub(super) nth: [u64; 5],
    /// Weekdays whose last occurrence in the month is selected.
    pub(super) last: u64,
    /// Days of the month whose nearest weekday is selected.
    pub(super) near: u64,
    /// `L`: the last day of the month.
    pub(super) month_end: bool,
    /// `LW`: the last Monday to Friday of the month.
    pub(super) last_workday: bool,
    /// The whole field is `*` or `?`.
    pub(super) any: bool,
    /// A `+` stands in front: a day must satisfy this field and the day of the month.
    pub(super) plus: bool,
}

impl Selected {
    pub(super) const NOTHING: Self = Self {
        values: 0,
        nth: [0; 5],
        last: 0,
        near: 0,
        month_end: false,
        last_workday: false,
        any: false,
        plus: false,
    };
}

/// What the text of a field selects.
pub(super) const fn select(text: &str, field: &Field) -> Result<Selected, Message> {
    let mut selected = Selected::NOTHING;
    let list = match cursor::after_prefix(text, "+") {
        Some(rest) if matches!(field.kind, Kind::Weekdays) => {
            selected.plus = true;
            rest
        }
        _ => text,
    };
    if is_any(list, field) {
        selected.values = range_bits(field.min, field.max, 1);
        selected.any = true;
        return Ok(fold_sunday(selected, field));
    }
    let mut rest = Some(list);
    while let Some(list) = rest {
        let (item, more) = match cursor::split(list, b',') {
            Some((item, more)) => (item, Some(more)),
            None => (list, None),
        };
        if item.is_empty() {
            let message = Message::new("the ")
                .text(field.name)
                .text(" field ")
                .quote(text);
            return Err(
                message.text(" has an empty item: write a list without spaces, like `1,15`")
            );
        }
        attempt!(select_item(item, field, &mut selected));
        rest = more;
    }
    Ok(fold_sunday(selected, field))
}

const fn select_item(item: &str, field: &Field, selected: &mut Selected) -> Result<(), Message> {
    if matches!(field.kind, Kind::Dates) {
        if item.eq_ignore_ascii_case("L") {
            selected.month_end = true;
            return Ok(());
        }
        if item.eq_ignore_ascii_case("LW") {
            selected.last_workday = true;
            return Ok(());
        }
        if let Some(day) = before_letter(item, b'W')
            && cursor::number(day).is_some()
        {
            selected.near |= 1 << attempt!(value(day, field, false));
            return Ok(());
        }
    }
    if !matches!(field.kind, Kind::Weekdays) {
        selected.values |= attempt!(bits(item, field));
        return Ok(());
    }
    if let Some((base, nth)) = cursor::split(item, b'#') {
        let bits = attempt!(bits(base, field));
        match cursor::number(nth) {
            Some(nth @ 1..=5) => selected.nth[nth as usize - 1] |= bits,
            None if nth.eq_ignore_ascii_case("L") => selected.last |= bits,
            _ => {
                let message = Message::new("`#")
                    .text(nth)
                    .text("` in the day-of-week field is out of range: ");
                return Err(message.text("write `mon#1` to `mon#5`, or `monL` for the last"));
            }
        }
        return Ok(());
    }
    if let Some(day) = before_letter(item, b'L') {
        if day.is_empty() {
            return Err(Message::new(
                "`L` alone matches no day of the week: write `friL` for the last Friday of the month",
            ));
        }
        selected.last |= 1 << attempt!(value(day, field, false));
        return Ok(());
    }
    selected.values |= attempt!(bits(item, field));
    Ok(())
}

/// What a number, a name, a range or a step selects.
const fn bits(item: &str, field: &Field) -> Result<u64, Message> {
    let Some((base, step)) = cursor::split(item, b'/') else {
        return match cursor::split(item, b'-') {
            Some((from, to)) => range(from, to, 1, item, field),
            None => Ok(1 << attempt!(value(item, field, false))),
        };
    };
    let Some(step) = cursor::number(step) else {
        return Err(wrong(item, field));
    };
    if step == 0 {
        return Err(Message::new("the step of ")
            .quote(item)
            .text(" is zero: write `*/1` or more"));
    }
    if step > field.span {
        return Err(wide_step(item, step, field));
    }
    if is_any(base, field) {
        return Ok(range_bits(field.min, field.max, step));
    }
    match cursor::split(base, b'-') {
        Some((from, to)) => range(from, to, step, item, field),
        None => {
            let message = Message::new("")
                .quote(item)
                .text(" in the ")
                .text(field.name)
                .text(" field has no range: write ");
            Err(message
                .text("`*/")
                .number(step)
                .text("` or `")
                .text(base)
                .text("-")
                .number(field.max)
                .text("/")
                .number(step)
                .text("`"))
        }
    }
}

const fn range(from: &str, to: &str, step: u64, item: &str, field: &Field) -> Result<u64, Message> {
    let start = attempt!(value(from, field, false));
    let end = attempt!(value(to, field, true));
    if start > end {
        let message = Message::new("the range ")
            .quote(item)
            .text(" in the ")
            .text(field.name);
        return Err(message.text(" field runs backwards: write the smaller value first, or a list"));
    }
    Ok(range_bits(start, end, step))
}

/// The number or name that stands for one value. At the end of a range, Sunday is 7.
const fn value(text: &str, field: &Field, at_end: bool) -> Result<u64, Message> {
    if let Some(number) = cursor::number(text) {
        if number < field.min || number > field.max {
            let message = Message::new("")
                .quote(text)
                .text(" is out of range in the ")
                .text(field.name);
            let message = message.text(" field: write ").number(field.min);
            return Err(message.text(" to ").number(field.max));
        }
        return Ok(number);
    }
    if text.len() == 3 {
        let found = match field.kind {
            Kind::Months => names::index(text, &MONTHS),
            Kind::Weekdays => names::index(text, &WEEKDAYS),
            Kind::Time | Kind::Dates => None,
        };
        if let Some(index) = found {
            return Ok(match field.kind {
                Kind::Weekdays if index == 6 && !at_end => 0,
                _ => index as u64 + 1,
            });
        }
    }
    Err(wrong(text, field))
}

const fn wrong(text: &str, field: &Field) -> Message {
    let message = Message::new("")
        .quote(text)
        .text(" is not understood in the ")
        .text(field.name)
        .text(" field");
    let near = match field.kind {
        Kind::Months => names::near(text, &MONTHS),
        Kind::Weekdays => names::near(text, &WEEKDAYS),
        Kind::Time | Kind::Dates => None,
    };
    // Cron knows the short names only.
    let near = match near {
        Some(name) => Some(name.split_at(3).0),
        None => None,
    };
    let message = message.suggest(near).text("write `*`, ").number(field.min);
    let message = message.text(" to ").number(field.max);
    match field.kind {
        Kind::Time => message.text(", `1-5`, `*/5` or a list"),
        Kind::Dates => message.text(", `1-5`, `*/5`, `L`, `LW`, `15W` or a list"),
        Kind::Months => message.text(", `jan` to `dec`, `1-5`, `*/5` or a list"),
        Kind::Weekdays => {
            message.text(" (0 and 7 are Sunday), `mon` to `sun`, `1-5`, `mon#1`, `friL` or a list")
        }
    }
}

const fn wide_step(item: &str, step: u64, field: &Field) -> Message {
    let message = Message::new("the step of ")
        .quote(item)
        .text(" is wider than the ")
        .text(field.name)
        .text(" field");
    match field.kind {
        Kind::Time => {
            let unit = field.name.split_at(1).0;
            message
                .text(": to run at that interval write `every ")
                .number(step)
                .text(unit)
                .text("`")
        }
        _ => message.text(": write at most ").number(field.span),
    }
}

const fn is_any(text: &str, field: &Field) -> bool {
    let mark = matches!(field.kind, Kind::Dates | Kind::Weekdays);
    let bytes = text.as_bytes();
    bytes.len() == 1 && (bytes[0] == b'*' || (mark && bytes[0] == b'?'))
}

const fn range_bits(from: u64, to: u64, step: u64) -> u64 {
    let mut bits = 0;
    let mut value = from;
    while value <= to {
        bits |= 1 << value;
        value += step;
    }
    bits
}

/// Weekday 7 is Sunday, which is 0.
const fn fold_sunday(mut selected: Selected, field: &Field) -> Selected {
    if matches!(field.kind, Kind::Weekdays) {
        selected.values = folded(selected.values);
        selected.last = folded(selected.last);
        let mut nth = 0;
        while nth < 5 {
            selected.nth[nth] = folded(selected.nth[nth]);
            nth += 1;
        }
    }
    selected
}

const fn folded(bits: u64) -> u64 {
    (bits | bits >> 7) & 0x7f
}

/// What stands before a letter at the end of `item`, ignoring case.
const fn before_letter(item: &str, letter: u8) -> Option<&str> {
    let bytes = item.as_bytes();
    if bytes.is_empty() || bytes[bytes.len() - 1].to_ascii_uppercase() != letter {
        return None;
    }
    Some(item.split_at(bytes.len() - 1).0)
}
