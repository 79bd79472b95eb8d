//! Cron fields: checking them in `const fn`. Matching is left to the `croner` crate.
//!
//! Five fields (minute, hour, day of the month, month, day of the week) or six, with seconds first. Numbers, names
//! (`jan`, `mon`; 0 and 7 are Sunday), `*`, ranges `1-5`, steps `*/5` and `10-30/5`, lists; `L`, `LW` and `15W` in the
//! day of the month; `5L`, `friL` and `mon#1` in the day of the week; `?` for `*` in both; `+` before the day of the week.
//!
//! What passes here, `croner` parses. What `croner` parses passes here, except, because they are mistakes:
//! - fields that no day satisfies, such as 30 February (`days.rs`);
//! - steps wider than their field (`*/90` minutes runs every hour), empty items in a list (`1,,2`), `L` alone in the
//!   day of the week (it matches nothing there), and text after `W` or a second `L` or `#` (it is ignored there);
//! - names outside their field or grown together with other text (`croner` replaces them anywhere);
//! - characters beyond ASCII, and text above 128 bytes.

mod days;
mod field;

use days::DayFields;
use field::{FIELDS, Selected, select};

use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt};

const CAPACITY: usize = 128;

/// The text of checked cron fields, with one space between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CronText {
    bytes: [u8; CAPACITY],
    len: u8,
    /// Whether the hour is `*` or `*/n`: such a rule follows elapsed time across a clock change.
    pub(super) any_hour: bool,
}

impl CronText {
    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len as usize).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    const EMPTY: Self = Self {
        bytes: [0; CAPACITY],
        len: 0,
        any_hour: false,
    };

    /// Adds a field; false where there is no room.
    const fn push(&mut self, field: &str) -> bool {
        let bytes = field.as_bytes();
        let gap = (self.len > 0) as usize;
        if self.len as usize + gap + bytes.len() > CAPACITY {
            return false;
        }
        if gap == 1 {
            self.bytes[self.len as usize] = b' ';
            self.len += 1;
        }
        let mut at = 0;
        while at < bytes.len() {
            self.bytes[self.len as usize] = bytes[at];
            self.len += 1;
            at += 1;
        }
        true
    }
}

/// The fields of `text`, checked.
pub(super) const fn check(text: &str) -> Result<CronText, Message> {
    let mut cursor = Cursor::new(text);
    let mut count = 0;
    while !cursor.word().is_empty() {
        count += 1;
    }
    if count != 5 && count != 6 {
        let message = Message::new("cron needs five fields, or six with the seconds first, and ")
            .quote(text.trim_ascii());
        return Err(message
            .text(" has ")
            .number(count)
            .text(": write `0 12 * * mon`"));
    }
    let mut cron = CronText::EMPTY;
    let mut sets = [Selected::NOTHING; 6];
    let mut cursor = Cursor::new(text);
    let mut place = 6 - count as usize;
    while place < 6 {
        let field = cursor.word();
        if !cron.push(field) {
            return Err(Message::new("the cron text ")
                .quote(text)
                .text(" is too long: write at most 128 bytes"));
        }
        sets[place] = attempt!(select(field, &FIELDS[place]));
        if place == 2 {
            cron.any_hour = cursor::split(field, b'*').is_some();
        }
        place += 1;
    }
    if !DayFields::new(sets[3], sets[4], sets[5]).ever_match() {
        let message = Message::new("the cron text ")
            .quote(cron.as_str())
            .text(" never runs: no day has its day of the month, ");
        return Err(message.text("month and day of the week"));
    }
    Ok(cron)
}
