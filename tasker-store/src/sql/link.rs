//! What statements go over: a transaction, a pool where one statement is the whole change, or the caller's own
//! connection.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement,
};

#[cfg(feature = "postgres")]
use crate::sql::postgres::Pooled;

/// A connection of the application, of whatever type: [`ConnectionTrait`] is generic and cannot be an object.
#[async_trait]
pub(crate) trait Wire: Sync {
    fn backend(&self) -> DatabaseBackend;
    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr>;
    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr>;
}

#[async_trait]
impl<C: ConnectionTrait> Wire for C {
    fn backend(&self) -> DatabaseBackend {
        self.get_database_backend()
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.execute_raw(statement).await
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query_all_raw(statement).await
    }
}

/// Where statements go.
pub(crate) enum Link<'c> {
    /// Into a transaction of ours.
    Transaction(DatabaseTransaction),
    /// The same, behind a pooler that knows no sessions.
    #[cfg(feature = "postgres")]
    Pooled(Pooled),
    /// Each into a transaction of its own.
    Pool(DatabaseConnection),
    /// Into whatever the caller has begun.
    Caller(&'c dyn Wire),
}

impl Link<'_> {
    /// Makes what went over it final, where that is ours to do.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Link::Transaction(tx) => tx.commit().await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.commit().await,
            Link::Pool(_) | Link::Caller(_) => Ok(()),
        }
    }

    /// Undoes what went over it, where that is ours to do.
    pub(crate) async fn roll_back(self) -> Result<(), DbErr> {
        match self {
            Link::Transaction(tx) => tx.rollback().await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.roll_back().await,
            Link::Pool(_) | Link::Caller(_) => Ok(()),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Link<'_> {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self {
            Link::Transaction(tx) => tx.get_database_backend(),
            #[cfg(feature = "postgres")]
            Link::Pooled(_) => DatabaseBackend::Postgres,
            Link::Pool(pool) => pool.get_database_backend(),
            Link::Caller(wire) => wire.backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Link::Transaction(tx) => tx.execute_raw(statement).await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.execute(statement).await,
            Link::Pool(pool) => pool.execute_raw(statement).await,
            Link::Caller(wire) => wire.execute(statement).await,
        }
    }

    async fn execute_unprepared(&self, words: &str) -> Result<ExecResult, DbErr> {
        match self {
            Link::Transaction(tx) => tx.execute_unprepared(words).await,
            Link::Pool(pool) => pool.execute_unprepared(words).await,
            _ => {
                let statement = Statement::from_string(self.get_database_backend(), words);
                self.execute_raw(statement).await
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.query_one_raw(statement).await,
            Link::Pool(pool) => pool.query_one_raw(statement).await,
            _ => Ok(self.query_all_raw(statement).await?.into_iter().next()),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.query_all_raw(statement).await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.rows(statement).await,
            Link::Pool(pool) => pool.query_all_raw(statement).await,
            Link::Caller(wire) => wire.rows(statement).await,
        }
    }

    // The entities use no RETURNING: a host may have switched it for MySQL, which has none.
    fn support_returning(&self) -> bool {
        false
    }
}
