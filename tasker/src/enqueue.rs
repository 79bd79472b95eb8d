//! [`Enqueue`]: the builder behind `T::enqueue`, and [`JobHandle`], what it gives.
//!
//! In: typed params and options. Out: one job in the store. Nothing happens until it is awaited; options come
//! in any order, the last wins; an option beats the task's attribute, which beats the application's default.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::Value;
use tasker_store::{Due, Enqueued, Holds, Instant, JobState, NewJob, OnConflict, limits};

use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::handle::{EnqueueFate, JobHandle};
use crate::task::unique::{By, Misfit, UniqueOptions, keep_while_held};
use crate::task::{BoxFuture, Fields, ParamError, Params, Task, TaskDefinition, UniqueDefinition};

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
    unique: UniqueOptions,
}

impl<O> Enqueue<O> {
    /// A job of task `T` with these params.
    pub(crate) fn of<T: Task>(params: &T::Params) -> Self {
        Self::new(Target::Task(T::definition()), params.encode())
    }

    pub(crate) fn by_alias(alias: String, params: Value) -> Self {
        let params = crate::dynamic::object(params);
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
                self.options.job(task, &params)?
            }
            Target::Alias(alias) => {
                let params = self.params.map_err(|source| params_error(&alias, source))?;
                let made = crate::dynamic::new_job(&tasker, &alias, params).await?;
                let names: Vec<&str> = made.names.iter().map(String::as_str).collect();
                self.options
                    .apply(made.job, made.unique, &names, &made.params)?
            }
        };
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

/// Many jobs of one task about to be enqueued, in one statement: all of them, or none. Of unique ones
/// ([`EnqueueMany::unique_params`]) each handle says what became of it; duplicates within the call are told as such.
/// `W` is as in [`Enqueue`].
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
            .map(|params| self.options.job(self.task, params))
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

            /// Makes it unique by all its params: of the jobs of this task with equal params, one at a time.
            pub fn unique_params(mut self) -> Self {
                self.options.unique.by = Some(By::Params);
                self
            }

            /// Makes it unique by the params of these names, as they are stored.
            pub fn unique_params_of<N: Into<String>>(
                mut self,
                names: impl IntoIterator<Item = N>,
            ) -> Self {
                let names = names.into_iter().map(Into::into).collect();
                self.options.unique.by = Some(By::ParamsOf(names));
                self
            }

            /// Whatever its task says, any number of its like may be there.
            pub fn not_unique(mut self) -> Self {
                self.options.unique.by = Some(By::Nothing);
                self
            }

            /// Counts uniqueness within the period of this length that its planned time lies in, by the store's clock:
            /// not more than one job in each, since a job that succeeded counts too. Periods are counted from the Unix
            /// epoch in UTC, so those of an hour begin on the hour. The job is kept for at least that long.
            pub fn unique_for(mut self, period: Duration) -> Self {
                self.options.unique.period = Some(period);
                self
            }

            /// It counts as long as it has not been started: while it runs, another may wait.
            pub fn unique_until_started(mut self) -> Self {
                self.options.unique.holds = Some(Ok(Holds::UNTIL_STARTED));
                self
            }

            /// It counts until it has finished, however; the default where there is no period.
            pub fn unique_until_finished(mut self) -> Self {
                self.options.unique.holds = Some(Ok(Holds::UNTIL_FINISHED));
                self
            }

            /// It counts while it is in any of these states. A set that no job could keep to is refused with what to
            /// add: see [`Holds::while_in`].
            pub fn unique_while(mut self, states: impl AsRef<[JobState]>) -> Self {
                self.options.unique.holds = Some(Holds::while_in(states.as_ref()));
                self
            }

            /// What becomes of it where another job is there. Default: [`OnConflict::Existing`].
            pub fn on_conflict(mut self, asked: OnConflict) -> Self {
                self.options.unique.on_conflict = Some(asked);
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

impl<O> Enqueue<O> {
    /// Makes it unique by a key of the application's own: of the jobs of this task with the same key, one at a time.
    /// Where one is there, [`JobHandle::fate`] says so and the handle is that one's, unless
    /// [`Enqueue::on_conflict`] asks for something else.
    ///
    /// ```standalone_crate
    /// # use tasker::{Tasker, task};
    /// # #[task] async fn welcome(user: u32) -> Result<(), std::io::Error> { let _ = user; Ok(()) }
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// # let tasker = Tasker::connect("memory:").await?;
    /// let first = Welcome::enqueue(WelcomeParams::new(42)).unique("welcome:42").on(&tasker).await?;
    /// let second = Welcome::enqueue(WelcomeParams::new(42)).unique("welcome:42").on(&tasker).await?;
    /// assert!(first.is_new() && !second.is_new());
    /// assert_eq!(first.id(), second.id());
    /// # Ok::<(), tasker::Error>(()) }).expect("runs");
    /// ```
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.options.unique.by = Some(By::Key(key.into()));
        self
    }
}

impl Options {
    /// A job of `task` with the options of its attribute and these.
    fn job(&self, task: &'static TaskDefinition, params: &Fields) -> Result<NewJob> {
        let names: Vec<&str> = task.params.iter().map(|param| param.name).collect();
        self.apply(new_job(task, params)?, task.unique.as_ref(), &names, params)
    }

    /// These options over those of the task, whose params have these `names`.
    fn apply(
        &self,
        mut job: NewJob,
        unique: Option<&UniqueDefinition>,
        names: &[&str],
        params: &Fields,
    ) -> Result<NewJob> {
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
        if !self.unique.says_nothing() {
            let unique = self.unique.of(unique, names, params);
            job.unique = unique.map_err(|misfit| match misfit {
                Misfit::Params(source) => params_error(&job.alias, source),
                Misfit::Options(reason) => refused(&job.alias, reason),
            })?;
        }
        keep_while_held(&mut job);
        limits::check(&job).map_err(|reason| refused(&job.alias, reason))?;
        Ok(job)
    }
}

/// A job of `task` with the options of its attribute.
pub(crate) fn new_job(task: &'static TaskDefinition, fields: &Fields) -> Result<NewJob> {
    let params = serde_json::to_string(fields)
        .map_err(|error| params_error(task.alias, ParamError::new(".", error.to_string())))?;
    Ok(NewJob {
        missed: Vec::new(),
        queue: task.queue.to_owned(),
        priority: task.priority,
        shape: task.shape(),
        max_attempts: task.max_attempts,
        tags: task.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        unique: task.unique.map(|unique| unique.of(fields)),
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

fn refused(alias: &str, reason: impl Into<String>) -> Error {
    Error::Refused {
        alias: alias.to_owned(),
        reason: reason.into(),
    }
}

/// The handle on a job, by what the store answered.
pub(crate) fn handle<O>(
    tasker: &Tasker,
    alias: &str,
    answer: Option<Enqueued>,
) -> Result<JobHandle<O>> {
    match answer {
        Some(Enqueued::Refused { reason }) => Err(refused(alias, reason)),
        other => match other.as_ref().and_then(EnqueueFate::of) {
            Some((id, number, fate)) => Ok(JobHandle::new(tasker.clone(), id, number, fate)),
            None => {
                let reason = format!("the store gave no answer for it ({other:?})");
                Err(refused(alias, reason))
            }
        },
    }
}
