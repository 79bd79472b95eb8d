//! A time of day, with an offset from UTC where it names one.

use std::fmt;

use crate::grammar::{Message, cursor};

const FORM: &str = "write `09:30`, `09:30:15`, or with an offset `09:30Z` or `09:30+02:00`";

/// A time of day as a rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    /// Seconds since midnight, below 86,400.
    pub(super) second: u32,
    /// Minutes east of UTC, where the text names an offset.
    pub(super) offset: Option<i16>,
}

impl TimeOfDay {
    pub(super) const MIDNIGHT: Self = Self {
        second: 0,
        offset: None,
    };

    pub(super) const fn parse(text: &str) -> Result<Self, Message> {
        if text.eq_ignore_ascii_case("midnight") {
            return Ok(Self::MIDNIGHT);
        }
        if text.eq_ignore_ascii_case("noon") {
            return Ok(Self {
                second: 12 * 3600,
                offset: None,
            });
        }
        let (clock, offset) = text.split_at(clock_len(text));
        let Some(second) = clock_second(clock) else {
            return Err(wrong_clock(text, clock));
        };
        match offset_minutes(offset) {
            Some(offset) => Ok(Self { second, offset }),
            None => Err(wrong_offset(text, offset)),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        write!(f, "{hour:02}:{minute:02}")?;
        if second != 0 {
            write!(f, ":{second:02}")?;
        }
        match self.offset {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => write_offset(offset, f),
        }
    }
}

/// `+02:00`.
pub(super) fn write_offset(offset: i16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs();
    write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// How many bytes at the start may belong to the clock: digits and colons.
const fn clock_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b':') {
        at += 1;
    }
    at
}

/// The second of the day of `09:30` or `09:30:15`.
const fn clock_second(clock: &str) -> Option<u32> {
    let bytes = clock.as_bytes();
    if bytes.len() != 5 && bytes.len() != 8 {
        return None;
    }
    let Some(hour) = pair(bytes, 0, 23) else {
        return None;
    };
    let Some(minute) = pair(bytes, 3, 59) else {
        return None;
    };
    if bytes[2] != b':' {
        return None;
    }
    let mut second = 0;
    if bytes.len() == 8 {
        if bytes[5] != b':' {
            return None;
        }
        let Some(value) = pair(bytes, 6, 59) else {
            return None;
        };
        second = value;
    }
    Some(hour * 3600 + minute * 60 + second)
}

/// The outer option is whether it is an offset, the inner one whether there is any.
const fn offset_minutes(offset: &str) -> Option<Option<i16>> {
    let bytes = offset.as_bytes();
    if bytes.is_empty() {
        return Some(None);
    }
    if bytes.len() == 1 && bytes[0] == b'Z' {
        return Some(Some(0));
    }
    let sign = match bytes[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let minutes_at = match bytes.len() {
        3 => 0,
        5 => 3,
        6 if bytes[3] == b':' => 4,
        _ => return None,
    };
    let Some(hour) = pair(bytes, 1, 14) else {
        return None;
    };
    let mut minutes = hour as i16 * 60;
    if minutes_at > 0 {
        let Some(minute) = pair(bytes, minutes_at, 59) else {
            return None;
        };
        minutes += minute as i16;
    }
    // What is in use on Earth.
    let known = if sign < 0 {
        minutes <= 12 * 60
    } else {
        minutes <= 14 * 60
    };
    if known {
        Some(Some(sign * minutes))
    } else {
        None
    }
}

/// The two digits at `at`, if they are digits and at most `most`.
const fn pair(bytes: &[u8], at: usize, most: u32) -> Option<u32> {
    if at + 2 > bytes.len() || !bytes[at].is_ascii_digit() || !bytes[at + 1].is_ascii_digit() {
        return None;
    }
    let value = (bytes[at] - b'0') as u32 * 10 + (bytes[at + 1] - b'0') as u32;
    if value <= most { Some(value) } else { None }
}

const fn wrong_clock(text: &str, clock: &str) -> Message {
    let message = Message::new("").quote(text).text(" is not a time of day: ");
    if let Some((hour, _)) = cursor::split(clock, b':') {
        match cursor::number(hour) {
            Some(24) => return message.text("midnight is `00:00`, at the start of a day"),
            Some(24..) => return message.text("hours are 00 to 23, ").text(FORM),
            Some(_) if hour.len() == 1 => {
                return message
                    .text("an hour has two digits, write `0")
                    .text(clock)
                    .text("`");
            }
            _ => {}
        }
    }
    message.text(FORM)
}

const fn wrong_offset(text: &str, offset: &str) -> Message {
    let message = Message::new("")
        .quote(offset)
        .text(" in ")
        .quote(text)
        .text(" is not an offset from UTC: ");
    let byte = offset.as_bytes()[0];
    if byte == b'z' {
        message.text("write a capital `Z`")
    } else if byte == b'+' || byte == b'-' {
        message.text("write `Z`, `+02`, `+0200` or `+02:00`, from -12:00 to +14:00")
    } else {
        message.text("write `Z` or `+02:00`; a zone goes into `tz = \"Europe/London\"` or `TZ=Europe/London` in front")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        TimeOfDay::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn every_form_round_trips() {
        let cases = [
            ("09:30", "09:30", None),
            ("09:30:15", "09:30:15", None),
            ("09:30Z", "09:30Z", Some(0)),
            ("09:30+02", "09:30+02:00", Some(120)),
            ("09:30+0200", "09:30+02:00", Some(120)),
            ("09:30+02:00", "09:30+02:00", Some(120)),
            ("09:30-03:30", "09:30-03:30", Some(-210)),
            ("09:30+14:00", "09:30+14:00", Some(840)),
            ("23:59:59-12", "23:59:59-12:00", Some(-720)),
            ("noon", "12:00", None),
            ("Midnight", "00:00", None),
        ];
        for (text, written, offset) in cases {
            let time = TimeOfDay::parse(text).expect(text);
            assert_eq!(
                (time.to_string().as_str(), time.offset),
                (written, offset),
                "{text}"
            );
            assert_eq!(TimeOfDay::parse(written), Ok(time));
        }
    }

    #[test]
    fn mistakes_name_the_cure() {
        assert!(error("14:05z").contains("capital `Z`"));
        assert!(error("14:05UTC").contains("`UTC` in `14:05UTC`"));
        assert!(error("25:00").contains("00 to 23"));
        assert!(error("24:00").contains("`00:00`"));
        assert!(error("9:30").contains("write `09:30`"));
        assert!(error("09:30+15:00").contains("+14:00"));
        for text in [
            "",
            "teatime",
            "0930",
            "09:60",
            "09:30:60",
            "09:30:",
            "09:3",
            "09-30",
            "09:30+2",
            "09:30+02:0",
        ] {
            assert!(error(text).contains("09:30"), "{text}: {}", error(text));
        }
        for text in ["09:30ZZ", "09:30+02:60", "09:30-13", "09:30+", "09:30é"] {
            assert!(error(text).contains("offset"), "{text}: {}", error(text));
        }
    }
}
