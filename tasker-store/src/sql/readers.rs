//! The connections that read, and what is done when a server leaves them behind.
//!
//! In: a question. Out: its answer. A question changes nothing, so one whose connection broke, or that
//! got no answer within [`ANSWER_WITHIN`], is asked once more over other connections: after a server's restart all of
//! the old ones are dead, and each would fail somebody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DatabaseConnection;

use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::desk::{CLOSED_WITHIN, Desk};
use crate::sql::dialect::{Dialect, Lanes};
use crate::sql::fault::failed;
use crate::sql::query::Reader;

/// How long a server may take to answer before its connection counts as dead.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A pool, which is replaced when it is of no more use.
pub(crate) struct Readers {
    /// `None` where reading goes over the connection that writes.
    open: Mutex<Option<Open>>,
}

struct Open {
    connection: DatabaseConnection,
    /// Which one it is, in the order they were opened.
    turn: u64,
    /// Which connection wrote when it was opened: where that has been given up since, these lead nowhere either.
    writing: u64,
}

impl Readers {
    pub(crate) fn new(desk: &Desk) -> Self {
        let open = (!desk.address.is_in_memory()).then(|| Open {
            connection: desk.address.read_pool(),
            turn: 0,
            writing: desk.turn(),
        });
        Self {
            open: Mutex::new(open),
        }
    }

    /// Closes them; the next question opens others.
    pub(crate) async fn close(&self, desk: &Desk) -> Result<()> {
        match self.replace(desk, None) {
            Some(open) => match tokio::time::timeout(CLOSED_WITHIN, open.close()).await {
                Ok(closed) => closed.map_err(|e| failed("close", e)),
                // Nothing was asked of those that still wait.
                Err(_) => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Connections for the method `op`.
    pub(crate) async fn reader(&self, desk: &Desk, op: &'static str) -> Result<Reader> {
        Ok(self.take(desk, op).await?.0)
    }

    /// Asks; once more where that may help.
    pub(crate) async fn ask<A, F>(
        &self,
        desk: &Desk,
        op: &'static str,
        question: impl Fn(Reader) -> F,
    ) -> Result<A>
    where
        F: Future<Output = Result<A>>,
    {
        let (reader, turn) = self.take(desk, op).await?;
        match within(desk.dialect, op, question(reader)).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "asking once more over another connection");
                self.give_up(desk, turn);
                let (reader, _) = self.take(desk, op).await?;
                within(desk.dialect, op, question(reader)).await
            }
            answered => answered,
        }
    }

    async fn take(&self, desk: &Desk, op: &'static str) -> Result<(Reader, u64)> {
        let left_behind = (self.lock().as_ref())
            .filter(|open| open.writing != desk.turn())
            .map(|open| open.turn);
        if let Some(turn) = left_behind {
            self.give_up(desk, turn);
        }
        let open = (self.lock().as_ref()).map(|open| (open.connection.clone(), open.turn));
        let (connection, turn) = match open {
            Some(open) => open,
            None => (desk.connection().await.map_err(|e| failed(op, e))?, 0),
        };
        let link = desk.address.link(connection).await;
        let reader = Reader {
            connection: link.map_err(|e| failed(op, e))?,
            dialect: desk.dialect,
            op,
        };
        Ok((reader, turn))
    }

    /// The same without waiting for a server that does not answer.
    fn give_up(&self, desk: &Desk, turn: u64) {
        if let Some(used) = self.replace(desk, Some(turn)) {
            tokio::spawn(tokio::time::timeout(CLOSED_WITHIN, used.close()));
        }
    }

    /// Opens others, unless those of `turn` have been replaced already; gives the old ones.
    fn replace(&self, desk: &Desk, turn: Option<u64>) -> Option<DatabaseConnection> {
        let mut open = self.lock();
        let open = open.as_mut()?;
        if turn.is_some_and(|turn| turn != open.turn) {
            return None;
        }
        open.turn += 1;
        open.writing = desk.turn();
        Some(std::mem::replace(
            &mut open.connection,
            desk.address.read_pool(),
        ))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `answer` gives, or that there is none.
async fn within<A>(
    dialect: &Dialect,
    op: &'static str,
    answer: impl Future<Output = Result<A>>,
) -> Result<A> {
    if dialect.lanes == Lanes::One {
        return answer.await;
    }
    let answered = tokio::time::timeout(ANSWER_WITHIN, answer).await;
    answered.unwrap_or_else(|_| {
        let detail = format!("the database did not answer within {ANSWER_WITHIN:?}");
        Err(StoreError::new(ErrorKind::Unavailable, op, detail))
    })
}
