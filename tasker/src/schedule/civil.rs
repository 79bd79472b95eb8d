//! From local time to instants and back, across clock changes.
//!
//! A local time is one instant, or two where the clock was put back, or none where it was put forward. Nothing
//! here knows about rules.

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, SubsecRound, TimeDelta,
    TimeZone, Utc,
};
use chrono_tz::{GapInfo, Tz};

/// Where local time is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Zone(Tz),
    Offset(FixedOffset),
}

/// What a local time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instants {
    One(DateTime<Utc>),
    /// The clock shows it twice.
    Two {
        first: DateTime<Utc>,
        second: DateTime<Utc>,
    },
    /// The clock never shows it; this is the first instant after the gap.
    Gap {
        end: DateTime<Utc>,
    },
}

/// Local times that the clock shows twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold {
    /// The first of them.
    pub(super) start: NaiveDateTime,
    /// The first after them.
    pub(super) end: NaiveDateTime,
}

/// What the clock would show, and what it shows instead: later where it is put forward.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the calculator's"))]
pub(super) struct Change {
    pub(super) from: NaiveDateTime,
    pub(super) to: NaiveDateTime,
}

impl Place {
    /// What the clock shows at `at`.
    pub(super) fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc() + self.offset(at)
    }

    /// The instants at which the clock shows `civil`; nothing at the ends of the calendar.
    pub(super) fn instants(self, civil: NaiveDateTime) -> Option<Instants> {
        let tz = match self {
            Place::Offset(offset) => {
                let at = civil.checked_sub_offset(offset)?;
                return Some(Instants::One(at.and_utc()));
            }
            Place::Zone(tz) => tz,
        };
        match tz.from_local_datetime(&civil) {
            MappedLocalTime::Single(at) => Some(Instants::One(at.to_utc())),
            MappedLocalTime::Ambiguous(first, second) => Some(Instants::Two {
                first: first.to_utc(),
                second: second.to_utc(),
            }),
            MappedLocalTime::None => {
                let end = GapInfo::new(&civil, &tz)?.end?;
                Some(Instants::Gap { end: end.to_utc() })
            }
        }
    }

    /// The fold that a local time with these two instants lies in.
    pub(super) fn fold(self, first: DateTime<Utc>, second: DateTime<Utc>) -> Fold {
        let shift = second - first;
        let changed = self.change(first, second).unwrap_or(second);
        let start = self.local(changed);
        Fold {
            start,
            end: start + shift,
        }
    }

    /// The first instant after `from` and up to `to` at which the clock has another offset than at `from`. The two are
    /// so near that it changes at most once between them.
    pub(super) fn change(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = self.offset(to);
        if self.offset(from) == after {
            return None;
        }
        let from = from.trunc_subsecs(0);
        // Clocks change at whole seconds: find the one by halving.
        let (mut before, mut changed) = (0, (to - from).num_seconds() + 1);
        while changed - before > 1 {
            let middle = before + (changed - before) / 2;
            if self.offset(from + TimeDelta::seconds(middle)) == after {
                changed = middle;
            } else {
                before = middle;
            }
        }
        Some(from + TimeDelta::seconds(changed))
    }

    /// The clock changes after `from` and up to `to`.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the calculator's"))]
    pub(super) fn changes(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Change> {
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            let tomorrow = (at + TimeDelta::days(1)).min(to);
            if let Some(change) = self.change(at, tomorrow) {
                found.push(Change {
                    from: change.naive_utc() + self.offset(at),
                    to: self.local(change),
                });
            }
            at = tomorrow;
        }
        found
    }

    /// How far the clock is ahead of UTC.
    pub(super) fn offset(self, at: DateTime<Utc>) -> TimeDelta {
        let offset = match self {
            Place::Zone(tz) => tz.offset_from_utc_datetime(&at.naive_utc()).fix(),
            Place::Offset(offset) => offset,
        };
        TimeDelta::seconds(i64::from(offset.local_minus_utc()))
    }
}
