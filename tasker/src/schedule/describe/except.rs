//! What a rule leaves out, in plain words.

use chrono::Timelike;

use super::{and, capital, when};
use crate::schedule::days::set_bits;
use crate::schedule::except::{Exceptions, Precision, Span};
use crate::schedule::moment;
use crate::schedule::names::MONTHS;
use crate::schedule::rule::When;

/// So many dates are written out.
const WRITTEN_OUT: usize = 4;

/// Nothing where nothing is left out.
pub(super) fn words(except: &Exceptions) -> String {
    let mut parts: Vec<String> = (except.rules())
        .map(|exception| match (&exception.when, exception.precision) {
            (When::Days { days, .. }, Precision::Day) => super::days::words(*days),
            (When::Rrule(rule), Precision::Day) => {
                let words = super::rrule::words(rule);
                words.replacen(" at 00:00", "", 1)
            }
            (other, _) => when(other),
        })
        .collect();
    let yearly = (MONTHS.iter().zip(except.yearly)).flat_map(|(month, days)| {
        set_bits(u64::from(days)).map(move |day| format!("{day} {}", capital(month)))
    });
    let dates: Vec<String> = yearly.chain(except.spans().iter().map(span)).collect();
    if !dates.is_empty() {
        let more = dates.len().saturating_sub(WRITTEN_OUT);
        let mut shown = dates[..dates.len() - more].to_vec();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        parts.push(format!("on {}", and(&shown)));
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!(", except {}", parts.join(" and ")),
    }
}

/// `2025-12-25`, `2025-12-24 to 2026-01-02`.
fn span(span: &Span) -> String {
    let (first, last) = (span.first(), span.last());
    let is_whole =
        first.num_seconds_from_midnight() == 0 && last.num_seconds_from_midnight() == 86_399;
    let (first, last) = match is_whole {
        true => (first.date().to_string(), last.date().to_string()),
        false => (
            moment::written(first).to_string(),
            moment::written(last.with_second(0).unwrap_or(last)).to_string(),
        ),
    };
    match first == last {
        true => first,
        false => format!("{first} to {last}"),
    }
}
