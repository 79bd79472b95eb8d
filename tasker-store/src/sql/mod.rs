//! The backend over sea-orm.
//!
//! In: calls of [`Store`](crate::Store) and [`Admin`](crate::Admin). Out: answers, after the commit. Everything
//! that writes is an `Operation` and goes through the one [`writer`], which puts whatever waits into one
//! transaction; reading uses a few connections of its own. Hot paths are fixed statement texts with one JSON
//! parameter, administration uses the entities. What differs by database is in [`dialect`] and the folder of
//! each database.
//!
//! SQLite: a file, in WAL mode, that several processes may use at once. With the default `synchronous=normal` what a
//! call returned survives the death of the process; a power loss may take the last commits. With
//! `?synchronous=full` in the URL it survives that too. A write waits up to 30 s for others that hold the lock, an enqueue 5 s:
//! it may be its own caller's transaction that holds it ([`within`] is the way then).
//!
//! Trouble with a server: a connection that breaks, or brings no answer within 10 s (5 s for a heartbeat), is given up with all
//! others of its pool, and new ones are opened, which waits up to 5 s for a server that starts again. What may be repeated
//! (enqueues by their ids, heartbeats, questions) is sent once more at once; anything else fails as `Unavailable`, and its caller
//! tries again, with pauses. A server that is read only counts as unavailable, so that the way leads to its successor when there
//! is one. Deadlocks and other conflicts are retried here. Where a settle fails nobody knows whether it was carried out: the
//! worker asks [`unheard`](crate::Store::unheard).
//!
//! Where a replica becomes the primary and had not received the last commits: a job whose finish was lost with them
//! is still under the lease of its worker there, or of one that was never heard of, and runs again when that ends; one whose
//! enqueue was lost is gone, and nobody can know. A job claimed before and after has the same token twice in that one case, so
//! let a failover take longer than the lease, or replicate synchronously.
//!
//! Read next: `batch` (what shares a transaction), `enqueue`, `unique`, `settle`, `claim` (the hot paths), `prune` (sweeps).

mod address;
mod admin;
mod batch;
mod bulk;
mod change;
mod claim;
mod desk;
mod dialect;
mod enqueue;
mod entity;
mod exchange;
mod fault;
mod finishing;
mod floors;
mod fused;
mod lease;
mod link;
mod lookout;
mod migration;
#[cfg(feature = "mysql")]
mod mysql;
mod note;
mod outbox;
mod outlook;
mod patience;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod query;
mod readers;
mod schedule;
mod schedule_changes;
mod schedule_query;
mod server_clock;
#[cfg(feature = "server")]
mod session;
#[cfg(not(feature = "server"))]
mod session {
    /// There is none without a server.
    #[derive(Debug)]
    pub(crate) enum Session {}
}
mod settle;
#[cfg(feature = "sqlite")]
mod sqlite;
mod step;
mod store;
mod unique;
mod within;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Instant};
use crate::error::{ErrorKind, Result, StoreError};
use crate::wake::Waker;
use address::Address;
use batch::Request;
use desk::Desk;
use dialect::{Dialect, Lanes};
use exchange::Operation;
use fault::failed;
use lookout::Lookout;
use query::Reader;
use readers::Readers;
use writer::Writer;

/// How long a server may take with what waits when the store is closed.
const STOPPED_WITHIN: Duration = Duration::from_secs(3);

/// A store in a SQL database. Clones share it.
#[derive(Clone)]
pub struct SqlStore {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Writer,
    readers: Readers,
    watch: Mutex<Option<JoinHandle<()>>>,
    lookout: Lookout,
    /// The application's own connection, where the store was made from it.
    given: Option<DatabaseConnection>,
    /// What the application's transactions use where it was not, opened with the first.
    application_pool: Mutex<Option<DatabaseConnection>>,
}

impl Shared {
    fn watch(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop_watching(&self) {
        if let Some(watch) = self.watch().take() {
            watch.abort();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop_watching();
    }
}

impl SqlStore {
    /// Connects to the database at `url` on the store's own clock. [`crate::Store::open`] comes next. Which
    /// schemes are known depends on the features.
    ///
    /// SQLite: `sqlite://path/to/file.db?mode=rwc`, where `mode=rwc` creates the file (its folder must exist), or
    /// `sqlite::memory:` for one that ends with the store. `synchronous=full` survives power loss, at the
    /// cost of a disk flush for each commit; the default is `normal`.
    ///
    /// PostgreSQL: `postgres://user:password@host:5432/database`, with the driver's own settings (`sslmode` and others) and
    /// two of ours: `schema=name` keeps the tables in that schema, which is made where it is missing; `poll-only=true`
    /// does without notifications and prepared statements, for a pooler that hands out connections by transaction.
    ///
    /// MySQL and MariaDB: `mysql://user:password@host:3306/database`, with the driver's own settings.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::Unsupported`] for a URL of another form or a file that is not there,
    /// [`crate::ErrorKind::Unavailable`] where it cannot be opened.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, Clock::Store).await
    }

    /// The same on `clock`, for tests.
    ///
    /// # Errors
    ///
    /// As [`SqlStore::connect`].
    pub async fn connect_with(url: &str, clock: Clock) -> Result<Self> {
        let address = Address::parse(url)?;
        Self::assemble(address, clock, Waker::new(), None)
            .reached()
            .await
    }

    /// A store in the database that `connection` leads to, on PostgreSQL in the schema that it looks into first. The store
    /// opens connections of its own beside it, so that handlers that hold all of the application's stop neither
    /// finishes nor the heartbeat; only a SQLite database in memory is shared. [`SqlStore::begin`] uses the
    /// application's.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::Unsupported`] where the backend's feature is off or the schema has an odd name,
    /// [`crate::ErrorKind::Unavailable`] where the database cannot be reached.
    pub async fn over(connection: &DatabaseConnection) -> Result<Self> {
        let address = Address::of(connection).await?;
        let given = Some(connection.clone());
        Self::assemble(address, Clock::Store, Waker::new(), given)
            .reached()
            .await
    }

    /// This store, once its database has answered.
    async fn reached(self) -> Result<Self> {
        let connection = self.desk().connection().await;
        connection.map_err(|e| failed("connect", e))?;
        self.now("connect").await?;
        Ok(self)
    }

    async fn disconnect(&self) -> Result<()> {
        let stopped = self.shared.writer.stop();
        let stopped = match self.dialect().lanes {
            // Who waits for a lock waits in the database, and not for ever.
            Lanes::One => {
                stopped.await;
                Ok(())
            }
            Lanes::Several { .. } => tokio::time::timeout(STOPPED_WITHIN, stopped).await,
        };
        self.shared.stop_watching();
        let desk = self.desk();
        if let Some(outbox) = &desk.outbox {
            outbox.flush(desk).await;
        }
        self.shared.readers.close(desk).await?;
        let application = self.application_pool().take();
        if let Some(application) = application {
            application.close().await.map_err(|e| failed("close", e))?;
        }
        desk.disconnect().await;
        stopped.map_err(|_| {
            let detail = format!("what waits could not be written within {STOPPED_WITHIN:?}");
            StoreError::new(ErrorKind::Unavailable, "close", detail)
        })
    }

    /// A second handle: its own connections where that can be, and the same listeners.
    fn second(&self) -> Self {
        let desk = self.desk();
        if desk.address.is_in_memory() {
            return self.clone();
        }
        let (clock, waker) = (desk.clock.clone(), desk.waker.clone());
        Self::assemble(
            desk.address.clone(),
            clock,
            waker,
            self.shared.given.clone(),
        )
    }

    fn assemble(
        address: Address,
        clock: Clock,
        waker: Waker,
        given: Option<DatabaseConnection>,
    ) -> Self {
        if address.is_in_memory() && matches!(clock, Clock::Store) {
            // Nobody else is there.
            waker.set_prompt(true);
        }
        let desk = Arc::new(Desk::new(address, clock, waker));
        Self {
            shared: Arc::new(Shared {
                readers: Readers::new(&desk),
                writer: Writer::new(desk),
                watch: Mutex::new(None),
                lookout: Lookout::default(),
                given,
                application_pool: Mutex::new(None),
            }),
        }
    }

    fn desk(&self) -> &Arc<Desk> {
        self.shared.writer.desk()
    }

    fn dialect(&self) -> &'static Dialect {
        self.desk().dialect
    }

    fn application_pool(&self) -> MutexGuard<'_, Option<DatabaseConnection>> {
        self.shared
            .application_pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out an operation with the writer.
    async fn write<O: Operation>(&self, operation: O) -> Result<O::Answer> {
        let op = operation.op();
        let (request, reply) = Request::of(operation);
        self.shared.writer.send(op, request).await?;
        Writer::answer(op, reply).await
    }

    /// The connections that read, for the method `op`.
    async fn read(&self, op: &'static str) -> Result<Reader> {
        self.shared.readers.reader(self.desk(), op).await
    }

    /// Asks a question that changes nothing.
    async fn reading<A, F>(&self, op: &'static str, question: impl Fn(Reader) -> F) -> Result<A>
    where
        F: Future<Output = Result<A>>,
    {
        self.shared.readers.ask(self.desk(), op, question).await
    }

    /// The store's time, for the method `op`.
    async fn now(&self, op: &'static str) -> Result<Instant> {
        self.desk().now().await.map_err(|e| failed(op, e))
    }

    /// Makes sure that writes of other processes are noticed, as long as somebody listens.
    fn keep_watch(&self) {
        // Without a runtime nobody is told; whoever waits also looks from time to time.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut watch = self.shared.watch();
        if watch.as_ref().is_none_or(JoinHandle::is_finished) {
            *watch = self
                .desk()
                .address
                .watch(self.desk())
                .map(|watch| runtime.spawn(watch));
        }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("backend", &self.dialect().name)
            .field("hears_others_promptly", &self.desk().waker.is_prompt())
            .finish_non_exhaustive()
    }
}
