//! Durations as text: `250ms`, `30s`, `5m`, `2h`, `1d`, `1w`, combined like `1h30m`.
//!
//! Whole numbers, units in lower case, from large to small, each at most once. A day is 24 hours and a week
//! seven days: a duration knows no calendar.

use std::fmt;
use std::time::Duration;

use super::{Message, attempt, cursor, suggest};

const UNITS: [&str; 6] = ["w", "d", "h", "m", "s", "ms"];
const MILLIS: [u64; 6] = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
/// What people write instead, in the order of `UNITS`.
const LONG: [&str; 6] = ["weeks", "days", "hours", "minutes", "seconds", "millis"];
const FORM: &str = "write `250ms`, `30s`, `5m`, `2h`, `1d`, `1w` or a combination like `1h30m`";

/// The duration that `text` names.
///
/// # Errors
///
/// Empty text, a number without a unit, an unknown unit, units out of order, fractions and signs, and more
/// than `u64::MAX` milliseconds.
pub(crate) const fn parse(text: &str) -> Result<Duration, Message> {
    let whole = text.trim_ascii();
    if whole.is_empty() {
        return Err(Message::new("a duration is missing: ").text(FORM));
    }
    let mut rest = whole;
    let mut total: u64 = 0;
    let mut smallest = None;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(run(rest, true));
        let (unit, after) = after.split_at(run(after, false));
        let Some(count) = cursor::number(digits) else {
            return Err(invalid(whole));
        };
        let place = attempt!(place(unit, digits, whole));
        if let Some(smallest) = smallest
            && place <= smallest
        {
            let message = Message::new("").quote(whole).text(" is out of order: ");
            return Err(message.text("write each unit once, the largest first, like `1h30m`"));
        }
        smallest = Some(place);
        total = match count.checked_mul(MILLIS[place]) {
            Some(millis) if count < u64::MAX => match total.checked_add(millis) {
                Some(total) => total,
                None => return Err(too_long(whole)),
            },
            _ => return Err(too_long(whole)),
        };
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// `duration` as this grammar writes it; parts below a millisecond are left out.
pub(crate) fn written(duration: Duration) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let mut rest = duration.as_millis();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in UNITS.iter().zip(MILLIS) {
            let count = rest / u128::from(millis);
            rest %= u128::from(millis);
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    })
}

/// How many bytes at the start of `text` are digits, or are none.
const fn run(text: &str, digits: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at].is_ascii_digit() == digits {
        at += 1;
    }
    at
}

const fn place(unit: &str, digits: &str, whole: &str) -> Result<usize, Message> {
    let mut at = 0;
    while at < UNITS.len() {
        if equal(unit, UNITS[at]) {
            return Ok(at);
        }
        at += 1;
    }
    if unit.is_empty() {
        let message = Message::new("")
            .quote(whole)
            .text(" has a number without a unit: write `");
        return Err(message
            .text(digits)
            .text("s` for seconds, `")
            .text(digits)
            .text("m` for minutes"));
    }
    let bytes = unit.as_bytes();
    if !bytes[0].is_ascii_alphabetic() {
        return Err(invalid(whole));
    }
    let message = Message::new("")
        .quote(unit)
        .text(" in ")
        .quote(whole)
        .text(" is not a unit");
    let near = match long(unit) {
        Some(place) => Some(UNITS[place]),
        None => None,
    };
    Err(message
        .suggest(near)
        .text("the units are `ms`, `s`, `m`, `h`, `d`, `w`, as in `1h30m`"))
}

/// The unit meant by a longer word such as `min` or `hours`, or by a capital letter.
const fn long(unit: &str) -> Option<usize> {
    if let Some(place) = cursor::position(unit, &UNITS) {
        return Some(place);
    }
    let mut at = 0;
    while at < LONG.len() {
        if unit.len() >= 3 && cursor::after_prefix(LONG[at], unit).is_some() {
            return Some(at);
        }
        at += 1;
    }
    match suggest::closest(unit, &LONG) {
        Some(word) => cursor::position(word, &LONG),
        None => None,
    }
}

const fn equal(a: &str, b: &str) -> bool {
    // `==` on text is not const; case matters here, since `M` might be read as months.
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn invalid(whole: &str) -> Message {
    Message::new("")
        .quote(whole)
        .text(" is not a duration: ")
        .text(FORM)
}

const fn too_long(whole: &str) -> Message {
    Message::new("")
        .quote(whole)
        .text(" is too long for a duration: write less than 500 million years")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> u128 {
        parse(text).expect(text).as_millis()
    }

    fn error(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn every_unit_counts() {
        assert_eq!(
            (millis("250ms"), millis("30s"), millis("5m")),
            (250, 30_000, 300_000)
        );
        assert_eq!(
            (millis("2h"), millis("1d"), millis("1w")),
            (7_200_000, 86_400_000, 604_800_000)
        );
        assert_eq!(
            (millis("1h30m"), millis("1w1d1h1m1s1ms"), millis("0s")),
            (5_400_000, 694_861_001, 0)
        );
        assert_eq!(
            (millis(" 5m "), millis("90m"), millis("007s")),
            (300_000, 5_400_000, 7_000)
        );
    }

    #[test]
    fn mistakes_name_the_cure() {
        assert!(error("").contains("missing"));
        assert!(error("5").contains("`5s`"), "{}", error("5"));
        assert!(
            error("5min").contains("did you mean `m`"),
            "{}",
            error("5min")
        );
        assert!(error("5M").contains("did you mean `m`"));
        assert!(error("2hours").contains("did you mean `h`"));
        assert!(error("3x").contains("`x` in `3x` is not a unit"));
        assert!(error("30m1h").contains("largest first"));
        assert!(error("1h1h").contains("each unit once"));
        for text in ["1.5h", "-5s", "+5s", "5 m", "m", "five", "5s ago", "１s"] {
            assert!(error(text).contains(text), "{text}: {}", error(text));
        }
    }

    #[test]
    fn too_much_is_an_error() {
        assert!(error("18446744073709551616ms").contains("too long"));
        assert!(error("99999999999999999999w").contains("too long"));
        assert!(error("18446744073709551s616ms").contains("too long"));
        assert_eq!(millis("18446744073709551s615ms"), u128::from(u64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_parses_back(millis in 0u64..) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&written(duration).to_string()), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = parse(&text);
        }
    }
}
