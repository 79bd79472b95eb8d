//! [`Enqueue`]: the builder behind `T::enqueue`, and [`JobHandle`], what it gives.
//!
//! In: typed params and options. Out: one job in the store. Nothing happens until it is awaited; options come
//! in any order, the last wins; an option beats the task's attribute, which beats the application's default.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::Value;
use tasker_store::{Due, Enqueued, Instant, NewJob, limits};

use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::task::{BoxFuture, Fields, ParamError, Params, Task, TaskDefinition};

/// A job about to be enqueued, whose task returns `O`. `W` is whose transaction it goes into: one of its own, unless
/// [`Enqueue::within`] names another.
#[must_use = "nothing is enqueued until this is awaited"]
#[derive(Debug)]
pub struct Enqueue<O, W = ()> {
    target: Target,
    params: Result<Fields, ParamError>,
    options: Options,
    tasker: Option<Tasker>,
    pub(crate) within: W,
    output: PhantomData<fn() -> O>,
}

#[derive(Debug)]
enum Target {
    Task(&'static TaskDefinition),
    Alias(String),
}

#[derive(Debug, Default)]
struct Options {
    due: Option<Due>,
    queue: Option<String>,
    priority: Option<i16>,
    max_attempts: Option<Option<u32>>,
    tags: Vec<String>,
}

impl<O> Enqueue<O> {
    /// A job of task `T` with these params.
    pub(crate) fn of<T: Task>(params: &T::Params) -> Self {
        Self::new(Target::Task(T::definition()), params.encode())
    }

    pub(crate) fn by_alias(alias: String, params: Value) -> Self {
        let params = match params {
            Value::Object(fields) => Ok(fields),
            Value::Null => Ok(Fields::new()),
            other => Err(ParamError::new(
                ".",
                format!("params are a JSON object, not `{other}`"),
            )),
        };
        Self::new(Target::Alias(alias), params)
    }

    fn new(target: Target, params: Result<Fields, ParamError>) -> Self {
        Self {
            target,
            params,
            options: Options::default(),
            tasker: None,
            within: (),
            output: PhantomData,
        }
    }

    async fn send(self) -> Result<JobHandle<O>> {
        let (tasker, job, ()) = self.prepare().await?;
        let alias = job.alias.clone();
        let mut answers = tasker.store().await?.enqueue(vec![job]).await?;
        handle(&tasker, &alias, answers.pop())
    }
}

impl<O, W> Enqueue<O, W> {
    /// Enqueues from a plain function, such as a task without `async`. Call it on a thread that may block,
    /// inside a tokio runtime; on one that drives the runtime it panics, as `Handle::block_on` does.
    pub fn blocking(self) -> Result<JobHandle<O>>
    where
        Self: IntoFuture<Output = Result<JobHandle<O>>>,
    {
        tokio::runtime::Handle::current().block_on(self.into_future())
    }

    /// The same in another transaction.
    #[cfg(feature = "sql")]
    pub(crate) fn moved<V>(self, within: V) -> Enqueue<O, V> {
        Enqueue {
            target: self.target,
            params: self.params,
            options: self.options,
            tasker: self.tasker,
            within,
            output: PhantomData,
        }
    }

    /// The whole job, who enqueues it, and in which transaction.
    pub(crate) async fn prepare(self) -> Result<(Tasker, NewJob, W)> {
        let tasker = match self.tasker {
            Some(tasker) => tasker,
            None => Tasker::current()?,
        };
        let job = match self.target {
            Target::Task(task) => {
                let params = self
                    .params
                    .map_err(|source| params_error(task.alias, source))?;
                new_job(task, &params)?
            }
            Target::Alias(alias) => {
                let params = self.params.map_err(|source| params_error(&alias, source))?;
                crate::dynamic::new_job(&tasker, &alias, params).await?
            }
        };
        let job = self.options.apply(job)?;
        Ok((tasker, job, self.within))
    }
}

impl<O: Send + 'static> IntoFuture for Enqueue<O> {
    type Output = Result<JobHandle<O>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Many jobs of one task about to be enqueued, in one statement: all of them, or none. `W` is as in [`Enqueue`].
#[must_use = "nothing is enqueued until this is awaited"]
#[derive(Debug)]
pub struct EnqueueMany<O, W = ()> {
    task: &'static TaskDefinition,
    params: Result<Vec<Fields>, ParamError>,
    options: Options,
    tasker: Option<Tasker>,
    pub(crate) within: W,
    output: PhantomData<fn() -> O>,
}

impl<O> EnqueueMany<O> {
    pub(crate) fn of<T: Task>(params: impl IntoIterator<Item = T::Params>) -> Self {
        Self {
            task: T::definition(),
            params: params.into_iter().map(|params| params.encode()).collect(),
            options: Options::default(),
            tasker: None,
            within: (),
            output: PhantomData,
        }
    }

    async fn send(self) -> Result<Vec<JobHandle<O>>> {
        let alias = self.alias();
        let (tasker, jobs, ()) = self.prepare()?;
        let answers = tasker.store().await?.enqueue(jobs).await?;
        handles(&tasker, alias, answers)
    }
}

impl<O, W> EnqueueMany<O, W> {
    /// The same in another transaction.
    #[cfg(feature = "sql")]
    pub(crate) fn moved<V>(self, within: V) -> EnqueueMany<O, V> {
        EnqueueMany {
            task: self.task,
            params: self.params,
            options: self.options,
            tasker: self.tasker,
            within,
            output: PhantomData,
        }
    }

    /// The alias of their task.
    pub(crate) fn alias(&self) -> &'static str {
        self.task.alias
    }

    /// The whole jobs, who enqueues them, and in which transaction.
    pub(crate) fn prepare(self) -> Result<(Tasker, Vec<NewJob>, W)> {
        let tasker = match self.tasker {
            Some(tasker) => tasker,
            None => Tasker::current()?,
        };
        let alias = self.task.alias;
        let params = self.params.map_err(|source| params_error(alias, source))?;
        let jobs = params
            .iter()
            .map(|params| self.options.apply(new_job(self.task, params)?))
            .collect::<Result<Vec<_>>>()?;
        Ok((tasker, jobs, self.within))
    }
}

impl<O: Send + 'static> IntoFuture for EnqueueMany<O> {
    type Output = Result<Vec<JobHandle<O>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The options of a job, the same for one and for many.
macro_rules! options {
    ($builder:ident) => {
        impl<O, W> $builder<O, W> {
            /// Runs it this much later at the earliest, by the store's clock.
            pub fn delay(mut self, delay: Duration) -> Self {
                self.options.due = Some(Due::In(delay));
                self
            }

            /// Runs it at this instant at the earliest; one that has passed means now.
            pub fn at(mut self, at: Instant) -> Self {
                self.options.due = Some(Due::At(at));
                self
            }

            /// Puts it into this queue. An empty name means `default`.
            pub fn queue(mut self, queue: impl Into<String>) -> Self {
                self.options.queue = Some(queue.into());
                self
            }

            /// Higher runs first.
            pub fn priority(mut self, priority: i16) -> Self {
                self.options.priority = Some(priority);
                self
            }

            /// How many attempts it has, the first one counted; at least 1.
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                self.options.max_attempts = Some(Some(attempts));
                self
            }

            /// Attempts without end.
            pub fn unlimited_attempts(mut self) -> Self {
                self.options.max_attempts = Some(None);
                self
            }

            /// Adds a label to those of the task.
            pub fn tag(mut self, tag: impl Into<String>) -> Self {
                self.options.tags.push(tag.into());
                self
            }

            /// Uses this tasker instead of the current one.
            pub fn on(mut self, tasker: &Tasker) -> Self {
                self.tasker = Some(tasker.clone());
                self
            }
        }
    };
}

options!(Enqueue);
options!(EnqueueMany);

impl Options {
    fn apply(&self, mut job: NewJob) -> Result<NewJob> {
        if let Some(due) = self.due {
            job.due = due;
        }
        if let Some(queue) = &self.queue {
            job.queue = if queue.is_empty() {
                "default".into()
            } else {
                queue.clone()
            };
        }
        if let Some(priority) = self.priority {
            job.priority = priority;
        }
        if let Some(max_attempts) = self.max_attempts {
            job.max_attempts = max_attempts;
        }
        job.tags.extend(self.tags.iter().cloned());
        limits::check(&job).map_err(|reason| Error::Refused {
            alias: job.alias.clone(),
            reason,
        })?;
        Ok(job)
    }
}

/// A job of `task` with the options of its attribute.
pub(crate) fn new_job(task: &'static TaskDefinition, params: &Fields) -> Result<NewJob> {
    let params = serde_json::to_string(params)
        .map_err(|error| params_error(task.alias, ParamError::new(".", error.to_string())))?;
    Ok(NewJob {
        queue: task.queue.to_owned(),
        priority: task.priority,
        shape: task.shape(),
        max_attempts: task.max_attempts,
        tags: task.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..NewJob::new(task.alias, params)
    })
}

pub(crate) fn params_error(alias: &str, source: ParamError) -> Error {
    Error::Params {
        alias: alias.to_owned(),
        source,
    }
}

/// The handles on jobs of one task, by what the store answered.
pub(crate) fn handles<O>(
    tasker: &Tasker,
    alias: &str,
    answers: Vec<Enqueued>,
) -> Result<Vec<JobHandle<O>>> {
    let answers = answers.into_iter();
    answers
        .map(|answer| handle(tasker, alias, Some(answer)))
        .collect()
}

/// The handle on a job, by what the store answered.
pub(crate) fn handle<O>(
    tasker: &Tasker,
    alias: &str,
    answer: Option<Enqueued>,
) -> Result<JobHandle<O>> {
    let refused = |reason: String| Error::Refused {
        alias: alias.to_owned(),
        reason,
    };
    match answer {
        Some(Enqueued::New { id, number }) => Ok(JobHandle::new(tasker.clone(), id, number)),
        Some(Enqueued::Refused { reason }) => Err(refused(reason)),
        other => Err(refused(format!(
            "the store gave no answer for it ({other:?})"
        ))),
    }
}
