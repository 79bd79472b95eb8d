//! News for other processes: gathered, and sent by a task of its own.
//!
//! In: what commits made, as [`Wake`]s. Out: one statement at once, then at most one for each [`EVERY`], which says all
//! that came meanwhile. It is never part of a commit that somebody waits for: the lock a database takes to keep such
//! messages in order makes all commits that carry one wait for each other. What cannot be sent is dropped in
//! the end, and so is what a process leaves behind that dies within these moments: others learn of it when they look.
//!
//! The ends of jobs are told only where another process has said, not long ago, that somebody there waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::sql::desk::Desk;
use crate::wake::Wake;

/// How long news is gathered after some was sent.
const EVERY: Duration = Duration::from_millis(5);
/// How long after a failure it is sent again; each time longer.
const AGAIN: Duration = Duration::from_millis(30);
/// How long sending may take, and how often it is tried.
const SENT_WITHIN: Duration = Duration::from_secs(5);
const TRIES: u32 = 5;
/// How often it is said that somebody waits here, and for how long that holds.
const AWAITED_EVERY: Duration = Duration::from_secs(10);
const AWAITED_FOR: Duration = Duration::from_secs(30);

/// What there is to tell, as little as says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) ready: bool,
    pub(crate) control: bool,
    /// Some jobs ended.
    pub(crate) finished: bool,
    /// Somebody waits for the ends of jobs.
    pub(crate) awaited: bool,
    /// When the first of the jobs is due that were put off.
    pub(crate) due: Option<Monotonic>,
}

impl News {
    /// Nothing, where it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn add(&mut self, wake: Wake) {
        match wake {
            Wake::Ready => self.ready = true,
            Wake::Control => self.control = true,
            Wake::Finished(_) => self.finished = true,
            Wake::Due(due) => {
                let at = Monotonic::now().checked_add(due);
                self.due = self.due.into_iter().chain(at).min();
            }
            // It is about what this process heard.
            Wake::Gap => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.ready |= other.ready;
        self.control |= other.control;
        self.finished |= other.finished;
        self.awaited |= other.awaited;
        self.due = self.due.into_iter().chain(other.due).min();
    }
}

/// News on its way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Held while something is sent.
    sending: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    news: News,
    task: Option<JoinHandle<()>>,
    /// When another process said last that somebody waits there.
    awaited_there: Option<Monotonic>,
    /// When this process said so last.
    said_awaited: Option<Monotonic>,
}

impl Outbox {
    /// Takes what a commit made.
    pub(crate) fn post(&self, desk: &Arc<Desk>, wakes: &[Wake]) {
        let mut state = self.lock();
        let ends = state
            .awaited_there
            .is_some_and(|at| at.elapsed() < AWAITED_FOR);
        for &wake in wakes {
            if ends || !matches!(wake, Wake::Finished(_)) {
                state.news.add(wake);
            }
        }
        Self::start(state, desk);
    }

    /// Says to others that somebody here waits for the ends of jobs, unless that was said not long ago.
    pub(crate) fn say_awaited(&self, desk: &Arc<Desk>) {
        let mut state = self.lock();
        if (state.said_awaited).is_none_or(|at| at.elapsed() >= AWAITED_EVERY) {
            state.said_awaited = Some(Monotonic::now());
            state.news.awaited = true;
            Self::start(state, desk);
        }
    }

    /// Remembers that somebody waits in another process.
    #[cfg(feature = "postgres")]
    pub(crate) fn heard_awaited(&self) {
        self.lock().awaited_there = Some(Monotonic::now());
    }

    /// Sends what is left, before the connections close; not for long, since others look anyway.
    pub(crate) async fn flush(&self, desk: &Desk) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.send_rest(desk)).await;
    }

    async fn send_rest(&self, desk: &Desk) {
        let sending = self.sending.lock().await;
        let (news, task) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.news), state.task.take())
        };
        if let Some(task) = task {
            task.abort();
        }
        if !news.is_empty()
            && let Err(error) = desk.announce(&news).await
        {
            tracing::debug!(%error, "other processes could not be told at the end");
        }
        drop(sending);
    }

    fn start(mut state: MutexGuard<'_, State>, desk: &Arc<Desk>) {
        if state.news.is_empty() || state.task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        // Without a runtime nothing is written either.
        if let Ok(runtime) = Handle::try_current() {
            state.task = Some(runtime.spawn(send(Arc::clone(desk))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends until there is nothing more.
async fn send(desk: Arc<Desk>) {
    let Some(outbox) = &desk.outbox else { return };
    let mut failures = 0;
    loop {
        let sending = outbox.sending.lock().await;
        let news = {
            let mut state = outbox.lock();
            if state.news.is_empty() {
                state.task = None;
                return;
            }
            std::mem::take(&mut state.news)
        };
        let sent = tokio::time::timeout(SENT_WITHIN, desk.announce(&news)).await;
        drop(sending);
        if matches!(sent, Ok(Ok(()))) {
            failures = 0;
        } else {
            failures += 1;
            tracing::debug!(failures, ?sent, "other processes could not be told");
            if failures < TRIES {
                outbox.lock().news.merge(news);
            }
        }
        tokio::time::sleep(EVERY + AGAIN * failures).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_due_times_the_earliest_is_told() {
        let mut news = News::default();
        assert!(news.is_empty());
        news.add(Wake::Due(Duration::from_secs(60)));
        news.add(Wake::Due(Duration::from_secs(5)));
        news.add(Wake::Due(Duration::from_secs(30)));
        let due = news.due.expect("one was told");
        assert!(due <= Monotonic::now() + Duration::from_secs(5));
        let mut more = News::default();
        more.add(Wake::Ready);
        more.merge(news);
        assert!(more.ready && more.due == news.due && !more.finished);
    }

    #[test]
    fn a_due_time_past_the_end_of_time_is_no_news() {
        let mut news = News::default();
        news.add(Wake::Due(Duration::MAX));
        assert!(news.is_empty());
    }
}
