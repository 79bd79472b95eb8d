//! A task's alias: which texts may be one, and when two are the same.
//!
//! Checked by the compiler for `#[task(alias = "…")]` and for names made from a function's, and again where an
//! alias comes from outside.

use crate::grammar::Message;

/// The longest alias, in bytes.
pub(crate) const MAX_LEN: usize = 128;

/// Aliases that are verbs of the command line, and so cannot name a task.
pub(crate) const RESERVED: [&str; 17] = [
    "help",
    "list",
    "work",
    "run",
    "jobs",
    "queues",
    "schedules",
    "workers",
    "tasks",
    "next",
    "migrate",
    "check",
    "why",
    "prune",
    "dashboard",
    "top",
    "completions",
];

/// Whether `alias` may name a task: `a`–`z` or a digit, then those, `-` and `_`, at most 128 bytes, and not a
/// verb of the command line.
///
/// # Errors
///
/// Says what is wrong and what to write instead.
pub const fn check(alias: &str) -> Result<(), Message> {
    let bytes = alias.as_bytes();
    if bytes.is_empty() {
        return Err(Message::new(
            "an alias is missing: write one like `send-mail`",
        ));
    }
    if bytes.len() > MAX_LEN {
        let message = Message::new("the alias ")
            .quote(alias)
            .text(" has ")
            .number(bytes.len() as u64);
        return Err(message.text(" bytes: write at most 128"));
    }
    if let Some(wrong) = first_wrong(alias) {
        let message = Message::new("")
            .quote(wrong)
            .text(" cannot stand in the alias ")
            .quote(alias);
        let byte = wrong.as_bytes()[0];
        return Err(if byte.is_ascii_uppercase() {
            message.text(": write it in lower case, like `send-mail`")
        } else if byte.is_ascii_whitespace() || byte == b'.' || byte == b'/' || byte == b':' {
            message.text(": write `-` instead, like `send-mail`")
        } else {
            message.text(": an alias is made of `a` to `z`, digits, `-` and `_`, like `send-mail`")
        });
    }
    if bytes[0] == b'-' || bytes[0] == b'_' {
        let message = Message::new("the alias ").quote(alias);
        return Err(message.text(" begins with a sign: begin with `a` to `z` or a digit"));
    }
    if is_reserved(alias) {
        let message = Message::new("the alias ")
            .quote(alias)
            .text(" is a verb of the command line: ");
        return Err(message
            .text("choose a longer one, like `")
            .text(alias)
            .text("-now`"));
    }
    Ok(())
}

/// Whether two aliases name the same task: they are compared ignoring case, `-` and `_`.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    loop {
        while i < a.len() && is_sign(a[i]) {
            i += 1;
        }
        while j < b.len() && is_sign(b[j]) {
            j += 1;
        }
        if i == a.len() || j == b.len() {
            return i == a.len() && j == b.len();
        }
        if !a[i].eq_ignore_ascii_case(&b[j]) {
            return false;
        }
        i += 1;
        j += 1;
    }
}

/// Whether `alias` is a verb of the command line.
const fn is_reserved(alias: &str) -> bool {
    let mut at = 0;
    while at < RESERVED.len() {
        if same(alias, RESERVED[at]) {
            return true;
        }
        at += 1;
    }
    false
}

/// The first character that no alias may hold.
const fn first_wrong(alias: &str) -> Option<&str> {
    let bytes = alias.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if !byte.is_ascii_lowercase() && !byte.is_ascii_digit() && !is_sign(byte) {
            let rest = alias.split_at(at).1;
            return Some(rest.split_at(rest.ceil_char_boundary(1)).0);
        }
        at += 1;
    }
    None
}

const fn is_sign(byte: u8) -> bool {
    byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(alias: &str) -> String {
        check(alias).expect_err(alias).to_string()
    }

    #[test]
    fn plain_aliases_pass() {
        let longest = "a".repeat(MAX_LEN);
        for alias in [
            "hello",
            "send-mail",
            "send_mail",
            "2fa",
            "a",
            "runner",
            "list-all",
            &longest,
        ] {
            assert_eq!(check(alias), Ok(()), "{alias}");
        }
    }

    #[test]
    fn mistakes_name_the_cure() {
        assert!(error("").contains("missing"));
        assert!(error("Hello").contains("`H`") && error("Hello").contains("lower case"));
        assert!(error("send mail").contains("write `-`") && error("a/b").contains("write `-`"));
        assert!(error("grüße").contains("`ü`"));
        assert!(error("-a").contains("begins with a sign"));
        assert!(error(&"a".repeat(129)).contains("129 bytes"));
    }

    #[test]
    fn verbs_are_reserved_however_they_are_written() {
        for verb in RESERVED {
            assert!(error(verb).contains("verb"), "{verb}");
        }
        assert!(error("l-i_st").contains("verb") && error("top").contains("verb"));
    }

    proptest! {
        #[test]
        fn what_passes_has_the_form(alias in "[a-cA-C0-1_ -]{0,6}") {
            let form = alias.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && alias.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
            prop_assert_eq!(check(&alias).is_ok(), form);
        }

        #[test]
        fn sameness_ignores_signs_and_case(a in "[abAB_-]{0,6}", b in "[abAB_-]{0,6}") {
            let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
            prop_assert_eq!(same(&a, &b), plain(&a) == plain(&b));
        }
    }
}
