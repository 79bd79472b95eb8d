//! What statements go over: a transaction, a connection or a pool where one statement is the whole change, or the caller's
//! own connection.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement,
};

#[cfg(feature = "server")]
use tokio::sync::Mutex;

#[cfg(feature = "postgres")]
use crate::sql::postgres::Pooled;
use crate::sql::session::Session;

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
    /// Over a connection of the writer's: in a transaction of ours, or each in one of its own.
    #[cfg(feature = "server")]
    Session {
        session: Mutex<Session>,
        backend: DatabaseBackend,
        begun: bool,
    },
    /// Into a transaction of ours, behind a pooler that knows no sessions.
    #[cfg(feature = "postgres")]
    Pooled(Pooled),
    /// Each into a transaction of its own.
    Pool(DatabaseConnection),
    /// Into whatever the caller has begun.
    Caller(&'c dyn Wire),
}

impl Link<'static> {
    /// Over `session`: `direct`, or in a transaction that is begun with it.
    #[cfg(feature = "server")]
    pub(crate) async fn over(
        mut session: Session,
        backend: DatabaseBackend,
        direct: bool,
    ) -> Result<Self, DbErr> {
        session.begin(!direct).await?;
        Ok(Link::Session {
            session: Mutex::new(session),
            backend,
            begun: !direct,
        })
    }
}

impl Link<'_> {
    /// Whether what goes over it is in no transaction.
    pub(crate) fn is_direct(&self) -> bool {
        match self {
            #[cfg(feature = "server")]
            Link::Session { begun, .. } => !begun,
            Link::Pool(_) => true,
            _ => false,
        }
    }

    /// Makes what went over it final, where that is ours to do. Gives back the connection, where it was the writer's.
    pub(crate) async fn commit(self) -> Result<Option<Session>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.commit().await?,
            #[cfg(feature = "server")]
            Link::Session { session, begun, .. } => return ended(session, begun, "COMMIT").await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.commit().await?,
            Link::Pool(_) | Link::Caller(_) => {}
        }
        Ok(None)
    }

    /// Undoes what went over it, where that is ours to do. Gives back the connection, where it was the writer's.
    pub(crate) async fn roll_back(self) -> Result<Option<Session>, DbErr> {
        match self {
            Link::Transaction(tx) => tx.rollback().await?,
            #[cfg(feature = "server")]
            Link::Session { session, begun, .. } => return ended(session, begun, "ROLLBACK").await,
            #[cfg(feature = "postgres")]
            Link::Pooled(tx) => tx.roll_back().await?,
            Link::Pool(_) | Link::Caller(_) => {}
        }
        Ok(None)
    }
}

/// Ends the transaction that was `begun`.
#[cfg(feature = "server")]
async fn ended(
    session: Mutex<Session>,
    begun: bool,
    words: &'static str,
) -> Result<Option<Session>, DbErr> {
    let mut session = session.into_inner();
    if begun {
        session.say(words).await?;
    }
    Ok(Some(session))
}

#[async_trait]
impl ConnectionTrait for Link<'_> {
    fn get_database_backend(&self) -> DatabaseBackend {
        match self {
            Link::Transaction(tx) => tx.get_database_backend(),
            #[cfg(feature = "server")]
            Link::Session { backend, .. } => *backend,
            #[cfg(feature = "postgres")]
            Link::Pooled(_) => DatabaseBackend::Postgres,
            Link::Pool(pool) => pool.get_database_backend(),
            Link::Caller(wire) => wire.backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Link::Transaction(tx) => tx.execute_raw(statement).await,
            #[cfg(feature = "server")]
            Link::Session { session, .. } => session.lock().await.execute(statement).await,
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
            #[cfg(feature = "server")]
            Link::Session { session, .. } => session.lock().await.rows(statement).await,
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
