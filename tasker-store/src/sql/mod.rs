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
//! `?synchronous=full` in the URL it survives that too. A write waits up to 30 s for others that hold the lock.
//!
//! Read next: `batch` (what shares a transaction), `enqueue`, `unique`, `settle`, `claim` (the hot paths), `prune` (sweeps).

mod admin;
mod batch;
mod change;
mod claim;
mod dialect;
mod enqueue;
mod entity;
mod exchange;
mod lease;
mod migration;
mod note;
mod patience;
mod prune;
mod query;
mod schedule;
mod settle;
mod sqlite;
mod store;
mod unique;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::DatabaseConnection;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::error::Result;
use crate::wake::Waker;
use batch::Request;
use dialect::Dialect;
use exchange::Operation;
use query::Reader;
use sqlite::Address;
use writer::{Desk, Writer};

/// A store in a SQL database. Clones share it.
#[derive(Clone)]
pub struct SqlStore {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Writer,
    readers: Mutex<DatabaseConnection>,
    watch: Mutex<Option<JoinHandle<()>>>,
}

impl SqlStore {
    /// Connects to the database at `url` on the store's own clock. [`crate::Store::open`] comes next.
    ///
    /// SQLite: `sqlite://path/to/file.db?mode=rwc`, where `mode=rwc` creates the file (its folder must exist), or
    /// `sqlite::memory:` for one that ends with the store. `synchronous=full` survives power loss, at the
    /// cost of a disk flush for each commit; the default is `normal`.
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
        let store = Self::assemble(address, clock, Waker::new(), None).await?;
        Ok(store)
    }

    async fn disconnect(&self) -> Result<()> {
        self.shared.writer.stop().await;
        let desk = self.desk();
        if desk.address.file.is_some() {
            let open = std::mem::replace(&mut *self.readers(), sqlite::read_pool(&desk.address));
            open.close()
                .await
                .map_err(|e| exchange::failed("close", e))?;
            desk.disconnect().await;
        }
        Ok(())
    }

    /// A second handle: its own connections where the database is a file, and the same listeners.
    async fn second(&self) -> Result<Self> {
        let desk = self.desk();
        if desk.address.file.is_none() {
            return Ok(self.clone());
        }
        Self::assemble(
            desk.address.clone(),
            desk.clock.clone(),
            desk.waker.clone(),
            Some(()),
        )
        .await
    }

    async fn assemble(
        address: Address,
        clock: Clock,
        waker: Waker,
        lazy: Option<()>,
    ) -> Result<Self> {
        let dialect = &sqlite::DIALECT;
        let readers = sqlite::read_pool(&address);
        let in_memory = address.file.is_none();
        let desk = Arc::new(Desk::new(address, dialect, clock, waker));
        let readers = match (in_memory, lazy) {
            // Whatever is in memory is behind one connection.
            (true, _) => desk.connection().await?,
            (false, Some(())) => readers,
            (false, None) => {
                desk.connection().await?;
                readers
            }
        };
        let writer = Writer::new(desk);
        Ok(Self {
            shared: Arc::new(Shared {
                writer,
                readers: Mutex::new(readers),
                watch: Mutex::new(None),
            }),
        })
    }

    fn desk(&self) -> &Arc<Desk> {
        self.shared.writer.desk()
    }

    fn dialect(&self) -> &'static Dialect {
        self.desk().dialect
    }

    fn readers(&self) -> MutexGuard<'_, DatabaseConnection> {
        self.shared
            .readers
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
    fn read(&self, op: &'static str) -> Reader {
        Reader {
            connection: self.readers().clone(),
            dialect: self.dialect(),
            op,
        }
    }

    /// Makes sure that writes of other processes are noticed, as long as somebody listens.
    fn keep_watch(&self) {
        let Some(file) = self.desk().address.file.clone() else {
            return;
        };
        // Without a runtime nobody is told; whoever waits also looks from time to time.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut watch = self
            .shared
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if watch.as_ref().is_none_or(JoinHandle::is_finished) {
            *watch = Some(runtime.spawn(sqlite::watch(Arc::downgrade(self.desk()), file)));
        }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("backend", &self.dialect().name)
            .finish_non_exhaustive()
    }
}
