//! A transaction behind a pooler that hands out the server's connections by transaction (`poll-only=true` in the URL), as
//! pgbouncer does in its mode `transaction`.
//!
//! What such a pooler asks for: nothing may outlive a transaction on the connection that it went over, neither settings
//! nor prepared statements, and the parts of a statement (the driver sends Parse and Bind apart) must meet the same
//! connection. sea-orm names every statement it prepares, and with the driver's cache switched off never forgets one:
//! the next client to whom the pooler hands that connection would run into the name. So the driver is used as it is, with
//! statements that have no name, always in a transaction, whose settings come with its beginning.

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{AssertSqlSafe, Executor, Postgres, Transaction};
use sea_orm::{DatabaseConnection, DbErr, ExecResult, QueryResult, Statement};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Mutex;

use crate::sql::session::{error, not_reached, query};

/// Frees the names of statements that the driver has prepared on this connection of the server, for anybody. For the
/// migrator, which takes no transaction but sea-orm's: before its first statement and after its last.
pub(crate) const FORGET_STATEMENTS: &str = "DO $$
    DECLARE prepared text;
    BEGIN
        FOR prepared IN SELECT name FROM pg_prepared_statements WHERE name LIKE 'sqlx\\_s\\_%' LOOP
            EXECUTE format('DEALLOCATE %I', prepared);
        END LOOP;
    END $$";

/// A transaction; dropped, it is rolled back.
pub(crate) struct Pooled {
    transaction: Mutex<Transaction<'static, Postgres>>,
}

impl Pooled {
    /// Begins one with `settings`: statements that hold until it ends. One round trip.
    pub(crate) async fn begin(pool: &DatabaseConnection, settings: &str) -> Result<Self, DbErr> {
        let pool = pool.get_postgres_connection_pool();
        let words = AssertSqlSafe(format!("BEGIN ISOLATION LEVEL READ COMMITTED; {settings}"));
        let transaction = pool.begin_with(words).await.map_err(not_reached)?;
        Ok(Self {
            transaction: Mutex::new(transaction),
        })
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.transaction.into_inner().commit().await.map_err(error)
    }

    pub(crate) async fn roll_back(self) -> Result<(), DbErr> {
        (self.transaction.into_inner().rollback().await).map_err(error)
    }

    pub(crate) async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut transaction = self.transaction.lock().await;
        let connection: &mut PgConnection = &mut transaction;
        let done = connection.execute(unnamed(statement)).await;
        done.map(ExecResult::from).map_err(error)
    }

    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut transaction = self.transaction.lock().await;
        let connection: &mut PgConnection = &mut transaction;
        let rows = connection.fetch_all(unnamed(statement)).await;
        let rows = rows.map_err(error)?.into_iter();
        Ok(rows.map(QueryResult::from).collect())
    }
}

/// The statement, to be prepared without a name.
fn unnamed(statement: Statement) -> Query<'static, Postgres, SqlxValues> {
    query(statement).persistent(false)
}
