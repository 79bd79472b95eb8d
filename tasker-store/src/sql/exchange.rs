//! One exchange with the database: statements in a transaction, the instant it happens at, and the news it makes.
//!
//! In: an [`Operation`], what one call of the contract asks. Out: its answer, to be given after the commit only.
//! Operations are run again, alone, when the batch they were in fails, so they take nothing out of themselves.

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionTrait, TryGetable, Value,
};
use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions};

use crate::clock::{Instant, to_micros};
use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::dialect::{Dialect, Statements};
use crate::sql::sqlite;
use crate::wake::Wake;

/// What one call asks of the store.
#[async_trait]
pub(crate) trait Operation: Send + Sync + 'static {
    /// The store method, for messages.
    const NAME: &'static str;
    /// What the caller gets.
    type Answer: Send + 'static;

    /// The store method, where several share the operation.
    fn op(&self) -> &'static str {
        Self::NAME
    }

    /// Does it. Nothing is final before the commit.
    async fn run(&self, tx: &mut Exchange) -> Result<Self::Answer>;
}

/// Queues and tasks whose rows are known to exist, so that enqueueing need not make sure of them.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) queues: HashSet<String>,
    pub(crate) tasks: HashSet<String>,
}

/// A transaction that writes.
pub(crate) struct Exchange {
    tx: DatabaseTransaction,
    dialect: &'static Dialect,
    /// The store's clock when the transaction had the lock.
    pub(crate) now: Instant,
    /// Which method is at work, for messages.
    pub(crate) op: &'static str,
    /// What to tell after the commit.
    pub(crate) news: Vec<Wake>,
    /// What is known to exist; `fresh` joins it with the commit.
    pub(crate) seen: Seen,
    fresh: Seen,
}

impl Exchange {
    /// Takes the write lock. `now` is asked once it is held. Gives `seen` back where that fails.
    pub(crate) async fn begin(
        connection: &DatabaseConnection,
        dialect: &'static Dialect,
        now: impl FnOnce() -> Instant,
        seen: Seen,
    ) -> Result<Self, (DbErr, Seen)> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match connection.begin_with_options(options).await {
            Ok(tx) => Ok(Self {
                tx,
                dialect,
                now: now(),
                op: "write",
                news: Vec::new(),
                seen,
                fresh: Seen::default(),
            }),
            Err(e) => Err((e, seen)),
        }
    }

    /// Makes it final; gives the news and what is known now.
    pub(crate) async fn commit(self) -> Result<(Vec<Wake>, Seen)> {
        self.tx.commit().await.map_err(|e| failed("commit", e))?;
        let mut seen = self.seen;
        seen.queues.extend(self.fresh.queues);
        seen.tasks.extend(self.fresh.tasks);
        Ok((self.news, seen))
    }

    /// Undoes it; gives back what was known before.
    pub(crate) async fn roll_back(self) -> Seen {
        // Where even this fails the connection is broken, and the next begin opens another.
        let _ = self.tx.rollback().await;
        self.seen
    }

    /// The words of this database.
    pub(crate) fn words(&self) -> &'static Statements {
        &self.dialect.statements
    }

    /// `now` as the tables keep it.
    pub(crate) fn micros(&self) -> i64 {
        to_micros(self.now)
    }

    /// The connection, for entities.
    pub(crate) fn connection(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Remembers a piece of news, once.
    pub(crate) fn tell(&mut self, wake: Wake) {
        if matches!(wake, Wake::Finished(_)) || !self.news.contains(&wake) {
            self.news.push(wake);
        }
    }

    /// Whether `queue` needs its row made; from now on it counts as made.
    pub(crate) fn is_new_queue(&mut self, queue: &str) -> bool {
        !self.seen.queues.contains(queue) && self.fresh.queues.insert(queue.to_owned())
    }

    /// Whether `task` needs its row made; from now on it counts as made.
    pub(crate) fn is_new_task(&mut self, task: &str) -> bool {
        !self.seen.tasks.contains(task) && self.fresh.tasks.insert(task.to_owned())
    }

    /// Carries out a statement for its rows.
    pub(crate) async fn rows(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.dialect.backend, words, values);
        self.tx
            .query_all_raw(statement)
            .await
            .map_err(|e| self.failed(e))
    }

    /// Carries out a statement for its effect: how many rows it changed.
    pub(crate) async fn change(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64> {
        Ok(self.execute(words, values).await?.rows_affected())
    }

    /// Inserts rows: how many were, and the number the last of them got.
    pub(crate) async fn insert(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<(u64, i64)> {
        let done = self.execute(words, values).await?;
        Ok((done.rows_affected(), done.last_insert_id().cast_signed()))
    }

    async fn execute(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<ExecResult> {
        let statement = Statement::from_sql_and_values(self.dialect.backend, words, values);
        self.tx
            .execute_raw(statement)
            .await
            .map_err(|e| self.failed(e))
    }

    /// The first column of the first row.
    pub(crate) async fn single<T: TryGetable>(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Option<T>> {
        let rows = self.rows(words, values).await?;
        rows.first().map(|row| self.get(row, 0)).transpose()
    }

    /// A column of a row.
    pub(crate) fn get<T: TryGetable>(&self, row: &QueryResult, column: usize) -> Result<T> {
        get(self.op, row, column)
    }

    /// What the driver reports, as an error of the method at work.
    pub(crate) fn failed(&self, error: DbErr) -> StoreError {
        failed(self.op, error)
    }
}

/// A column of a row; one that cannot be read is [`ErrorKind::Corrupt`].
pub(crate) fn get<T: TryGetable>(op: &'static str, row: &QueryResult, column: usize) -> Result<T> {
    row.try_get_by_index(column).map_err(|e| {
        StoreError::new(
            ErrorKind::Corrupt,
            op,
            format!("column {column} of a row cannot be read"),
        )
        .caused_by(e)
    })
}

/// What the driver reports, in our terms.
pub(crate) fn failed(op: &'static str, error: DbErr) -> StoreError {
    let (kind, detail) = match &error {
        DbErr::Type(_) | DbErr::Json(_) => (ErrorKind::Corrupt, "a stored value cannot be read"),
        DbErr::ConnectionAcquire(_) => (
            ErrorKind::Unavailable,
            "no connection to the database is free",
        ),
        DbErr::Conn(RuntimeErr::Internal(_)) => {
            (ErrorKind::Unavailable, "the database cannot be reached")
        }
        _ => match sqlite::kind_of(&error) {
            ErrorKind::Unavailable if sqlite::is_busy(&error) => (
                ErrorKind::Unavailable,
                "another connection holds the database's lock: end the transaction that keeps it",
            ),
            kind => (kind, sqlite::explain(&error)),
        },
    };
    StoreError::new(kind, op, detail).caused_by(error)
}
