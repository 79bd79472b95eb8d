//! From text to rule, in `const fn`: the compiler runs this for attributes, the runtime for the rest.
//!
//! A zone in front, then a base (`base.rs`), then clauses in any order (`clauses.rs`), then the question whether all
//! of it together can ever come true (`sense.rs`). Every message names the word that is wrong and says what to write.

mod base;
mod clauses;
mod sense;

use super::rule::{Rule, When};
use super::zones;
use crate::grammar::cursor::{self, Cursor};
use crate::grammar::{Message, attempt};

const FORMS: &str = "write `every 5m`, `hourly`, `daily 12:00`, `weekdays 09:30`, `weekends 10:00`, `weekly mon,fri 09:30`, \
                     `monthly 1 09:00`, `yearly mar 1 08:00`, cron such as `*/5 * * * *`, `rrule FREQ=DAILY` or `at 2025-06-01T12:00`";

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
        let (when, own) = attempt!(base::base(&mut cursor));
        let zone = match (zone, own) {
            (None, zone) | (zone, None) => zone,
            (Some(zone), Some(_)) => {
                let message = Message::new("`DTSTART` names a zone and so does `TZ=");
                return Err(message
                    .text(zones::name_at(zone))
                    .text("`: leave one of them out"));
            }
        };
        let mut rule = Rule::new(when, zone);
        while !cursor.rest().is_empty() {
            attempt!(clauses::clause(&mut rule, &mut cursor));
        }
        if let (Some(zone), Some(_)) = (rule.zone(), rule.offset_minutes()) {
            let message = match rule.when {
                When::Rrule(_) => Message::new("`DTSTART` is in UTC and `TZ="),
                _ => Message::new("the time of day has an offset from UTC and `TZ="),
            };
            return Err(message
                .text(zone)
                .text("` names a zone: leave one of them out"));
        }
        attempt!(sense::check(&rule));
        Ok(rule)
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
            let message = match self.when {
                When::Rrule(_) => {
                    Message::new("the schedule's `DTSTART` is in UTC and `tz` names ")
                }
                _ => Message::new(
                    "the schedule's time of day has an offset from UTC and `tz` names ",
                ),
            };
            return Err(message.quote(tz).text(": leave one of them out"));
        }
        Ok(())
    }
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
