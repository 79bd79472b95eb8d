//! Occurrences with their reasons: what a clock change moved, repeated or left out, and how long jitter delays.
//!
//! In: a rule, a zone, an instant. Out: lines for people, for the command `next`. What runs is computed by
//! [`Timetable`] and only commented on here.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::civil::{Instants, Place};
use super::next::{Timetable, place};
use super::policy::{Fold, Gap};
use super::rule::Rule;
use super::walk::Walk;
use crate::grammar::{Message, duration};

/// So many local times that one clock change leaves out are named.
const NAMED: usize = 3;

/// One line of the explanation.
#[derive(Debug)]
pub(crate) enum Line {
    /// An occurrence, with the local time that the clock shows then.
    Run {
        at: DateTime<FixedOffset>,
        notes: Vec<String>,
    },
    /// A local time that the rule names and that does not run.
    Dropped { named: NaiveDateTime, note: String },
}

/// The first `count` occurrences after `after`, and between them what was dropped.
pub(crate) fn explain(
    rule: &Rule,
    tz: Tz,
    after: DateTime<Utc>,
    count: usize,
) -> Result<Vec<Line>, Message> {
    let timetable = Timetable::new(rule, tz)?;
    let place = place(rule, tz);
    let mut lines = Vec::new();
    let (mut last, mut last_due) = (after, after);
    for _ in 0..count {
        let Some(at) = timetable.next(last)? else {
            break;
        };
        let due = timetable.due(at)?;
        let mut notes = Vec::new();
        match timetable.walk() {
            Some(walk) => comment(walk, last_due, due, &mut lines, &mut notes)?,
            None if last_due > after => notes.extend(changes(place, last_due, due)),
            None => {}
        }
        if at > due {
            let delay = (at - due).to_std().unwrap_or_default();
            notes.push(format!("jitter: {} late", duration::written(delay)));
        }
        lines.push(Line::Run {
            at: shown(place, at),
            notes,
        });
        (last, last_due) = (at, due);
    }
    Ok(lines)
}

/// What the clock changes after `last` and up to `due` do to the rule's local times.
fn comment(
    walk: &Walk,
    last: DateTime<Utc>,
    due: DateTime<Utc>,
    lines: &mut Vec<Line>,
    notes: &mut Vec<String>,
) -> Result<(), Message> {
    for change in walk.place.changes(last, due) {
        let (from, to) = (change.from, change.to);
        let missing = missing(walk, from, to)?;
        let Some(first) = missing.first() else {
            continue;
        };
        let reason = format!("the clock goes from {} to {}", clock(from), clock(to));
        if walk.gap == Gap::Next {
            let others = if missing.len() > 1 { " and more" } else { "" };
            notes.push(format!("instead of {}{others}: {reason}", clock(*first)));
            continue;
        }
        let more = missing.len() > NAMED;
        for (place, named) in missing.iter().take(NAMED).enumerate() {
            let others = match more && place + 1 == NAMED {
                true => ", and more",
                false => "",
            };
            lines.push(Line::Dropped {
                named: *named,
                note: format!("left out: {reason}{others}"),
            });
        }
    }
    if let Some(Instants::Two { second, .. }) = walk.place.instants(walk.place.local(due)) {
        let pass = if due == second { "second" } else { "first" };
        let both = match walk.fold {
            Fold::Both => "it runs both times",
            Fold::First | Fold::Second => "it runs once",
        };
        notes.push(format!(
            "the clock shows it twice, this is the {pass} time: {both}"
        ));
    }
    Ok(())
}

/// The local times that the rule names from one to before the other, and one more than are shown.
fn missing(
    walk: &Walk,
    from: NaiveDateTime,
    to: NaiveDateTime,
) -> Result<Vec<NaiveDateTime>, Message> {
    let mut missing = Vec::new();
    let mut civil = from - TimeDelta::seconds(1);
    while missing.len() <= NAMED
        && let Some(named) = walk.named(civil)?
        && named < to
    {
        missing.push(named);
        civil = named;
    }
    Ok(missing)
}

/// For rules that no clock change touches: that the local time is another one now.
fn changes(place: Place, last: DateTime<Utc>, due: DateTime<Utc>) -> Option<String> {
    let change = *place.changes(last, due).last()?;
    let (from, to) = (clock(change.from), clock(change.to));
    Some(format!(
        "the clock went from {from} to {to} since the one before"
    ))
}

fn clock(civil: NaiveDateTime) -> String {
    civil.format("%H:%M").to_string()
}

fn shown(place: Place, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    let seconds = i32::try_from(place.offset(at).num_seconds()).unwrap_or_default();
    let offset = FixedOffset::east_opt(seconds);
    at.with_timezone(&offset.expect("zones are less than a day from UTC"))
}
