//! What an attempt knows of itself, and how it speaks.
//!
//! In: the claimed job (or none, where a task is run by hand), the application's states, a cancellation token.
//! Out: progress and log lines, gathered in a [`Journal`] that the worker flushes at most once a second and
//! with the finish. Nothing here waits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant as Monotonic;

use tasker_store::{Claimed, Instant, JobId, Level, NewLine, NoteBody, Progress, limits};
use tokio_util::sync::CancellationToken;

use super::error::BoxError;
use super::state::{State, States};
use crate::client::Tasker;

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

    /// What was said since the last call, if anything.
    pub(crate) fn take_note(&self) -> Option<NoteBody> {
        self.inner.journal.take()
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
}

#[derive(Default)]
struct Pending {
    progress: Option<Progress>,
    lines: VecDeque<(Monotonic, Level, String)>,
    taken: usize,
    dropped: u64,
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
        let message = limits::cut(message, limits::LINE).into_owned();
        pending.lines.push_back((Monotonic::now(), level, message));
    }

    fn take(&self) -> Option<NoteBody> {
        let mut pending = self.lock();
        let mut lines: Vec<_> = pending
            .lines
            .drain(..)
            .map(|(written, level, message)| NewLine {
                age: written.elapsed(),
                level,
                message,
            })
            .collect();
        pending.taken += lines.len();
        if pending.dropped > 0 {
            lines.push(NewLine {
                age: std::time::Duration::ZERO,
                level: Level::Warn,
                message: format!(
                    "{} more lines dropped: an attempt keeps {}",
                    pending.dropped,
                    limits::LINES
                ),
            });
            pending.dropped = 0;
        }
        let progress = pending.progress.take();
        (progress.is_some() || !lines.is_empty()).then_some(NoteBody { progress, lines })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        // A panic between two pushes leaves nothing half done.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
