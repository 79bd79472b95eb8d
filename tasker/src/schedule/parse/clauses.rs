//! What follows the base of a rule: a window of the day, exceptions, jitter, policies for clock changes.

use super::base;
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt, duration, suggest};
use crate::schedule::except::{Exception, Precision};
use crate::schedule::policy::{Fold, Gap};
use crate::schedule::rule::{Rule, When};
use crate::schedule::time::TimeOfDay;
use crate::schedule::window::Window;

const CLAUSES: [&str; 5] = ["between", "except", "jitter", "gap", "fold"];
/// The longest jitter, in milliseconds: a day.
const LONGEST: u128 = 86_400_000;

/// Reads the next clause into the rule.
pub(super) const fn clause(rule: &mut Rule, cursor: &mut Cursor<'_>) -> Result<(), Message> {
    let before = *cursor;
    let place = cursor::position(cursor.word(), &CLAUSES);
    let given = match place {
        Some(0) => rule.window.is_some(),
        Some(2) => rule.jitter.is_some(),
        Some(3) => rule.gap.is_some(),
        Some(4) => rule.fold.is_some(),
        _ => false,
    };
    if let (Some(place), true) = (place, given) {
        return Err(Message::new("`")
            .text(CLAUSES[place])
            .text("` is given twice: keep one"));
    }
    match place {
        Some(0) => rule.window = Some(attempt!(between(cursor))),
        Some(1) => attempt!(except(rule, cursor)),
        Some(2) => rule.jitter = Some(attempt!(jitter(&rule.when, cursor))),
        Some(3) => {
            attempt!(check_clock(rule, "gap"));
            rule.gap = Some(attempt!(Gap::parse(cursor.word())));
        }
        Some(4) => {
            attempt!(check_clock(rule, "fold"));
            rule.fold = Some(attempt!(Fold::parse(cursor.word())));
        }
        _ => return Err(too_much(before)),
    }
    Ok(())
}

/// Whether the word begins a clause.
pub(super) const fn is_clause(word: &str) -> bool {
    cursor::position(word, &CLAUSES).is_some()
}

/// The text up to the next clause, which is passed.
pub(super) const fn before_clauses<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let whole = cursor.rest();
    let mut length = 0;
    while !cursor.rest().is_empty() {
        let before = *cursor;
        if is_clause(cursor.word()) {
            *cursor = before;
            break;
        }
        length = whole.len() - cursor.rest().len();
    }
    whole.split_at(length).0.trim_ascii()
}

const fn too_much(mut cursor: Cursor<'_>) -> Message {
    let rest = cursor.rest();
    let word = cursor.word();
    let message = Message::new("")
        .quote(rest)
        .text(" is too much after the schedule");
    if let Some(near) = suggest::closest(word, &CLAUSES) {
        return message
            .suggest(Some(near))
            .text("write `between`, `except`, `jitter`, `gap` or `fold` there");
    }
    message.text(": a zone goes into `tz` or `TZ=Europe/London` in front; `between`, `except`, `jitter`, `gap` and `fold` go there")
}

/// `08:00 and 18:00`.
const fn between(cursor: &mut Cursor<'_>) -> Result<Window, Message> {
    let first = cursor.word();
    let and = cursor.word();
    let last = cursor.word();
    if !and.eq_ignore_ascii_case("and") || last.is_empty() {
        return Err(Message::new(
            "`between` needs two times of day: write `between 08:00 and 18:00`",
        ));
    }
    let (first, last) = (
        attempt!(TimeOfDay::parse(first)),
        attempt!(TimeOfDay::parse(last)),
    );
    if first.offset.is_some() || last.offset.is_some() {
        return Err(Message::new(
            "the times after `between` are local: write them without an offset from UTC",
        ));
    }
    if first.second == last.second {
        return Err(Message::new(
            "the times after `between` are the same: write two, or leave `between` out",
        ));
    }
    Ok(Window {
        first: first.second,
        last: last.second,
    })
}

const fn jitter(when: &When, cursor: &mut Cursor<'_>) -> Result<u32, Message> {
    let word = cursor.word();
    if word.is_empty() {
        return Err(Message::new(
            "`jitter` needs the longest delay: write `jitter 30s`",
        ));
    }
    let most = attempt!(duration::parse(word)).as_millis();
    if most == 0 || most > LONGEST {
        let message = Message::new("`jitter ")
            .text(word)
            .text("` is out of bounds: ");
        return Err(message.text("write a duration from `1ms` to `1d`"));
    }
    if let When::Every { period } = when
        && most >= *period as u128
    {
        let message = Message::new("`jitter ").text(word);
        return Err(
            message.text("` is as long as the time between two occurrences: write a shorter one")
        );
    }
    Ok(most as u32)
}

const fn check_clock(rule: &Rule, policy: &str) -> Result<(), Message> {
    if rule.has_clock() {
        return Ok(());
    }
    let message = Message::new(
        "the schedule follows UTC or an offset, which no clock change touches: leave `",
    );
    Err(message.text(policy).text("` out"))
}

/// A list of dates, or another rule.
const fn except(rule: &mut Rule, cursor: &mut Cursor<'_>) -> Result<(), Message> {
    let mut ahead = *cursor;
    let first = ahead.word();
    if first.is_empty() || is_clause(first) {
        return Err(Message::new(
            "`except` needs what to leave out: write `except 2025-12-25,12-26`, `except weekends` or another rule",
        ));
    }
    let next = ahead.word();
    if first.as_bytes()[0].is_ascii_digit() && (next.is_empty() || is_clause(next)) {
        return rule.except.add_dates(cursor.word());
    }
    let (when, has_time) = attempt!(base::exception(cursor));
    let precision = match &when {
        _ if !has_time => Precision::Day,
        When::Days { time, .. } if time.second % 60 == 0 => Precision::Minute,
        When::Cron(cron) if !cron.with_seconds => Precision::Minute,
        When::Hourly { .. } => Precision::Minute,
        When::Rrule(recurrence) => recurrence.precision(),
        _ => Precision::Second,
    };
    rule.except.add_rule(Exception { when, precision })
}
