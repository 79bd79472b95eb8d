//! From the local times of a calendar to instants, in a zone and under the policies for its clock changes.
//!
//! A local time is one instant, or two in a fold, or none in a gap; the policies make of it none, one or both. What
//! comes out never goes back, and matches that fall on one instant are one.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::calendar::{Calendar, before};
use super::civil::{Instants, Place};
use super::filter::Filter;
use super::policy::{Fold, Gap};
use crate::grammar::Message;

/// A calendar in a place.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) calendar: Calendar,
    pub(super) filter: Filter,
    pub(super) place: Place,
    pub(super) gap: Gap,
    pub(super) fold: Fold,
}

impl Walk {
    /// The first occurrence after `after`.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        match self.fold {
            Fold::Both => self.next_of_both(after),
            Fold::First | Fold::Second => self.next_of_one(after),
        }
    }

    /// The first local time after `civil` that the rule names.
    pub(super) fn named(&self, civil: NaiveDateTime) -> Result<Option<NaiveDateTime>, Message> {
        self.calendar.next_left(civil, &self.filter)
    }

    /// Each local time counts at most once, and its instant never goes back as local time goes on.
    fn next_of_one(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        let mut civil = self.place.local(after);
        if let Some(Instants::Two { first, second }) = self.place.instants(civil) {
            let fold = self.place.fold(first, second);
            if self.fold == Fold::First && second <= after {
                // All of the fold's local times have had their turn.
                civil = before(fold.end);
            } else if self.fold == Fold::Second && after < second {
                // All of them are still to come.
                civil = before(fold.start);
            }
        }
        while let Some(found) = self.named(civil)? {
            let at = match self.place.instants(found) {
                Some(Instants::One(at)) => at,
                Some(Instants::Two { first, second }) => match self.fold {
                    Fold::Second => second,
                    _ => first,
                },
                Some(Instants::Gap { end }) if self.gap == Gap::Next => end,
                Some(Instants::Gap { end }) => {
                    civil = before(self.place.local(end));
                    continue;
                }
                None => return Err(no_instant(found)),
            };
            if at > after {
                return Ok(Some(at));
            }
            civil = found;
        }
        Ok(None)
    }

    /// Every instant counts at which the clock shows a match.
    fn next_of_both(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        let mut civil = self.place.local(after);
        if let Some(Instants::Two { first, second }) = self.place.instants(civil)
            && after < second
        {
            let fold = self.place.fold(first, second);
            if let Some(found) = self.named(civil)?
                && found < fold.end
                && let Some(Instants::Two { first: at, .. }) = self.place.instants(found)
            {
                return Ok(Some(at));
            }
            // Nothing is left of the first pass: the clock goes back to where the fold starts.
            civil = before(fold.start);
        }
        while let Some(found) = self.named(civil)? {
            match self.place.instants(found) {
                Some(Instants::One(at)) => return Ok(Some(at)),
                Some(Instants::Two { first, second }) => {
                    return Ok(Some(if first > after { first } else { second }));
                }
                Some(Instants::Gap { end }) if self.gap == Gap::Next => return Ok(Some(end)),
                // On from the end of the gap, whose own local time may match.
                Some(Instants::Gap { end }) => civil = before(self.place.local(end)),
                None => return Err(no_instant(found)),
            }
        }
        Ok(None)
    }
}

pub(super) fn no_instant(civil: NaiveDateTime) -> Message {
    Message::new("the local time ")
        .quote(&civil.to_string())
        .text(" has no instant in the schedule's time zone: choose another zone")
}
