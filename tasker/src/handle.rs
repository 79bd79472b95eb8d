//! [`JobHandle`]: one job in the store, and its output when it has one.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tasker_store::{Changed, Enqueued, Job, JobId, JobState, Wake};

use crate::client::Tasker;
use crate::error::{Error, Result};

/// How often a waiting caller looks at the store when no news of the job's end arrives: from this, doubling …
const LOOK_FIRST: Duration = Duration::from_millis(50);
/// … to this …
const LOOK_LAST: Duration = Duration::from_millis(500);
/// … or to this where news of all processes is prompt.
const LOOK_RARELY: Duration = Duration::from_secs(5);

/// One job whose task returns `O`.
pub struct JobHandle<O> {
    tasker: Tasker,
    id: JobId,
    number: i64,
    fate: EnqueueFate,
    output: PhantomData<fn() -> O>,
}

impl<O> JobHandle<O> {
    pub(crate) fn new(tasker: Tasker, id: JobId, number: i64, fate: EnqueueFate) -> Self {
        Self {
            tasker,
            id,
            number,
            fate,
            output: PhantomData,
        }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The job's short number, as the command line prints and takes it.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// What the enqueue that gave this handle came to. Where a unique job met another, the handle is that other one's.
    pub fn fate(&self) -> EnqueueFate {
        self.fate
    }

    /// Whether the enqueue made this job, rather than meeting it under its unique key.
    pub fn is_new(&self) -> bool {
        self.fate == EnqueueFate::New
    }

    /// The job as it is now.
    pub async fn job(&self) -> Result<Job> {
        let store = self.tasker.store().await?;
        let job = store.job(self.id.into()).await?;
        job.ok_or(Error::JobGone(self.id))
    }

    /// Waits until the job has ended, in this process or another, and gives it as it is then. A job that is deleted
    /// will not end: [`Error::JobDeleted`]. A handler that waits for another job keeps its slot meanwhile; where all
    /// slots wait, nobody runs what they wait for.
    pub async fn wait(&self) -> Result<Job> {
        let store = self.tasker.store().await?;
        // Listening before looking: an end between the two is not missed.
        let mut wakes = store.wakes();
        let mut look = LOOK_FIRST;
        loop {
            let job = self.job().await?;
            if job.state.is_final() {
                return Ok(job);
            }
            if job.deleted_at.is_some() {
                return Err(Error::JobDeleted(self.id));
            }
            let news = async {
                loop {
                    match wakes.next().await {
                        Wake::Finished(id) if id == self.id => break,
                        Wake::Gap | Wake::Control => break,
                        _ => {}
                    }
                }
            };
            // A timeout is the backstop for news that never came.
            let _ = tokio::time::timeout(look, news).await;
            look = (look * 2).min(match wakes.are_prompt() {
                true => LOOK_RARELY,
                false => LOOK_LAST,
            });
        }
    }

    /// Waits for the job's end and gives what it returned.
    pub async fn result(&self) -> Result<O>
    where
        O: DeserializeOwned,
    {
        let job = self.wait().await?;
        if job.state != JobState::Succeeded {
            return Err(Error::JobEnded {
                id: self.id,
                state: job.state,
                message: job.error.unwrap_or_else(|| "without a message".into()),
            });
        }
        let json = job.output.as_deref().unwrap_or("null");
        serde_json::from_str(json).map_err(|error| Error::Output {
            id: self.id,
            reason: match job.output {
                Some(_) => error.to_string(),
                None => {
                    "it returned nothing, or more than is kept; the job's log says which".into()
                }
            },
        })
    }

    /// Ends the job, as [`crate::Jobs::cancel`] does.
    pub async fn cancel(&self) -> Result<Changed> {
        self.tasker.jobs().cancel(self.id).await
    }
}

impl<O> Clone for JobHandle<O> {
    fn clone(&self) -> Self {
        Self::new(self.tasker.clone(), self.id, self.number, self.fate)
    }
}

impl<O> fmt::Debug for JobHandle<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("id", &self.id)
            .field("number", &self.number)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// What an enqueue came to. All but `New` name a job that was there under the same unique key, in the state it has
/// after the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnqueueFate {
    /// The job is new.
    New,
    /// A job was there, and is the one meant; nothing was changed.
    Existing(JobState),
    /// A job was there and was made as the new one would have been.
    Replaced(JobState),
    /// A job was there and took the due time of the new one.
    Rescheduled(JobState),
    /// A job was there, so the new one was left out.
    Skipped(JobState),
}

impl EnqueueFate {
    /// Its name: `new`, `existing`, `replaced`, `rescheduled` or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing(_) => "existing",
            Self::Replaced(_) => "replaced",
            Self::Rescheduled(_) => "rescheduled",
            Self::Skipped(_) => "skipped",
        }
    }

    /// The job an answer names, and how; `None` where it names none.
    pub(crate) fn of(answer: &Enqueued) -> Option<(JobId, i64, Self)> {
        match *answer {
            Enqueued::New { id, number } => Some((id, number, Self::New)),
            Enqueued::Existing { id, number, state } => Some((id, number, Self::Existing(state))),
            Enqueued::Replaced { id, number, state } => Some((id, number, Self::Replaced(state))),
            Enqueued::Rescheduled { id, number, state } => {
                Some((id, number, Self::Rescheduled(state)))
            }
            Enqueued::Skipped { id, number, state } => Some((id, number, Self::Skipped(state))),
            _ => None,
        }
    }
}

impl fmt::Display for EnqueueFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
