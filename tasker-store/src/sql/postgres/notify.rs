//! `NOTIFY`: what is said to other processes, and its text.
//!
//! A channel is an installation: named after the schema that its tables are in, by number, so that two in one database do
//! not wake each other, and those who reach one schema by different ways do. The text is words: who says it (`-` where no
//! process has told its own listeners), then what there is.

use std::time::{Duration, Instant as Monotonic};

use sea_orm::{DatabaseBackend, Statement};
use uuid::Uuid;

use crate::sql::outbox::News;
use crate::wake::Wake;

/// The name of the channel, of a row of [`installation`].
macro_rules! channel {
    () => {
        "'tasker:' || relnamespace"
    };
}

/// The row of the table of jobs.
macro_rules! installation {
    () => {
        " FROM pg_class WHERE oid = to_regclass('tasker_jobs')"
    };
}

/// → the name of the channel; no row where there are no tables.
pub(super) const CHANNEL: &str = concat!("SELECT ", channel!(), installation!());

/// Text: tells it. A commit of its own, which need not wait for the disk.
const NOTIFY: &str = concat!(
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify(",
    channel!(),
    ", $1)",
    installation!()
);

/// Text: tells it when the transaction commits that this is in.
const NOTIFY_WITHIN: &str = concat!("SELECT pg_notify(", channel!(), ", $1)", installation!());

/// Tells `news` to others.
pub(crate) fn announcement(sender: Uuid, news: &News) -> Statement {
    Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        NOTIFY,
        [text(Some(sender), news).into()],
    )
}

/// The words and the parameter that tell `wakes` when the transaction commits in which they are carried out; the process
/// itself hears of them too, since nobody else tells its listeners of that commit.
pub(crate) fn announcement_within(wakes: &[Wake]) -> (&'static str, String) {
    let mut news = News::default();
    wakes.iter().for_each(|wake| news.add(*wake));
    (NOTIFY_WITHIN, text(None, &news))
}

/// What `news` is called, said by the process of `sender`.
pub(crate) fn text(sender: Option<Uuid>, news: &News) -> String {
    let mut text = sender.map_or_else(|| "-".into(), |id| id.simple().to_string());
    for (is, word) in [
        (news.ready, " ready"),
        (news.control, " control"),
        (news.finished, " finished"),
        (news.awaited, " awaited"),
    ] {
        if is {
            text.push_str(word);
        }
    }
    if let Some(due) = news.due {
        let left = due.saturating_duration_since(Monotonic::now());
        text.push_str(&format!(" due={}", left.as_micros()));
    }
    text
}

/// What a text says; `None` where that is more than is known here.
pub(super) fn read(text: &str) -> (Option<Uuid>, Option<News>) {
    let mut words = text.split(' ');
    let sender = words.next().and_then(|word| Uuid::parse_str(word).ok());
    let mut news = News::default();
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("ready", "") => news.ready = true,
            ("control", "") => news.control = true,
            ("finished", "") => news.finished = true,
            ("awaited", "") => news.awaited = true,
            ("due", micros) => {
                let Ok(micros) = micros.parse() else {
                    return (sender, None);
                };
                news.due = Monotonic::now().checked_add(Duration::from_micros(micros));
            }
            _ => return (sender, None),
        }
    }
    (sender, Some(news))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read() {
        let mut news = News::default();
        for wake in [Wake::Ready, Wake::Due(Duration::from_secs(60))] {
            news.add(wake);
        }
        let id = Uuid::new_v4();
        let (sender, heard) = read(&text(Some(id), &news));
        let heard = heard.expect("it is known");
        assert_eq!(sender, Some(id));
        assert!(heard.ready && !heard.control && !heard.finished && !heard.awaited);
        let due = heard.due.expect("it is told") - Monotonic::now();
        assert!((59..=60).contains(&due.as_secs()), "{due:?}");
        let (sender, heard) = read("- control finished awaited");
        let heard = heard.expect("it is known");
        assert_eq!(sender, None);
        assert!(!heard.ready && heard.control && heard.finished && heard.awaited);
    }

    #[test]
    fn a_word_of_a_later_release_is_not_understood() {
        assert_eq!(read("- ready brighter").1, None);
        assert_eq!(read("- due=soon").1, None);
    }
}
