//! Reading a text word by word, in `const fn`.

/// A place in a text made of words with ASCII white space between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            rest: text.trim_ascii(),
        }
    }

    /// The next word, which is passed; empty at the end.
    pub(crate) const fn word(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        let (word, rest) = self.rest.split_at(at);
        self.rest = rest.trim_ascii_start();
        word
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }
}

/// What stands before and after the first `mark`, which is ASCII; nothing where there is none.
pub(crate) const fn split(text: &str, mark: u8) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == mark {
            let (before, rest) = text.split_at(at);
            return Some((before, rest.split_at(1).1));
        }
        at += 1;
    }
    None
}

/// The number that `text` consists of; nothing where it is no number. Past `u64` it stays at the maximum.
pub(crate) const fn number(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            return None;
        }
        value = value
            .saturating_mul(10)
            .saturating_add((bytes[at] - b'0') as u64);
        at += 1;
    }
    Some(value)
}

/// Where `word` stands in `words`, ignoring ASCII case.
pub(crate) const fn position(word: &str, words: &[&str]) -> Option<usize> {
    let mut at = 0;
    while at < words.len() {
        if word.eq_ignore_ascii_case(words[at]) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// What follows `prefix` in `text`, ignoring ASCII case.
pub(crate) const fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    if text.len() < prefix.len() || !text.is_char_boundary(prefix.len()) {
        return None;
    }
    let (start, rest) = text.split_at(prefix.len());
    if start.eq_ignore_ascii_case(prefix) {
        Some(rest)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_one_by_one() {
        let mut cursor = Cursor::new("  weekly\tmon,fri  09:30 ");
        assert_eq!((cursor.word(), cursor.rest()), ("weekly", "mon,fri  09:30"));
        assert_eq!(
            (cursor.word(), cursor.word(), cursor.word()),
            ("mon,fri", "09:30", "")
        );
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number("0015"), Some(15));
        assert_eq!(number("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(
            (number(""), number("+1"), number("1.5"), number("٣")),
            (None, None, None, None)
        );
    }

    #[test]
    fn prefixes_ignore_case_and_respect_characters() {
        assert_eq!(after_prefix("tz=UTC", "TZ="), Some("UTC"));
        assert_eq!(after_prefix("aéb", "aé"), Some("b"));
        assert_eq!(after_prefix("aé", "ab"), None);
    }
}
