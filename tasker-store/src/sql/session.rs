//! A connection that one task of the writer has to itself.
//!
//! A pool looks at every connection that is given back to it, which is a round trip for each batch and wakes the server and
//! this process for nothing. So the tasks that write to a server take theirs out of the pool and keep it. In: statements. Out: what
//! they came to. Invariants: it is in no transaction between two batches; whoever drops it in the middle of one closes
//! it, and the server undoes what was not committed.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Database, Executor, IntoArguments};
use sea_orm::{
    DatabaseBackend, DatabaseConnection, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
};
use sea_query_sqlx::SqlxValues;

/// The connection.
#[derive(Debug)]
pub(crate) struct Session {
    driver: Driver,
    /// Whether the server begins a transaction with the next statement, without a word. Only MySQL can.
    begins: bool,
}

#[derive(Debug)]
enum Driver {
    #[cfg(feature = "postgres")]
    Postgres(Box<sqlx::PgConnection>),
    #[cfg(feature = "mysql")]
    Mysql(Box<sqlx::MySqlConnection>),
}

/// Does the same with the connection of either kind.
macro_rules! with {
    ($session:expr, $connection:ident => $does:expr) => {
        match $session {
            #[cfg(feature = "postgres")]
            Driver::Postgres($connection) => $does,
            #[cfg(feature = "mysql")]
            Driver::Mysql($connection) => $does,
        }
    };
}

impl Session {
    /// Takes one out of `pool`, which leads to a server.
    pub(crate) async fn open(pool: &DatabaseConnection) -> Result<Self, DbErr> {
        let driver = match pool.get_database_backend() {
            #[cfg(feature = "postgres")]
            DatabaseBackend::Postgres => {
                let connection = pool.get_postgres_connection_pool().acquire().await;
                let connection = connection.map_err(not_reached)?.detach();
                Driver::Postgres(Box::new(connection))
            }
            #[cfg(feature = "mysql")]
            DatabaseBackend::MySql => {
                let connection = pool.get_mysql_connection_pool().acquire().await;
                let connection = connection.map_err(not_reached)?.detach();
                Driver::Mysql(Box::new(connection))
            }
            _ => unreachable!("only a server has sessions"),
        };
        let begins = false;
        Ok(Self { driver, begins })
    }

    /// Sees to it that the statements to come are in a transaction, or each final by itself.
    pub(crate) async fn begin(&mut self, transaction: bool) -> Result<(), DbErr> {
        match &self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) if transaction => self.say("BEGIN").await,
            // A batch of the same kind as the one before costs no round trip for it.
            #[cfg(feature = "mysql")]
            Driver::Mysql(_) if transaction != self.begins => {
                let words = ["SET autocommit = 1", "SET autocommit = 0"];
                self.say(words[usize::from(transaction)]).await?;
                self.begins = transaction;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Carries out words of ours as they are.
    pub(crate) async fn say(&mut self, words: &'static str) -> Result<(), DbErr> {
        with!(&mut self.driver, connection => connection.execute(words).await.map(drop))
            .map_err(error)
    }

    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        with!(&mut self.driver, connection => {
            connection.execute(query(statement)).await.map(ExecResult::from)
        })
        .map_err(error)
    }

    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        with!(&mut self.driver, connection => {
            let rows = connection.fetch_all(query(statement)).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        })
        .map_err(error)
    }

    /// Takes leave of the server.
    pub(crate) async fn close(self) {
        // It is of no use any more, whatever closing it says.
        let _ = with!(self.driver, connection => connection.close().await);
    }
}

/// A statement of sea-orm for the driver.
pub(crate) fn query<DB: Database>(statement: Statement) -> Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.unwrap_or(sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

/// What the driver says of a statement, as sea-orm would.
pub(crate) fn error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// What it says of a connection that cannot be had.
pub(crate) fn not_reached(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
