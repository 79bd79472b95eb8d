//! One exchange with the database: statements in a transaction, the instant it happens at, and the news it makes.
//!
//! In: an [`Operation`], what one call of the contract asks. Out: its answer, to be given after the commit only.
//! Operations are run again, alone, when the batch they were in fails, so they take nothing out of themselves.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement, TransactionTrait, TryGetable, Value,
};

use crate::clock::{Instant, to_micros};
use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::dialect::{Dialect, Returning, Statements};
use crate::sql::fault::failed;
use crate::sql::floors::Floors;
use crate::sql::link::{Link, Wire};
use crate::sql::session::Session;
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

    /// Whether its statements must happen together. Those of others need no transaction where several may write at
    /// a time, which saves two round trips.
    fn is_whole(&self) -> bool {
        true
    }

    /// Whether it is a sign of life: a change of one row that may be repeated, and must not wait for long.
    fn is_small(&self) -> bool {
        false
    }

    /// Does it. Nothing is final before the commit.
    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Self::Answer>;
}

/// What is known of the tables. Shared by everything that writes through one store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<(Mutex<Names>, Floors)>);

/// Queues and tasks whose rows are known to exist, so that enqueueing need not make sure of them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    queues: HashSet<String>,
    tasks: HashSet<String>,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Statements that write, together, and what follows from them.
pub(crate) struct Exchange<'c> {
    link: Link<'c>,
    dialect: &'static Dialect,
    /// What tables' names begin with, where the link may not find them by themselves.
    schema: Option<String>,
    /// The store's clock when it began; where one lock guards the store, when that was held.
    pub(crate) now: Instant,
    /// Which method is at work, for messages.
    pub(crate) op: &'static str,
    /// What to tell after the commit.
    pub(crate) news: Vec<Wake>,
    /// When to look for ready jobs again, whether this is committed or not.
    pub(crate) look_again: Option<Duration>,
    /// What is known to exist; `fresh` joins it with the commit.
    seen: Seen,
    fresh: Names,
}

impl Exchange<'static> {
    /// Begins a transaction; where one lock guards the store, with it.
    pub(crate) async fn begin(
        connection: &DatabaseConnection,
        dialect: &'static Dialect,
        now: impl FnOnce() -> Instant,
        seen: &Seen,
    ) -> Result<Self, DbErr> {
        let tx = connection.begin_with_options(dialect.transaction()).await?;
        Ok(Self::new(Link::Transaction(tx), dialect, now(), seen))
    }

    /// Statements over `link`: each final by itself, or in the transaction that it is.
    pub(crate) fn over(
        link: Link<'static>,
        dialect: &'static Dialect,
        now: Instant,
        seen: &Seen,
    ) -> Self {
        Self::new(link, dialect, now, seen)
    }

    /// The transaction, for the migrator, which takes no other.
    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        match &self.link {
            Link::Transaction(tx) => tx,
            _ => unreachable!("a migration is begun as a transaction"),
        }
    }

    /// Makes it final; gives the news, and the connection, where it was the writer's.
    pub(crate) async fn commit(self) -> Result<(Vec<Wake>, Option<Session>)> {
        let session = self.link.commit().await;
        let session = session.map_err(|e| failed("commit", e))?;
        let mut seen = self.seen.lock();
        seen.queues.extend(self.fresh.queues);
        seen.tasks.extend(self.fresh.tasks);
        Ok((self.news, session))
    }

    /// Undoes it; gives the connection, where it was the writer's.
    pub(crate) async fn roll_back(self) -> Option<Session> {
        // Where even this fails the connection is broken, and the next begin opens another.
        self.link.roll_back().await.ok().flatten()
    }
}

impl<'c> Exchange<'c> {
    /// Statements in a transaction of the caller, over a connection that may not look into `schema` by itself. It is not
    /// to be committed here: what it makes may be undone, so nothing of it joins what is `seen`.
    pub(crate) fn within(
        wire: &'c dyn Wire,
        dialect: &'static Dialect,
        schema: Option<&str>,
        now: Instant,
        seen: &Seen,
    ) -> Self {
        let schema = schema.map(str::to_owned);
        Self {
            schema,
            ..Self::new(Link::Caller(wire), dialect, now, seen)
        }
    }

    fn new(link: Link<'c>, dialect: &'static Dialect, now: Instant, seen: &Seen) -> Self {
        Self {
            link,
            dialect,
            schema: None,
            now,
            op: "write",
            news: Vec::new(),
            look_again: None,
            seen: seen.clone(),
            fresh: Names::default(),
        }
    }

    /// This database.
    pub(crate) fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// The words of this database.
    pub(crate) fn words(&self) -> &'static Statements {
        &self.dialect.statements
    }

    /// `now` as the tables keep it.
    pub(crate) fn micros(&self) -> i64 {
        to_micros(self.now)
    }

    /// Whether each statement is final by itself, so that one that fails spoils no other.
    pub(crate) fn is_direct(&self) -> bool {
        self.link.is_direct()
    }

    /// Whether it happens in a transaction of the caller.
    pub(crate) fn is_callers(&self) -> bool {
        matches!(self.link, Link::Caller(_))
    }

    /// Where claims begin.
    pub(crate) fn floors(&self) -> &Floors {
        &self.seen.0.1
    }

    /// The connection, for entities.
    pub(crate) fn connection(&self) -> &Link<'c> {
        &self.link
    }

    /// Remembers a piece of news, once; of due times the earliest.
    pub(crate) fn tell(&mut self, wake: Wake) {
        let known = match wake {
            Wake::Finished(_) => None,
            Wake::Due(_) => (self.news.iter_mut()).find(|known| matches!(known, Wake::Due(_))),
            _ => self.news.iter_mut().find(|known| **known == wake),
        };
        match (known, wake) {
            (None, _) => self.news.push(wake),
            (Some(Wake::Due(known)), Wake::Due(due)) => *known = due.min(*known),
            (Some(_), _) => {}
        }
    }

    /// Remembers that a job waits until `at`.
    pub(crate) fn tell_due(&mut self, at: Instant) {
        self.tell(Wake::Due((at - self.now).to_std().unwrap_or_default()));
    }

    /// Whether `queue` needs its row made; from now on it counts as made.
    pub(crate) fn is_new_queue(&mut self, queue: &str) -> bool {
        !self.seen.lock().queues.contains(queue) && self.fresh.queues.insert(queue.to_owned())
    }

    /// Whether `task` needs its row made; from now on it counts as made.
    pub(crate) fn is_new_task(&mut self, task: &str) -> bool {
        !self.seen.lock().tasks.contains(task) && self.fresh.tasks.insert(task.to_owned())
    }

    /// Carries out a statement for its rows.
    pub(crate) async fn rows(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Vec<QueryResult>> {
        let statement = self.statement(words.into(), values.into_iter().collect());
        self.link
            .query_all_raw(statement)
            .await
            .map_err(|e| self.failed(e))
    }

    /// Carries out a change for the rows it gives back.
    pub(crate) async fn returning(
        &self,
        words: Returning,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        match words {
            Returning::One(words) => self.rows(words, values).await,
            Returning::Two { look, change } => {
                let rows = self.rows(look, values.clone()).await?;
                if !rows.is_empty() {
                    let numbers: Vec<i64> = (rows.iter())
                        .map(|row| self.get(row, 0))
                        .collect::<Result<_>>()?;
                    let numbers = crate::sql::enqueue::json(&numbers);
                    let values = std::iter::once(numbers.into()).chain(values);
                    self.change(change, values.collect::<Vec<Value>>()).await?;
                }
                Ok(rows)
            }
        }
    }

    /// Carries out a statement for its effect: how many rows it changed.
    pub(crate) async fn change(
        &self,
        words: impl Into<String> + Send,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64> {
        Ok(self.execute(words, values).await?.rows_affected())
    }

    /// Inserts rows: how many were, and the number that the database speaks of: of the last or of the first.
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
        let statement = self.statement(words.into(), values.into_iter().collect());
        self.link
            .execute_raw(statement)
            .await
            .map_err(|e| self.failed(e))
    }

    fn statement(&self, mut words: String, values: Vec<Value>) -> Statement {
        if let Some(schema) = &self.schema {
            words = words.replace("tasker_", &format!("{schema}.tasker_"));
        }
        statement(self.dialect, words, values)
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

/// A text of this database with its parameters.
pub(crate) fn statement(dialect: &Dialect, mut words: String, mut values: Vec<Value>) -> Statement {
    if dialect.backend == DatabaseBackend::MySql {
        (words, values) = places(&words, values);
    }
    Statement::from_sql_and_values(dialect.backend, words, values)
}

/// A text with numbered parameters, `?1`, as one whose parameters come in order: MySQL knows no others. Parameters
/// without a number stay.
fn places(words: &str, values: Vec<Value>) -> (String, Vec<Value>) {
    let mut pieces = words.split('?');
    let mut text = String::with_capacity(words.len());
    text.push_str(pieces.next().unwrap_or_default());
    let mut ordered = Vec::with_capacity(values.len());
    for piece in pieces {
        text.push('?');
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: Option<usize> = piece[..digits].parse().ok();
        if let Some(value) = number.and_then(|number| values.get(number - 1)) {
            ordered.push(value.clone());
        }
        text.push_str(&piece[digits..]);
    }
    if ordered.is_empty() {
        return (text, values);
    }
    (text, ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_parameters_are_put_in_order() {
        let (text, values) = places("a = ?2 and b = ?1 or ?2", vec![1i64.into(), 2i64.into()]);
        assert_eq!(text, "a = ? and b = ? or ?");
        assert_eq!(values, vec![2i64.into(), 1i64.into(), 2i64.into()]);
        let (text, values) = places("(?,?)", vec![1i64.into(), 2i64.into()]);
        assert_eq!((text.as_str(), values.len()), ("(?,?)", 2));
    }
}
