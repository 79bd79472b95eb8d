//! Dates and moments as text: `2025-06-01`, `2025-06-01T12:00`, `2025-06-01T12:00Z`, and the calendar standard's
//! `20250601T120000Z`.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};

use super::day::Day;
use super::time::TimeOfDay;
use crate::grammar::{Message, attempt, cursor};

const FORM: &str = "write `2025-06-01` or `2025-06-01T12:00`";

/// A date, with a time of day where the text names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The calendar has this day.
    year: i32,
    month: u32,
    day: u32,
    pub(super) time: Option<TimeOfDay>,
}

impl Moment {
    /// Reads `2025-06-01T12:00`, with or without seconds, offset and time.
    pub(super) const fn parse(text: &str) -> Result<Self, Message> {
        let (date, time) = match cursor::split(text, b'T') {
            Some((date, time)) => (date, Some(attempt!(TimeOfDay::parse(time)))),
            None => (text, None),
        };
        let bytes = date.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong(text));
        }
        let (year, month, day) = (
            digits(bytes, 0, 4),
            digits(bytes, 5, 2),
            digits(bytes, 8, 2),
        );
        Self::checked(text, year, month, day, time)
    }

    /// Reads `20250601T120000Z`, with or without `Z` and time, and what [`parse`](Self::parse) reads.
    pub(super) const fn parse_basic(text: &str) -> Result<Self, Message> {
        let bytes = text.as_bytes();
        if digits(bytes, 0, 8).is_none() {
            return Self::parse(text);
        }
        let (year, month, day) = (
            digits(bytes, 0, 4),
            digits(bytes, 4, 2),
            digits(bytes, 6, 2),
        );
        let offset = match bytes {
            [_, _, _, _, _, _, _, _] => return Self::checked(text, year, month, day, None),
            [.., b'Z'] if bytes.len() == 16 => Some(0),
            _ if bytes.len() == 15 => None,
            _ => return Err(wrong(text)),
        };
        match (
            bytes[8],
            digits(bytes, 9, 2),
            digits(bytes, 11, 2),
            digits(bytes, 13, 2),
        ) {
            (b'T', Some(hour @ 0..24), Some(minute @ 0..60), Some(second @ 0..60)) => {
                let second = hour * 3600 + minute * 60 + second;
                let time = TimeOfDay { second, offset };
                Self::checked(text, year, month, day, Some(time))
            }
            _ => Err(wrong(text)),
        }
    }

    const fn checked(
        text: &str,
        year: Option<u32>,
        month: Option<u32>,
        day: Option<u32>,
        time: Option<TimeOfDay>,
    ) -> Result<Self, Message> {
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return Err(wrong(text));
        };
        let year = year as i32;
        if NaiveDate::from_ymd_opt(year, month, day).is_none() {
            let message = Message::new("").quote(text).text(" never comes: ");
            return Err(message.text("the calendar has no such day, write another"));
        }
        Ok(Self {
            year,
            month,
            day,
            time,
        })
    }

    /// The local time, midnight where the text names none.
    pub(super) const fn civil(&self) -> NaiveDateTime {
        self.at(self.second())
    }

    /// The last second that the text names: the last of the day where it has no time.
    pub(super) const fn last_second(&self) -> NaiveDateTime {
        match self.time {
            Some(time) => self.at(time.second),
            None => self.at(86_399),
        }
    }

    /// The instant, in UTC where the text names no offset.
    pub(super) const fn instant(&self) -> DateTime<Utc> {
        let offset = match self.time {
            Some(TimeOfDay {
                offset: Some(offset),
                ..
            }) => offset as i64 * 60,
            _ => 0,
        };
        match DateTime::from_timestamp(self.civil().and_utc().timestamp() - offset, 0) {
            Some(at) => at,
            None => panic!("years have four digits"),
        }
    }

    /// The second of the day, 0 where the text names none.
    pub(super) const fn second(&self) -> u32 {
        match self.time {
            Some(time) => time.second,
            None => 0,
        }
    }

    pub(super) const fn year(&self) -> i32 {
        self.year
    }

    pub(super) const fn has_offset(&self) -> bool {
        matches!(
            self.time,
            Some(TimeOfDay {
                offset: Some(_),
                ..
            })
        )
    }

    pub(super) const fn day(&self) -> Day {
        Day::on(self.year, self.month, self.day)
    }

    const fn at(&self, second: u32) -> NaiveDateTime {
        let date = NaiveDate::from_ymd_opt(self.year, self.month, self.day);
        let civil = match date {
            Some(date) => date.and_hms_opt(second / 3600, second / 60 % 60, second % 60),
            None => None,
        };
        match civil {
            Some(civil) => civil,
            None => panic!("the date was checked, and seconds of the day are below 86,400"),
        }
    }
}

/// `2025-06-01T12:00`, with the seconds where there are any.
pub(super) fn written(civil: NaiveDateTime) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let form = match civil.second() {
            0 => "%Y-%m-%dT%H:%M",
            _ => "%Y-%m-%dT%H:%M:%S",
        };
        write!(f, "{}", civil.format(form))
    })
}

/// The number that `count` digits at `at` make.
const fn digits(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    if bytes.len() < at + count {
        return None;
    }
    let mut number = 0;
    let mut place = at;
    while place < at + count {
        if !bytes[place].is_ascii_digit() {
            return None;
        }
        number = number * 10 + (bytes[place] - b'0') as u32;
        place += 1;
    }
    Some(number)
}

const fn wrong(text: &str) -> Message {
    Message::new("")
        .quote(text)
        .text(" is not a date: ")
        .text(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments_are_read() {
        let read = |text: &str| {
            let moment = Moment::parse_basic(text).expect(text);
            let offset = moment.time.and_then(|time| time.offset);
            (written(moment.civil()).to_string(), offset)
        };
        let cases = [
            ("2025-06-01", "2025-06-01T00:00", None),
            ("2025-06-01T12:30", "2025-06-01T12:30", None),
            ("2025-06-01T12:30:15Z", "2025-06-01T12:30:15", Some(0)),
            ("2025-06-01T12:30+02:00", "2025-06-01T12:30", Some(120)),
            ("20250601", "2025-06-01T00:00", None),
            ("20250601T123015", "2025-06-01T12:30:15", None),
            ("20250601T123000Z", "2025-06-01T12:30", Some(0)),
        ];
        for (text, written, offset) in cases {
            assert_eq!(read(text), (written.to_owned(), offset), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_an_error() {
        for text in [
            "",
            "2025",
            "2025-6-1",
            "2025-06-01T",
            "20250601T1230",
            "20250601t123000",
            "1.6.2025",
            "2025-06-01T25:00",
        ] {
            assert!(Moment::parse_basic(text).is_err(), "{text}");
        }
        for text in ["2025-02-29", "20251301", "2025-00-10"] {
            let message = Moment::parse_basic(text).expect_err(text);
            assert!(message.as_str().contains("never comes"), "{message}");
        }
    }
}
