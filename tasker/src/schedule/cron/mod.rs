//! Cron: five fields (minute, hour, day of the month, month, day of the week) or six, with seconds first.
//!
//! Numbers, names (`jan`, `mon`; 0 and 7 are Sunday), `*`, ranges `1-5`, steps `*/5` and `10-30/5`, lists; `L`, `LW` and
//! `15W` in the day of the month; `5L`, `friL` and `mon#1` in the day of the week; `?` for `*` in both; `+` before the
//! day of the week. `field.rs` reads one field, `days.rs` matches days, `text.rs` writes the canonical form.
//!
//! A test holds what passes here, and what it matches, to the `croner` crate. What `croner` takes passes here,
//! except, because they are mistakes:
//! - fields that no day satisfies, such as 30 February;
//! - steps wider than their field (`*/90` minutes runs every hour), empty items in a list (`1,,2`), `L` alone in the
//!   day of the week (it matches nothing there), and text after `W` or a second `L` or `#` (it is ignored there);
//! - names outside their field or grown together with other text (`croner` replaces them anywhere);
//! - characters beyond ASCII.

mod days;
mod field;
mod text;

pub(super) use days::{CronDays, Dates, Weekdays};
use field::{FIELDS, Selected, select};

use super::days::DaySet;
use super::times::Times;
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt};

/// What the fields select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    pub(super) times: Times,
    pub(super) days: CronDays,
    /// Whether the hour is `*` or `*/n`: such a rule follows elapsed time across a clock change.
    pub(super) any_hour: bool,
    /// Whether the seconds are a field of their own.
    pub(super) with_seconds: bool,
}

/// The fields of `text`.
pub(super) const fn parse(text: &str) -> Result<Cron, Message> {
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
    let mut any_hour = false;
    let mut sets = [Selected::NOTHING; 6];
    // Without a field for them, the whole minute's first second.
    sets[0].values = 1;
    let mut cursor = Cursor::new(text);
    let mut place = 6 - count as usize;
    while place < 6 {
        let field = cursor.word();
        sets[place] = attempt!(select(field, &FIELDS[place]));
        if place == 2 {
            any_hour = field.as_bytes()[0] == b'*' && cursor::split(field, b',').is_none();
        }
        place += 1;
    }
    let cron = Cron {
        times: Times {
            hours: sets[2].values as u32,
            minutes: sets[1].values,
            seconds: sets[0].values,
        },
        days: CronDays::new(sets[3], sets[4], sets[5]),
        any_hour,
        with_seconds: count == 6,
    };
    if !DaySet::Cron(cron.days).ever_match() {
        let message = Message::new("the cron text ")
            .quote(text.trim_ascii())
            .text(" never runs: no day has its day of the month, ");
        return Err(message.text("month and day of the week"));
    }
    Ok(cron)
}
