//! Task definitions as the store mirrors them, so that other processes can list and enqueue tasks they do
//! not contain.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Instant;
use crate::schedule::NewSchedule;

/// What a worker's binary contains, said at its start and again from time to time.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// Its tasks.
    pub tasks: Vec<NewTask>,
    /// Its schedules.
    pub schedules: Vec<NewSchedule>,
    /// Schedules from code that nobody has declared for this long are retired. Default of the runtime: 1 h.
    pub retire_after: Duration,
}

/// A task to be mirrored.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its alias, as written.
    pub alias: String,
    /// One line for people.
    pub title: String,
    /// The rest of its documentation.
    pub description: String,
    /// The queue its jobs go to by default.
    pub queue: String,
    /// Its params, described as JSON.
    pub params: String,
    /// The hash of their shape.
    pub shape: i64,
    /// The crate it comes from.
    pub origin: String,
}

/// The form in which aliases are compared, everywhere: without regard to case, `-` and `_`. What people see is
/// the alias as written.
///
/// ```
/// assert_eq!(tasker_store::canonical_alias("Send-Mail_2"), "sendmail2");
/// ```
pub fn canonical_alias(alias: &str) -> String {
    alias
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// A task as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Its alias.
    pub alias: String,
    /// One line for people.
    pub title: String,
    /// The rest of its documentation.
    pub description: String,
    /// The queue its jobs go to by default.
    pub queue: String,
    /// Its params, described as JSON.
    pub params: String,
    /// The hash of their shape.
    #[serde(serialize_with = "crate::digits::text")]
    pub shape: i64,
    /// The crate it comes from.
    pub origin: String,
    /// Whether its jobs may be enqueued and claimed.
    pub enabled: bool,
    /// When a worker last declared it; `None` where only jobs speak of it.
    pub seen_at: Option<Instant>,
}

/// What a declaration changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Schedules that are new, by name.
    pub added: Vec<String>,
    /// Schedules whose definition changed, or that came back.
    pub changed: Vec<String>,
    /// Schedules that were retired.
    pub retired: Vec<String>,
    /// Schedules that were not taken, since ones created at run time have their names. They are told with each
    /// declaration.
    pub taken: Vec<String>,
}

impl Diff {
    /// Whether nothing in the store is another.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.retired.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_alias;

    #[test]
    fn spellings_of_one_alias_are_equal() {
        for spelling in ["send-mail", "send_mail", "SendMail", "SEND--MAIL_"] {
            assert_eq!(canonical_alias(spelling), "sendmail");
        }
        assert_ne!(canonical_alias("send-mail2"), canonical_alias("send-mail"));
    }
}
