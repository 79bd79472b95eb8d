//! `every 5m`: instants at the same distance from one another, less what a window and exceptions take away.

use chrono::{DateTime, TimeDelta, Utc};

use super::calendar::nothing_left;
use super::civil::{Instants, Place};
use super::filter::Filter;
use crate::grammar::Message;

/// The least number of instants that are looked at before a grid counts as having none left.
const LOOKED_AT: u32 = 100_000;

/// A grid, in microseconds since 1970.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) period: i64,
    pub(super) anchor: i64,
    pub(super) place: Place,
    pub(super) filter: Filter,
}

impl Grid {
    /// The first instant after `after` at which the clock shows a time that the filter leaves.
    pub(super) fn next(&self, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Message> {
        let mut after = after;
        for _ in 0..LOOKED_AT {
            let Some(found) = self.next_plain(after) else {
                return Ok(None);
            };
            match self.closed_until(found) {
                None => return Ok(Some(found)),
                Some(open) => after = (open - TimeDelta::microseconds(1)).max(found),
            }
        }
        Err(nothing_left())
    }

    fn next_plain(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // 128 bits, since an anchor and an instant can be further apart than 64 hold.
        let (period, anchor) = (i128::from(self.period), i128::from(self.anchor));
        let steps = (i128::from(after.timestamp_micros()) - anchor).div_euclid(period) + 1;
        let micros = i64::try_from(anchor + steps * period).ok()?;
        DateTime::from_timestamp_micros(micros)
    }

    /// Where `at` is taken away: a later instant, before which all are; at most a day on, and never past a clock
    /// change, which may show local times again that are left.
    fn closed_until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let shown = self.place.local(at);
        let open = self.filter.closed_until(shown)?;
        let tomorrow = at + TimeDelta::days(1);
        let until = match self.place.instants(open) {
            Some(Instants::Two { first, second }) if first <= at => second,
            Some(
                Instants::One(open)
                | Instants::Two { first: open, .. }
                | Instants::Gap { end: open },
            ) => open,
            None => tomorrow,
        };
        let until = until.min(tomorrow);
        Some(self.place.change(at, until).unwrap_or(until))
    }
}
