//! What is wrong with a text, in a form that a constant can hold.
//!
//! A message owns its bytes in a buffer of fixed size, so that a `const fn` can write one and a `panic!` in a
//! constant can show it. Text that does not fit is cut at a character and ends in `…`; the buffer holds valid
//! UTF-8 at all times.

use std::fmt;

const CAPACITY: usize = 320;
const ELLIPSIS: &str = "…";
/// The longest piece of the user's text that a message repeats, in bytes.
const QUOTED: usize = 64;

/// What is wrong with a text and what to write instead.
///
/// ```
/// let message = tasker::schedule::Rule::parse("dayly 12:00").unwrap_err();
/// assert!(message.as_str().contains("did you mean `daily`"));
/// ```
#[derive(Clone, Copy)]
pub struct Message {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Message {
    /// The message's text: lower case, no full stop, at most 320 bytes.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    pub(crate) const fn new(text: &str) -> Self {
        let empty = Self {
            bytes: [0; CAPACITY],
            len: 0,
        };
        empty.text(text)
    }

    /// Adds `text` as it is.
    pub(crate) const fn text(mut self, text: &str) -> Self {
        if self.is_cut() {
            return self;
        }
        let room = CAPACITY - ELLIPSIS.len() - self.len;
        let fits = text.len() <= room;
        let end = if fits {
            text.len()
        } else {
            text.floor_char_boundary(room)
        };
        self.push(text.split_at(end).0);
        if !fits {
            self.push(ELLIPSIS);
        }
        self
    }

    /// Adds a piece of the user's text in backticks, cut where it is long.
    pub(crate) const fn quote(self, word: &str) -> Self {
        if word.len() <= QUOTED {
            return self.text("`").text(word).text("`");
        }
        let (start, _) = word.split_at(word.floor_char_boundary(QUOTED));
        self.text("`").text(start).text("…`")
    }

    /// Adds a number.
    pub(crate) const fn number(mut self, number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if let Ok(text) = std::str::from_utf8(digits.split_at(at).1) {
            self = self.text(text);
        }
        self
    }

    /// Adds a colon, and `did you mean …?` where there is a near miss; what to write follows.
    pub(crate) const fn suggest(self, near: Option<&str>) -> Self {
        match near {
            Some(word) => self.text(": did you mean ").quote(word).text("? "),
            None => self.text(": "),
        }
    }

    const fn is_cut(&self) -> bool {
        self.len > CAPACITY - ELLIPSIS.len()
    }

    const fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.bytes[self.len] = bytes[at];
            self.len += 1;
            at += 1;
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.as_str()).finish()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Message {}

impl std::error::Error for Message {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined() {
        let message = Message::new("a ")
            .quote("b")
            .text(" ")
            .number(1200)
            .suggest(Some("c"));
        assert_eq!(message.as_str(), "a `b` 1200: did you mean `c`? ");
        assert_eq!(
            format!("{message:?}"),
            r#"Message("a `b` 1200: did you mean `c`? ")"#
        );
    }

    #[test]
    fn what_does_not_fit_is_cut_at_a_character() {
        let mut message = Message::new("");
        for _ in 0..400 {
            message = message.text("äö");
        }
        assert!(message.as_str().len() <= CAPACITY);
        assert!(message.as_str().ends_with('…'));
        assert_eq!(message.as_str().matches('…').count(), 1);
    }

    #[test]
    fn long_words_are_quoted_in_part() {
        let message = Message::new("").quote(&"é".repeat(100));
        assert_eq!(message.as_str(), format!("`{}…`", "é".repeat(32)));
    }
}
