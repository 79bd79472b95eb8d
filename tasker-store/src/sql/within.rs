//! In a transaction of the application's: jobs that are there when it commits, and an outcome that counts when it does.
//!
//! In: a connection on which the application has begun a transaction, and what to write. Out: what will be true once it
//! commits, and never if it rolls back. Always true: statements go one by one over the caller's connection and no other,
//! without savepoints and as fixed words (an entity would not name the schema, into which only the store's own connections
//! look by themselves); nothing that is written so counts as known to exist. The store does not hear of the end, so
//! [`SqlStore::foretell`] alone decides who is told, and when.
//!
//! Read next: `exchange` (what carries the statements), `lookout` (who looks for what was committed).

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};

use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, NewJob};
use crate::settle::{Fate, Finish};
use crate::sql::SqlStore;
use crate::sql::enqueue::{Disabled, NewRow, NewRows, insert};
use crate::sql::exchange::Exchange;
use crate::sql::fault::{failed, is_busy};
use crate::sql::finishing::Finishing;
use crate::sql::link::Wire;
use crate::sql::patience::Patience;
use crate::sql::settle::finish;
use crate::wake::Wake;

impl SqlStore {
    /// As [`crate::Store::enqueue`], in the transaction that the application has begun on `connection`: the jobs are there
    /// when it commits, and never were if it rolls back. Workers of this process look for them soon afterwards.
    ///
    /// `connection` leads to the store's own database. One that has begun no transaction is taken too; each statement is
    /// then final by itself, and the call as a whole is not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a connection to another kind of database, [`ErrorKind::Schema`] where it does not find
    /// the store's tables. After any error, roll back.
    pub async fn enqueue_in<C: ConnectionTrait>(
        &self,
        connection: &C,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Enqueued>> {
        self.put(connection, jobs, Told::AtCommit).await
    }

    /// As [`SqlStore::enqueue_in`], and nobody is woken: a worker finds the jobs when it looks by itself, within
    /// seconds.
    ///
    /// # Errors
    ///
    /// As [`SqlStore::enqueue_in`].
    pub async fn enqueue_in_quietly<C: ConnectionTrait>(
        &self,
        connection: &C,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Enqueued>> {
        self.put(connection, jobs, Told::Nobody).await
    }

    /// Records an outcome as [`crate::Store::settle`] does, in the transaction that the application has begun on
    /// `connection`: all that follows from the outcome commits with it, or is undone. [`Fate::Stale`] where the lease is
    /// no longer the job's: nothing was changed, and the transaction is to be rolled back, since another attempt does
    /// the same work.
    ///
    /// # Errors
    ///
    /// As [`SqlStore::enqueue_in`]; [`ErrorKind::Invalid`] where a follow-up is over the [`crate::limits`].
    pub async fn finish_in<C: ConnectionTrait>(
        &self,
        connection: &C,
        finish: Finish,
    ) -> Result<Fate> {
        self.end(connection, finish).await
    }

    /// Begins a transaction of the application's on the store's database: over the connection given to
    /// [`SqlStore::over`], else over one of a few that the store itself does not use.
    ///
    /// On SQLite it takes the database's one write lock at once (`BEGIN IMMEDIATE`) and waits for it up to 30 s; a
    /// transaction that first reads and then writes may be refused halfway otherwise. Whoever holds the lock holds up every
    /// other writer, workers too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] where the lock or a connection is not to be had.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        let connection = self.application("begin").await?;
        let mut patience = Patience::new();
        loop {
            let options = self.dialect().transaction();
            match connection.begin_with_options(options).await {
                Ok(transaction) => return Ok(transaction),
                Err(error) if is_busy(&error) && patience.wait().await => {}
                Err(error) => return Err(failed("begin", error)),
            }
        }
    }

    /// The connections of the application's own transactions.
    async fn application(&self, op: &'static str) -> Result<DatabaseConnection> {
        if let Some(given) = &self.shared.given {
            return Ok(given.clone());
        }
        if self.desk().address.is_in_memory() {
            // There is no other.
            return self.desk().connection().await.map_err(|e| failed(op, e));
        }
        let mut own = self.application_pool();
        let own = own.get_or_insert_with(|| self.desk().address.application_pool());
        Ok(own.clone())
    }

    async fn put(&self, wire: &dyn Wire, jobs: Vec<NewJob>, told: Told) -> Result<Vec<Enqueued>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let rows = NewRows::new(jobs);
        let rows: Vec<&NewRow> = rows.rows.iter().collect();
        let mut tx = self.within("enqueue_in", wire).await?;
        let answers = insert(&mut tx, &rows, Disabled::Refused).await;
        let answers = answers.map_err(misled)?;
        self.foretell(tx, told).await?;
        Ok(answers)
    }

    async fn end(&self, wire: &dyn Wire, ended: Finish) -> Result<Fate> {
        let finishing = Finishing::new(ended)?;
        let mut tx = self.within("finish_in", wire).await?;
        let fates = finish(&mut tx, &[&finishing]).await.map_err(misled)?;
        self.foretell(tx, Told::AtCommit).await?;
        Ok(fates.first().copied().unwrap_or(Fate::Stale))
    }

    /// Statements in the caller's transaction.
    async fn within<'c>(&self, op: &'static str, wire: &'c dyn Wire) -> Result<Exchange<'c>> {
        let (desk, theirs) = (self.desk(), wire.backend());
        if theirs != desk.dialect.backend {
            let detail = format!(
                "the transaction is one of {theirs:?} and the store is in {:?}: begin it on the store's own database",
                desk.dialect.backend
            );
            return Err(StoreError::new(ErrorKind::Unsupported, op, detail));
        }
        let now = self.now(op).await?;
        let mut tx = Exchange::within(wire, desk.dialect, desk.address.schema(), now, desk.seen());
        tx.op = op;
        Ok(tx)
    }

    /// Decides who is told of what `tx` wrote, while nobody knows whether that will ever be true. The caller's
    /// transaction is still open: what goes over it is heard at its commit.
    async fn foretell(&self, tx: Exchange<'_>, told: Told) -> Result<()> {
        if told == Told::Nobody || tx.news.is_empty() {
            return Ok(());
        }
        if let Some((words, news)) = self.desk().address.announcement_within(&tx.news) {
            tx.rows(words, [news.into()]).await?;
        }
        if tx.news.contains(&Wake::Ready) {
            self.shared.lookout.look_out(&self.desk().waker);
        }
        Ok(())
    }
}

/// Who is to be told of a change in a transaction of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Everybody who listens, once it is true.
    AtCommit,
    /// Nobody.
    Nobody,
}

/// That a table is missing means here that the connection leads elsewhere, since the store's own connections find it.
fn misled(error: StoreError) -> StoreError {
    if error.kind() != ErrorKind::Schema {
        return error;
    }
    let detail =
        "the transaction does not find the store's tables: begin it on the store's own database";
    StoreError::new(ErrorKind::Schema, error.op(), detail).caused_by(error)
}
