//! [`App`]: what `#[tasker::main]` hands out, and what `main` may add before it runs.
//!
//! In: the command line, read already, and what the application lends its handlers. Out: the command, carried
//! out. The store's place: `--database-url`, else `TASKER_DATABASE_URL`, else `DATABASE_URL`, else
//! [`App::database_url`], else a SQLite file in the current folder.

use std::ffi::OsString;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::{self, End, Invocation, Program, Stop, WorkDefaults};
use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::task::BoxFuture;
use crate::task::{BoxError, Registry, State, States, Task};

/// Where the store is if nobody says.
const DEFAULT_URL: &str = "sqlite://tasker.db?mode=rwc";

/// An application: its tasks, what it lends them, and the command it was started with.
#[derive(Debug)]
#[must_use = "nothing happens until `.run()` is awaited"]
pub struct App {
    program: Program,
    command: Command,
    exit: Exit,
    registry: Registry,
    states: States,
    database_url: Option<String>,
    timezone: Option<String>,
    defaults: WorkDefaults,
    fault: Option<Error>,
    #[cfg(feature = "pool")]
    pools: Vec<Closing>,
}

/// Stops a pool, whatever it holds.
#[cfg(feature = "pool")]
struct Closing(crate::task::BoxFuture<'static, ()>);

#[cfg(feature = "pool")]
impl std::fmt::Debug for Closing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Closing")
    }
}

#[derive(Debug)]
pub(crate) enum Command {
    /// Ready to be carried out.
    Known(Box<Invocation>),
    /// A word that may be the alias of a task that is yet to be registered by hand.
    Unknown(Vec<OsString>),
}

impl App {
    pub(crate) fn new(program: Program, command: Command, exit: Exit, registry: Registry) -> Self {
        Self {
            program,
            command,
            exit,
            registry,
            states: States::default(),
            database_url: None,
            timezone: None,
            defaults: WorkDefaults::default(),
            fault: None,
            #[cfg(feature = "pool")]
            pools: Vec::new(),
        }
    }

    /// Lends `value` to every handler that takes a `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert::<T>(State::from(value));
        self
    }

    /// As [`App::state`] for what is shared already, also for a `dyn Trait`.
    pub fn state_arc<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.states.insert::<T>(State::from(value));
        self
    }

    /// Lends what `make` makes when a handler first needs it. An error fails that attempt; the next one asks again.
    pub fn state_with<T, E, F, Fut>(mut self, make: F) -> Self
    where
        T: Send + Sync + 'static,
        E: Into<BoxError>,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.states.insert_with(make);
        self
    }

    /// Lends the resources of `pool` to every handler that takes a [`Resource<T>`](crate::Resource), and the pool itself
    /// to those that take a `State<Pool<T>>`. When the command is done the pool is stopped, and its resources are
    /// destroyed.
    #[cfg(feature = "pool")]
    pub fn resource<T: Send + 'static>(mut self, pool: crate::Pool<T>) -> Self {
        self.states.insert_resource(pool.clone());
        self.pools.push(Closing(Box::pin(async move {
            // The application may have stopped it itself; then its end is waited for.
            if pool.stop().await.is_err() {
                pool.stopped().await;
            }
        })));
        self
    }

    /// Registers a task that was not collected at link time. Harmless where it was. Help, `list` and
    /// completions are answered before `main` runs, so they do not show it.
    pub fn task<T: Task>(mut self) -> Self {
        if let Err(error) = self.registry.add::<T>() {
            self.fault.get_or_insert(error);
        }
        self
    }

    /// Where the store is, unless the command line or the environment says otherwise. Default:
    /// `sqlite://tasker.db?mode=rwc`.
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.database_url = Some(url.into());
        self
    }

    /// The time zone of schedules that name none, as `Europe/London`. Default: UTC.
    pub fn timezone(mut self, zone: impl Into<String>) -> Self {
        self.timezone = Some(zone.into());
        self
    }

    /// How many jobs `work` runs at a time, unless `--concurrency` or `TASKER_CONCURRENCY` says otherwise.
    /// Default: 10.
    pub fn concurrency(mut self, jobs: u32) -> Self {
        self.defaults.concurrency = Some(jobs);
        self
    }

    /// How many jobs `work` claims ahead of time, unless `--prefetch` or `TASKER_PREFETCH` says otherwise; see
    /// [`WorkerBuilder::prefetch`](crate::WorkerBuilder::prefetch). Default: 0.
    pub fn prefetch(mut self, jobs: u32) -> Self {
        self.defaults.prefetch = Some(jobs);
        self
    }

    /// Carries out the command this process was started with. Installs a tracing subscriber that writes to
    /// stderr, unless the application has one, and the process-wide [`Tasker`], unless it has one. An error where
    /// the command failed; `#[tasker::main]` prints it and ends the process with the exit code that goes with it.
    pub async fn run(self) -> Result<()> {
        let exit = self.exit.clone();
        exit.set(Status::Failed);
        // Whatever is inside: the compiler bounds how deep an application's own `async` code may nest.
        let execution: BoxFuture<'static, Result<End>> = Box::pin(self.execute());
        let end = execution.await?;
        exit.set(match end {
            End::Done => Status::Done,
            End::Interrupted => Status::Interrupted,
        });
        Ok(())
    }

    async fn execute(self) -> Result<End> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        cli::logging::install();
        let invocation = match self.command {
            Command::Known(invocation) => *invocation,
            Command::Unknown(argv) => match cli::parse(&self.program, &self.registry, argv) {
                Ok(invocation) => invocation,
                Err(Stop::Said(said) | Stop::Unknown(said)) => {
                    self.exit.set(Status::Said(said.exit_code()));
                    // Whether it can be printed or not, the exit code says it.
                    let _ = said.print();
                    return match said.use_stderr() {
                        true => Err(Error::Setup("wrong usage".into())),
                        false => Ok(End::Done),
                    };
                }
            },
        };
        let given = [
            invocation.database_url.clone(),
            variable("TASKER_DATABASE_URL"),
            variable("DATABASE_URL"),
            self.database_url,
        ];
        let url = given.into_iter().flatten().next();
        let mut builder = Tasker::builder()
            .database_url(url.unwrap_or_else(|| DEFAULT_URL.into()))
            .registry(self.registry)
            .states(self.states);
        if let Some(zone) = self.timezone {
            builder = builder.timezone(zone);
        }
        let tasker = builder.lazy()?;
        // One that the application has installed itself stays.
        let _ = tasker.install();
        let end = invocation.execute(tasker.clone(), self.defaults).await;
        #[cfg(feature = "pool")]
        futures_util::future::join_all(self.pools.into_iter().map(|Closing(stop)| stop)).await;
        if let Err(error) = tasker.close().await {
            tracing::warn!(target: "tasker", %error, "the store did not close");
        }
        end
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// How the command ended, told by [`App::run`] to the code around `main`, past whatever `main` makes of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exit {
    status: Arc<Mutex<Status>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// `run` was not called.
    #[default]
    NotRun,
    Done,
    Failed,
    Interrupted,
    /// Everything was printed already; this is the exit code.
    Said(i32),
}

impl Exit {
    pub(crate) fn get(&self) -> Status {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, status: Status) {
        let mut current = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*current, Status::Said(_)) {
            *current = status;
        }
    }
}
