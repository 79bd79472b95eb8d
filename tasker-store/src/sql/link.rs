//! What statements go over: a transaction, a pool where one statement is the whole change, or the caller's own
//! connection.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement,
};

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
    /// Each into a transaction of its own.
    Pool(DatabaseConnection),
    /// Into whatever the caller has begun.
    Caller(&'c dyn Wire),
}

#[async_trait]
impl ConnectionTrait for Link<'_> {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self {
            Link::Transaction(tx) => tx.get_database_backend(),
            Link::Pool(pool) => pool.get_database_backend(),
            Link::Caller(wire) => wire.backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Link::Transaction(tx) => tx.execute_raw(statement).await,
            Link::Pool(pool) => pool.execute_raw(statement).await,
            Link::Caller(wire) => wire.execute(statement).await,
        }
    }

    async fn execute_unprepared(&self, words: &str) -> Result<ExecResult, DbErr> {
        match self {
            Link::Transaction(tx) => tx.execute_unprepared(words).await,
            Link::Pool(pool) => pool.execute_unprepared(words).await,
            Link::Caller(wire) => {
                wire.execute(Statement::from_string(wire.backend(), words))
                    .await
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.query_one_raw(statement).await,
            Link::Pool(pool) => pool.query_one_raw(statement).await,
            Link::Caller(wire) => Ok(wire.rows(statement).await?.into_iter().next()),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.query_all_raw(statement).await,
            Link::Pool(pool) => pool.query_all_raw(statement).await,
            Link::Caller(wire) => wire.rows(statement).await,
        }
    }

    // The entities use no RETURNING: a host may have switched it for MySQL, which has none.
    fn support_returning(&self) -> bool {
        false
    }
}
