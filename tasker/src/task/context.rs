//! What an attempt knows of itself, and how it speaks.
//!
//! In: the claimed job (or none, where a task is run by hand), the application's states, a cancellation token.
//! Out: progress and log lines, gathered in a [`Journal`] that the worker flushes at most once a second and
//! with the finish. Nothing here waits. An attempt that has finished its job in a transaction of its own is sealed: what
//! it says then stays here until its end, when it is known whether the transaction committed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant as Monotonic;

use tasker_store::{Claimed, Instant, JobId, JobState, Level, NewLine, NoteBody, Progress, limits};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::error::BoxError;
use super::state::{State, States};
use crate::client::Tasker;
use crate::error::Result;

/// One attempt, as its handler sees it. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    alias: &'static str,
    job: Option<Arc<Claimed>>,
    cancel: CancellationToken,
    states: Arc<States>,
    tasker: Tasker,
    journal: Journal,
    sealed: OnceLock<JobState>,
    wants_text: bool,
    #[cfg(feature = "pool")]
    loans: crate::pool::Loans,
}

impl Context {
    /// The context of one attempt of `job`; `None` where the task is run by hand.
    pub(crate) fn new(
        alias: &'static str,
        job: Option<Arc<Claimed>>,
        cancel: CancellationToken,
        states: Arc<States>,
        tasker: Tasker,
        wants_text: bool,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                alias,
                job,
                cancel,
                states,
                tasker,
                journal: Journal::default(),
                sealed: OnceLock::new(),
                wants_text,
                #[cfg(feature = "pool")]
                loans: crate::pool::Loans::default(),
            }),
        }
    }

    /// The alias of the task.
    pub fn alias(&self) -> &str {
        self.inner.alias
    }

    /// The job's id; `None` where the task is run by hand.
    pub fn job_id(&self) -> Option<JobId> {
        self.inner.job.as_ref().map(|job| job.id)
    }

    /// The job's short number; `None` where the task is run by hand.
    pub fn job_number(&self) -> Option<i64> {
        self.inner.job.as_ref().map(|job| job.number)
    }

    /// The queue the job came from; `None` where the task is run by hand.
    pub fn queue(&self) -> Option<&str> {
        self.inner.job.as_ref().map(|job| job.queue.as_str())
    }

    /// The count of this attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.inner.job.as_ref().map_or(1, |job| job.attempt)
    }

    /// How many attempts there are, the first one counted; `None` is without end.
    pub fn max_attempts(&self) -> Option<u32> {
        self.inner
            .job
            .as_ref()
            .map_or(Some(1), |job| job.max_attempts)
    }

    /// The job's labels.
    pub fn tags(&self) -> &[String] {
        self.inner.job.as_ref().map_or(&[], |job| &job.tags)
    }

    /// The occurrence this job stands for, if a schedule made it. It may be earlier than the run.
    pub fn scheduled_for(&self) -> Option<Instant> {
        let job = self.inner.job.as_ref()?;
        job.occurrence.map(|occurrence| occurrence.at)
    }

    /// Earlier occurrences of its schedule that passed without a job and that this job stands for too, oldest first: those of
    /// an outage under `catch_up = once`; under `all`, of the oldest job, those beyond its bound. The latest 100 are kept.
    /// Empty where nothing was missed, and where the task is run by hand. Asks the store, since few jobs want to know.
    ///
    /// # Errors
    ///
    /// Where the store cannot be asked.
    pub async fn missed(&self) -> Result<Vec<Instant>> {
        let Some(job) = self.job_id().filter(|_| self.scheduled_for().is_some()) else {
            return Ok(Vec::new());
        };
        let found = self.inner.tasker.store().await?.job(job.into()).await?;
        Ok(found.map(|job| job.missed).unwrap_or_default())
    }

    /// The token that fires when the attempt should end: it was canceled, its time is over, the process stops, or
    /// its lease is lost. An `async fn` that goes on for 30 s after that is dropped; a plain function cannot be.
    pub fn token(&self) -> &CancellationToken {
        &self.inner.cancel
    }

    /// Whether the attempt should end.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_cancelled()
    }

    /// Waits until the attempt should end.
    pub async fn cancelled(&self) {
        self.inner.cancel.cancelled().await;
    }

    /// The application's value of type `T`. An error where it was not given, or cannot be made.
    pub async fn state<T: ?Sized + Send + Sync + 'static>(&self) -> Result<State<T>, BoxError> {
        self.inner.states.get::<T>().await
    }

    /// Whether the application has given a value of type `T`.
    #[cfg(feature = "pool")]
    pub(crate) fn has_state<T: ?Sized + 'static>(&self) -> bool {
        self.inner.states.contains::<T>()
    }

    /// The resources this attempt has borrowed.
    #[cfg(feature = "pool")]
    pub(crate) fn loans(&self) -> &crate::pool::Loans {
        &self.inner.loans
    }

    /// Whether the attempt failed because a resource broke.
    pub(crate) fn resource_broke(&self) -> bool {
        #[cfg(feature = "pool")]
        return self.inner.loans.broke();
        #[cfg(not(feature = "pool"))]
        return false;
    }

    /// The tasker that runs this attempt.
    pub fn tasker(&self) -> &Tasker {
        &self.inner.tasker
    }

    /// Says how far the attempt is. Kept at most once a second; the latest wins.
    pub fn progress(&self, done: u64, total: u64) {
        self.inner.journal.progress(Progress { done, total });
    }

    /// Writes a line to the job's log, and to tracing.
    pub fn info(&self, message: impl fmt::Display) {
        self.log(Level::Info, &message);
    }

    /// As [`Context::info`], for something odd.
    pub fn warn(&self, message: impl fmt::Display) {
        self.log(Level::Warn, &message);
    }

    /// As [`Context::info`], for something that failed.
    pub fn error(&self, message: impl fmt::Display) {
        self.log(Level::Error, &message);
    }

    /// As [`Context::info`], for details.
    pub fn debug(&self, message: impl fmt::Display) {
        self.log(Level::Debug, &message);
    }

    /// Whether the caller of the handler wants its output in words.
    pub(crate) fn wants_text(&self) -> bool {
        self.inner.wants_text
    }

    /// The job; `None` where the task is run by hand.
    #[cfg(feature = "sql")]
    pub(crate) fn claimed(&self) -> Option<&Claimed> {
        self.inner.job.as_deref()
    }

    /// Notes that the job has this state if the handler's own transaction commits.
    #[cfg(feature = "sql")]
    pub(crate) fn seal(&self, state: JobState) {
        // Where an earlier transaction was rolled back that state will do too: it is for a job that is gone.
        let _ = self.inner.sealed.set(state);
    }

    /// The state that the job has if the handler's own transaction has committed; `None` where it finished nothing in one.
    pub(crate) fn sealed(&self) -> Option<JobState> {
        self.inner.sealed.get().copied()
    }

    /// What was said and not taken yet, at the end of the attempt.
    pub(crate) fn take_note(&self) -> Option<NoteBody> {
        self.inner.journal.take()
    }

    /// The same while the attempt goes on, to be sent now; [`Context::sent`] follows when that is done.
    pub(crate) fn send_note(&self) -> Option<NoteBody> {
        self.inner.journal.send()
    }

    /// What was taken to be sent is in the store.
    pub(crate) fn sent(&self) {
        self.inner.journal.sent();
    }

    /// What was said and is, as far as is known here, not in the store. Nothing is taken, and nothing more is sent.
    #[cfg(feature = "sql")]
    pub(crate) async fn hold_note(&self) -> Option<NoteBody> {
        self.inner.journal.hold().await
    }

    fn log(&self, level: Level, message: &dyn fmt::Display) {
        let message = message.to_string();
        let alias = self.inner.alias;
        match level {
            Level::Error => tracing::error!(target: "tasker::job", task = alias, "{message}"),
            Level::Warn => tracing::warn!(target: "tasker::job", task = alias, "{message}"),
            Level::Info => tracing::info!(target: "tasker::job", task = alias, "{message}"),
            Level::Debug => tracing::debug!(target: "tasker::job", task = alias, "{message}"),
        }
        if self.inner.job.is_some() {
            self.inner.journal.line(level, &message);
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("alias", &self.inner.alias)
            .field("job", &self.job_id())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// Progress and log lines on their way to the store. Bounded by [`limits::LINES`] for one attempt.
#[derive(Default)]
struct Journal {
    pending: Mutex<Pending>,
    sent: Notify,
}

/// How long a transaction of the handler's waits for the note that is being sent. On a server it is there by then, so it
/// need not be said again; where the transaction itself holds it up, as on SQLite, it will be refused.
#[cfg(feature = "sql")]
const SENDING: std::time::Duration = std::time::Duration::from_millis(20);

#[derive(Default)]
struct Pending {
    progress: Option<Progress>,
    lines: VecDeque<Line>,
    taken: usize,
    dropped: u64,
    /// What is being sent: a transaction of the handler's may be faster.
    sending: (Option<Progress>, Vec<Line>),
    /// Whether all further notes wait for the end of the attempt.
    held: bool,
}

#[derive(Clone)]
struct Line {
    written: Monotonic,
    level: Level,
    message: String,
}

impl Journal {
    fn progress(&self, progress: Progress) {
        self.lock().progress = Some(progress);
    }

    fn line(&self, level: Level, message: &str) {
        let mut pending = self.lock();
        if pending.taken + pending.lines.len() >= limits::LINES {
            pending.dropped += 1;
            return;
        }
        pending.lines.push_back(Line {
            written: Monotonic::now(),
            level,
            message: limits::cut(message, limits::LINE).into_owned(),
        });
    }

    fn take(&self) -> Option<NoteBody> {
        let (progress, lines) = self.lock().take();
        body(progress, &lines)
    }

    fn send(&self) -> Option<NoteBody> {
        let mut pending = self.lock();
        if pending.held {
            return None;
        }
        let (progress, lines) = pending.take();
        let note = body(progress, &lines);
        pending.sending.0 = progress.or(pending.sending.0);
        pending.sending.1.extend(lines);
        note
    }

    fn sent(&self) {
        self.lock().sending = Default::default();
        self.sent.notify_waiters();
    }

    #[cfg(feature = "sql")]
    async fn hold(&self) -> Option<NoteBody> {
        self.lock().held = true;
        let arrived = async {
            let mut sent = std::pin::pin!(self.sent.notified());
            sent.as_mut().enable();
            if self.lock().is_sending() {
                sent.await;
            }
        };
        // Where it has not, it goes along.
        let _ = tokio::time::timeout(SENDING, arrived).await;
        self.so_far()
    }

    #[cfg(feature = "sql")]
    fn so_far(&self) -> Option<NoteBody> {
        let pending = self.lock();
        let mut lines = pending.sending.1.clone();
        lines.extend(pending.lines.iter().cloned());
        lines.extend(pending.remark());
        body(pending.progress.or(pending.sending.0), &lines)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        // A panic between two pushes leaves nothing half done.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn take(&mut self) -> (Option<Progress>, Vec<Line>) {
        let mut lines: Vec<Line> = self.lines.drain(..).collect();
        self.taken += lines.len();
        lines.extend(self.remark());
        self.dropped = 0;
        (self.progress.take(), lines)
    }

    #[cfg(feature = "sql")]
    fn is_sending(&self) -> bool {
        self.sending.0.is_some() || !self.sending.1.is_empty()
    }

    /// The line that says how many are missing.
    fn remark(&self) -> Option<Line> {
        let (dropped, most) = (self.dropped, limits::LINES);
        (dropped > 0).then(|| Line {
            written: Monotonic::now(),
            level: Level::Warn,
            message: format!("{dropped} more lines dropped: an attempt keeps {most}"),
        })
    }
}

/// A note, if there is anything in it.
fn body(progress: Option<Progress>, lines: &[Line]) -> Option<NoteBody> {
    let lines: Vec<NewLine> = (lines.iter())
        .map(|line| NewLine {
            age: line.written.elapsed(),
            level: line.level,
            message: line.message.clone(),
        })
        .collect();
    (progress.is_some() || !lines.is_empty()).then_some(NoteBody { progress, lines })
}

#[cfg(all(test, feature = "sql"))]
mod tests {
    use super::*;

    fn said(note: Option<NoteBody>) -> (Option<u64>, Vec<String>) {
        let note = note.unwrap_or_default();
        let lines = note.lines.into_iter().map(|line| line.message);
        (note.progress.map(|progress| progress.done), lines.collect())
    }

    fn journal() -> Journal {
        let journal = Journal::default();
        journal.line(Level::Info, "first");
        journal.progress(Progress { done: 1, total: 9 });
        let first = (Some(1), vec!["first".to_owned()]);
        assert_eq!(said(journal.send()), first);
        journal.line(Level::Info, "second");
        journal
    }

    /// Whether or not the transaction commits, nothing is lost.
    #[tokio::test(start_paused = true)]
    async fn what_does_not_arrive_goes_along() {
        let journal = journal();
        let both = vec!["first".to_owned(), "second".to_owned()];
        assert_eq!(said(journal.hold().await), (Some(1), both));
        journal.line(Level::Info, "third");
        assert_eq!(said(journal.send()), (None, vec![]));
        let rest = vec!["second".to_owned(), "third".to_owned()];
        assert_eq!(said(journal.take()), (None, rest));
    }

    #[tokio::test(start_paused = true)]
    async fn what_arrives_meanwhile_is_not_said_again() {
        let journal = journal();
        let arrives = async {
            tokio::task::yield_now().await;
            journal.sent();
        };
        let (held, ()) = tokio::join!(journal.hold(), arrives);
        assert_eq!(said(held), (None, vec!["second".to_owned()]));
        assert_eq!(
            said(journal.hold().await),
            (None, vec!["second".to_owned()])
        );
    }
}
