//! In the application's own transaction: [`Enqueue::within`], [`EnqueueMany::within`], [`Context::finish_in`] and
//! [`Tasker::begin`].
//!
//! In: a transaction that the application has begun on the store's database. Out: jobs and outcomes that are true
//! once it commits, and never if it rolls back. The store takes part in the transaction by way of the caller's
//! connection alone, so it does not hear of the end: a worker that is told of a finished job finds out by itself.

use std::fmt;
use std::future::IntoFuture;

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::Serialize;
use tasker_store::{Enqueued, ErrorKind, Fate, JobState, NewJob, SqlStore, StoreError};

use crate::client::Tasker;
use crate::enqueue::{Enqueue, EnqueueMany, handle, handles};
use crate::error::{Error, Result};
use crate::handle::JobHandle;
use crate::task::{BoxFuture, Context};
use crate::worker::executor;

/// The transaction of the application's that a job goes into.
pub struct Within<'c, C> {
    connection: &'c C,
    quiet: bool,
}

impl<O, W> Enqueue<O, W> {
    /// Puts the job into the transaction that the application has begun on `connection`: it is there when that commits,
    /// and never was if that rolls back.
    ///
    /// `connection` is anything of sea-orm that takes statements, on the store's own database; any [`DatabaseTransaction`] of
    /// the application's, or the one that [`Tasker::begin`] gives. It is for transactions only: what has begun none is taken
    /// too, but then each statement is final by itself, and an error may leave half of them behind.
    ///
    /// The handle is good after the commit; before, [`JobHandle::job`] finds nothing. Workers of this process look for the
    /// job within milliseconds of the commit, if it comes within a second; others as for any job.
    ///
    /// [`Tasker::begin`] has a whole program.
    pub fn within<C: ConnectionTrait>(self, connection: &C) -> Enqueue<O, Within<'_, C>> {
        self.moved(Within::new(connection))
    }
}

impl<O, W> EnqueueMany<O, W> {
    /// As [`Enqueue::within`], for all of them.
    pub fn within<C: ConnectionTrait>(self, connection: &C) -> EnqueueMany<O, Within<'_, C>> {
        self.moved(Within::new(connection))
    }
}

/// Further options within a transaction.
macro_rules! options {
    ($builder:ident) => {
        impl<C, O> $builder<O, Within<'_, C>> {
            /// Wakes nobody at the commit: a worker finds it when it looks by itself, within 2 s. For transactions that are
            /// many, or that stay open for long.
            pub fn quiet(mut self) -> Self {
                self.within.quiet = true;
                self
            }
        }
    };
}

options!(Enqueue);
options!(EnqueueMany);

impl<'c, C: ConnectionTrait, O: Send + 'static> IntoFuture for Enqueue<O, Within<'c, C>> {
    type Output = Result<JobHandle<O>>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (tasker, job, within) = self.prepare().await?;
            let alias = job.alias.clone();
            let mut answers = within.enqueue(&tasker, vec![job]).await?;
            handle(&tasker, &alias, answers.pop())
        })
    }
}

impl<'c, C: ConnectionTrait, O: Send + 'static> IntoFuture for EnqueueMany<O, Within<'c, C>> {
    type Output = Result<Vec<JobHandle<O>>>;
    type IntoFuture = BoxFuture<'c, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let alias = self.alias();
            let (tasker, jobs, within) = self.prepare()?;
            let answers = within.enqueue(&tasker, jobs).await?;
            handles(&tasker, alias, answers)
        })
    }
}

impl<'c, C: ConnectionTrait> Within<'c, C> {
    fn new(connection: &'c C) -> Self {
        let quiet = false;
        Self { connection, quiet }
    }

    async fn enqueue(self, tasker: &Tasker, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        let store = sql(tasker, "enqueue_in").await?;
        Ok(match self.quiet {
            true => store.enqueue_in_quietly(self.connection, jobs).await?,
            false => store.enqueue_in(self.connection, jobs).await?,
        })
    }
}

impl<C> fmt::Debug for Within<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("quiet", &self.quiet)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Ends the job well with this output, in the transaction that the handler has begun on `connection`: its effects and the
    /// job's outcome commit together, so that a crash after the commit does not run the job again, and one before it
    /// leaves nothing behind. Gives the state that the job has then: `canceled` where that was asked for meanwhile.
    ///
    /// The log and the progress so far go with it. What is said later is kept only if the transaction rolls back; then the job
    /// goes on, and what the handler returns counts, as ever. After the commit it counts for nothing.
    ///
    /// Where a task is run by hand there is no job to end, and nothing is done.
    ///
    /// # Errors
    ///
    /// [`Error::LeaseLost`] where the job is not this attempt's any more: roll back, or the effects will be there twice.
    /// [`Error::Store`] where the store is not in a database, or in another one.
    ///
    /// [`Tasker::begin`] has a whole program.
    pub async fn finish_in<C: ConnectionTrait, T: Serialize>(
        &self,
        connection: &C,
        output: T,
    ) -> Result<JobState> {
        let output = serde_json::to_string(&output).map_err(|error| {
            let detail = format!("the output cannot be written as JSON: {error}");
            StoreError::new(ErrorKind::Invalid, "finish_in", detail)
        })?;
        let Some(job) = self.claimed() else {
            return Ok(JobState::Succeeded);
        };
        // As an attempt that returns `()`.
        let output = Some(output).filter(|json| json != "null");
        let store = sql(self.tasker(), "finish_in").await?;
        let finish = executor::success(job, output, self.hold_note().await);
        match store.finish_in(connection, finish).await? {
            Fate::Applied(state) => {
                self.seal(state);
                Ok(state)
            }
            Fate::Stale => Err(Error::LeaseLost(job.id)),
        }
    }
}

impl Tasker {
    /// Begins a transaction on the store's database, for the application's own tables and for
    /// [`Enqueue::within`] and [`Context::finish_in`]: over the connection given to
    /// [`TaskerBuilder::database`](crate::TaskerBuilder::database), else over one of up to ten that the store does not use
    /// itself. Any other transaction on that database does as well.
    ///
    /// On SQLite it takes the database's one write lock at once (`BEGIN IMMEDIATE`) and waits for it up to 30 s; a transaction
    /// that first reads and then writes may be refused halfway otherwise. Whoever holds the lock holds up every other
    /// writer, workers too. That includes an enqueue without `within` by the holder itself: it fails after 5 s.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] where the store is not in a database, or the lock is not to be had.
    ///
    #[cfg_attr(all(feature = "macros", feature = "sqlite"), doc = include_str!("within.md"))]
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        Ok(sql(self, "begin").await?.begin().await?)
    }
}

/// The store, where it has transactions.
async fn sql<'t>(tasker: &'t Tasker, op: &'static str) -> Result<&'t SqlStore> {
    let store = tasker.store().await?;
    store.as_any().downcast_ref().ok_or_else(|| {
        let backend = store.capabilities().backend;
        let detail = format!("the backend `{backend}` has no transactions: use a SQL database");
        StoreError::new(ErrorKind::Unsupported, op, detail).into()
    })
}
