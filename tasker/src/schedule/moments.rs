//! `at 2025-06-01T12:00,2025-07-01T09:00Z`: a list of moments, which a rule names one by one.

use std::fmt;

use chrono::{DateTime, NaiveDateTime};

use super::days::list;
use super::except::check_year;
use super::moment::{self, Moment};
use crate::grammar::{Message, attempt, cursor};

/// How many moments a rule may list.
const MOST: usize = 64;

/// Moments, each in local time or in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moments {
    /// Seconds since 1970 as the clock shows them, or in UTC.
    seconds: [u32; MOST],
    /// A bit for each that is in UTC.
    utc: u64,
    count: usize,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Local(NaiveDateTime),
    Utc(DateTime<chrono::Utc>),
}

impl Moments {
    pub(super) const fn parse(text: &str) -> Result<Self, Message> {
        let mut moments = Self {
            seconds: [0; MOST],
            utc: 0,
            count: 0,
        };
        let mut rest = Some(text);
        while let Some(list) = rest {
            let (item, more) = match cursor::split(list, b',') {
                Some((item, more)) => (item, Some(more)),
                None => (list, None),
            };
            rest = more;
            if item.is_empty() {
                return Err(Message::new(
                    "`at` needs moments: write them without spaces, like `at 2025-06-01T12:00,2025-07-01T09:00`",
                ));
            }
            attempt!(moments.add(item));
        }
        Ok(moments)
    }

    const fn add(&mut self, item: &str) -> Result<(), Message> {
        let moment = attempt!(check_year(attempt!(Moment::parse(item)), item));
        if moment.time.is_none() {
            let message = Message::new("")
                .quote(item)
                .text(" has no time of day: write `");
            return Err(message.text(item).text("T09:00`"));
        }
        if self.count == MOST {
            let message = Message::new("a schedule lists at most ").number(MOST as u64);
            return Err(message.text(" moments: write a rule instead"));
        }
        let second = match moment.has_offset() {
            true => {
                self.utc |= 1 << self.count;
                moment.instant().timestamp()
            }
            false => moment.civil().and_utc().timestamp(),
        };
        // An offset can reach back from the first day of 1970.
        self.seconds[self.count] = if second < 0 { 0 } else { second as u32 };
        self.count += 1;
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Named> {
        (self.seconds.iter().take(self.count).enumerate()).map(|(place, second)| {
            let at = DateTime::from_timestamp(i64::from(*second), 0);
            let at = at.expect("32 bits of seconds are in range");
            match self.utc & 1 << place {
                0 => Named::Local(at.naive_utc()),
                _ => Named::Utc(at),
            }
        })
    }
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(
            f,
            self.iter().map(|named| match named {
                Named::Local(civil) => moment::written(civil).to_string(),
                Named::Utc(at) => format!("{}Z", moment::written(at.naive_utc())),
            }),
        )
    }
}
