//! [`Tasker`]: the handle on a store, for everything an application does with jobs.
//!
//! In: a URL, or a store. Out: enqueueing, and reading and changing jobs, queues, schedules and tasks. The
//! store is opened when it is first needed (by `connect`, at once), so that a command that needs none opens none.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};

#[cfg(feature = "sql")]
use sea_orm::DatabaseConnection;
use serde_json::Value;
use tasker_store::{MemoryStore, Migrate, Store, Worker as StoredWorker};
use tokio::sync::OnceCell;

use crate::enqueue::Enqueue;
use crate::error::{Error, Result};
use crate::jobs::{Jobs, Queues, Tasks};
use crate::lifecycle::{NamedLease, ScheduleRunner};
use crate::schedules::Schedules;
use crate::task::{BoxFuture, Registry, State, States};
use crate::worker::WorkerBuilder;

static INSTALLED: OnceLock<Tasker> = OnceLock::new();

tokio::task_local! {
    static CURRENT: Tasker;
}

/// A handle on a store and the tasks of this binary. Cheap to clone.
#[derive(Clone)]
pub struct Tasker {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    migrate: Migrate,
    store: OnceCell<Arc<dyn Store>>,
    registry: Registry,
    states: Arc<States>,
    timezone: String,
}

enum Place {
    Url(String),
    #[cfg(feature = "sql")]
    Connection(DatabaseConnection),
    Given,
    Nowhere,
}

impl Tasker {
    /// Opens the store at `url` (see [`TaskerBuilder::database_url`]) and brings its schema up to date.
    pub async fn connect(url: impl Into<String>) -> Result<Self> {
        Self::builder().database_url(url).connect().await
    }

    /// A tasker made step by step.
    pub fn builder() -> TaskerBuilder {
        TaskerBuilder::default()
    }

    /// Makes this the tasker that `T::enqueue` uses in this process. An error when there is one already.
    pub fn install(&self) -> Result<()> {
        INSTALLED
            .set(self.clone())
            .map_err(|_| Error::AlreadyInstalled)
    }

    /// Inside a handler the one that runs it, else the installed one, else [`Error::NotInstalled`].
    pub fn current() -> Result<Self> {
        Self::scoped()
            .or_else(|| INSTALLED.get().cloned())
            .ok_or(Error::NotInstalled)
    }

    /// The dynamic form of `T::enqueue`: a job for the task of this alias, its params given as a JSON object.
    /// They are checked against the task's definition: this binary's, else the one mirrored in the store.
    pub fn enqueue_by_alias(&self, alias: impl Into<String>, params: Value) -> Enqueue<Value> {
        Enqueue::by_alias(alias.into(), params).on(self)
    }

    /// Reading and changing jobs.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs::new(self)
    }

    /// Reading, pausing and resuming queues.
    pub fn queues(&self) -> Queues<'_> {
        Queues::new(self)
    }

    /// Creating, reading and changing schedules, and running them by hand.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules::new(self)
    }

    /// The tasks the store knows.
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks::new(self)
    }

    /// The workers that have joined and not left, the oldest first.
    pub async fn workers(&self) -> Result<Vec<StoredWorker>> {
        Ok(self.store().await?.workers().await?)
    }

    /// The tasks of this binary.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The store, opened now if it is not open yet.
    pub async fn store(&self) -> Result<&Arc<dyn Store>> {
        let inner = &self.inner;
        inner
            .store
            .get_or_try_init(|| async {
                // The drivers' futures nest deep, and the compiler bounds how deep an application's may.
                let opening: BoxFuture<'_, Result<Arc<dyn Store>>> = Box::pin(open(&inner.place));
                let store = opening.await?;
                store.open(inner.migrate).await?;
                Ok(store)
            })
            .await
    }

    /// The steps of the store's schema, without opening it.
    #[cfg(feature = "cli")]
    pub(crate) async fn schema(&self) -> Result<Vec<tasker_store::SchemaStep>> {
        let inner = &self.inner;
        match inner.store.get() {
            Some(store) => Ok(store.schema().await?),
            None => Ok(open(&inner.place).await?.schema().await?),
        }
    }

    /// Closes the store's connections, if it was opened; the next call opens them again. A program may end without
    /// it and loses nothing.
    pub async fn close(&self) -> Result<()> {
        match self.inner.store.get() {
            Some(store) => Ok(store.close().await?),
            None => Ok(()),
        }
    }

    /// A worker over this store with the tasks of this binary, to be set up and run.
    pub fn worker(&self) -> WorkerBuilder {
        WorkerBuilder::new(self)
    }

    /// The named lease: one holder at a time, in however many processes.
    pub fn lease(&self, name: impl Into<String>) -> NamedLease {
        NamedLease::new(self, name.into())
    }

    /// The schedule runner of this binary's tasks without a worker, as a part of a program.
    pub fn schedule_runner(&self) -> ScheduleRunner {
        ScheduleRunner::new(self)
    }

    /// The zone of schedules that name none.
    pub(crate) fn timezone(&self) -> &str {
        &self.inner.timezone
    }

    pub(crate) fn states(&self) -> &Arc<States> {
        &self.inner.states
    }

    /// A tasker without a store, for a task that is run by hand where none is installed.
    pub(crate) fn nowhere() -> Self {
        TaskerBuilder::default().build(Place::Nowhere, OnceCell::new(), Registry::default())
    }

    /// The tasker in whose handler this is called.
    pub(crate) fn scoped() -> Option<Self> {
        CURRENT.try_with(Tasker::clone).ok()
    }

    /// Runs `future` with this as the current tasker.
    pub(crate) async fn scope<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(self.clone(), future).await
    }

    /// Runs `function` with this as the current tasker.
    pub(crate) fn sync_scope<T>(&self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), function)
    }
}

impl fmt::Debug for Tasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Tasker")
            .field("open", &self.inner.store.initialized())
            .field("tasks", &self.inner.registry.len())
            .finish_non_exhaustive()
    }
}

/// How a [`Tasker`] is made.
#[derive(Debug, Default)]
pub struct TaskerBuilder {
    url: Option<String>,
    #[cfg(feature = "sql")]
    connection: Option<DatabaseConnection>,
    store: Option<Arc<dyn Store>>,
    migrate: Migrate,
    registry: Option<Registry>,
    states: States,
    timezone: Option<String>,
}

impl TaskerBuilder {
    /// Where the store is; the scheme picks the backend. `sqlite://tasker.db?mode=rwc` is a file in the current
    /// folder, made if it is not there; `memory:` keeps everything in this process, and forgets it.
    #[must_use]
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The application's own connection, in place of a URL: the store is in the database that it leads to, on PostgreSQL in
    /// the schema that it looks into first. The store opens connections of its own beside it, with the same settings, so that
    /// handlers that hold all of the application's hold up nothing else; only a SQLite database in memory is shared.
    /// What was set up on the connection by hand, after it was opened, is not known to those.
    #[cfg(feature = "sql")]
    #[must_use]
    pub fn database(mut self, connection: DatabaseConnection) -> Self {
        self.connection = Some(connection);
        self
    }

    /// A store made by the application, in place of a URL.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Whether the schema is brought up to date, the default, or only checked.
    #[must_use]
    pub fn migrate(mut self, migrate: Migrate) -> Self {
        self.migrate = migrate;
        self
    }

    /// Exactly these tasks, in place of those collected at link time.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Lends `value` to every handler that takes a `State<T>`.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert::<T>(State::from(value));
        self
    }

    /// Lends the resources of `pool` to every handler that takes a [`Resource<T>`](crate::Resource), and the pool itself
    /// to those that take a `State<Pool<T>>`. Whoever made the pool stops it.
    #[cfg(feature = "pool")]
    #[must_use]
    pub fn resource<T: Send + 'static>(mut self, pool: crate::Pool<T>) -> Self {
        self.states.insert_resource(pool);
        self
    }

    /// Values lent to the handlers, in place of all that were given so far; also those that are made when they are first
    /// needed.
    #[must_use]
    pub fn states(mut self, states: States) -> Self {
        self.states = states;
        self
    }

    /// The time zone of schedules that name none, as `Europe/London`. Default: UTC.
    #[must_use]
    pub fn timezone(mut self, zone: impl Into<String>) -> Self {
        self.timezone = Some(zone.into());
        self
    }

    /// Opens the store.
    pub async fn connect(self) -> Result<Tasker> {
        let tasker = self.lazy()?;
        tasker.store().await?;
        Ok(tasker)
    }

    /// A tasker that opens its store when it is first needed. A store given by [`TaskerBuilder::store`] is taken
    /// as open.
    pub fn lazy(mut self) -> Result<Tasker> {
        let registry = match self.registry.take() {
            Some(registry) => registry,
            None => Registry::collect()?,
        };
        let Some(place) = self.place() else {
            return Err(Error::Setup(
                "no store was named: give a `database_url`, a `database` or a `store`".into(),
            ));
        };
        let store = OnceCell::new_with(self.store.take());
        Ok(self.build(place, store, registry))
    }

    /// Where the store is: what was made by the application before what is yet to be.
    fn place(&mut self) -> Option<Place> {
        if self.store.is_some() {
            return Some(Place::Given);
        }
        #[cfg(feature = "sql")]
        if let Some(connection) = self.connection.take() {
            return Some(Place::Connection(connection));
        }
        self.url.take().map(Place::Url)
    }

    fn build(self, place: Place, store: OnceCell<Arc<dyn Store>>, registry: Registry) -> Tasker {
        Tasker {
            inner: Arc::new(Inner {
                place,
                migrate: self.migrate,
                store,
                registry,
                states: Arc::new(self.states),
                timezone: self.timezone.unwrap_or_else(|| "UTC".into()),
            }),
        }
    }
}

/// The store that is there.
async fn open(place: &Place) -> Result<Arc<dyn Store>> {
    match place {
        Place::Url(url) => open_url(url).await,
        #[cfg(feature = "sql")]
        Place::Connection(connection) => {
            Ok(Arc::new(tasker_store::SqlStore::over(connection).await?))
        }
        Place::Given | Place::Nowhere => Err(Error::NotInstalled),
    }
}

/// The backend that `url`'s scheme names.
async fn open_url(url: &str) -> Result<Arc<dyn Store>> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "memory" => Ok(Arc::new(MemoryStore::new())),
        #[cfg(feature = "sql")]
        _ if is_sql(scheme) => Ok(Arc::new(tasker_store::SqlStore::connect(url).await?)),
        _ => Err(Error::Setup(unknown(scheme))),
    }
}

#[cfg(feature = "sql")]
fn is_sql(scheme: &str) -> bool {
    (cfg!(feature = "sqlite") && scheme == "sqlite")
        || (cfg!(feature = "postgres") && matches!(scheme, "postgres" | "postgresql"))
        || (cfg!(feature = "mysql") && matches!(scheme, "mysql" | "mariadb"))
}

/// The URLs this binary takes.
const FORMS: &[&str] = &[
    #[cfg(feature = "sqlite")]
    "`sqlite://file.db?mode=rwc`",
    #[cfg(feature = "postgres")]
    "`postgres://user@host/database`",
    #[cfg(feature = "mysql")]
    "`mysql://user@host/database`",
    "`memory:`",
];

/// What to say of a URL whose backend is not there.
fn unknown(scheme: &str) -> String {
    let cure = match scheme {
        "postgres" | "postgresql" => "; switch the feature `postgres` of `tasker` on",
        "mysql" | "mariadb" => "; switch the feature `mysql` of `tasker` on",
        "sqlite" => "; switch the feature `sqlite` of `tasker` on",
        _ => "",
    };
    format!(
        "no backend for a database URL that begins with `{scheme}:`: this binary takes {}{cure}",
        FORMS.join(", ")
    )
}
