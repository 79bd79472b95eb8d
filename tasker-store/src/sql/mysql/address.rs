//! The URL of a MySQL or MariaDB store, and its pools.

use std::str::FromStr;

use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sea_orm::sqlx::{ConnectOptions, Executor};
use sea_orm::{DatabaseConnection, SqlxMySqlConnector};

use crate::error::Result;
use crate::sql::address::{APPLICATION, IDLE, REACHED_WITHIN, READERS, unsupported};

const FORM: &str = "use `mysql://user:password@host:3306/database`";
/// How many connections write besides those that the tasks of the writer keep: for the time, and migrations. One that was
/// used is looked at before it is used again.
const WRITERS: u32 = 3;

/// What each connection is set up with. A lock is waited for no longer than a batch may take.
const SET_UP: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 5",
];

/// Where a store is, and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    options: MySqlConnectOptions,
}

impl Address {
    /// Reads `url`. Nothing is reached yet.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        // The driver knows one scheme for both.
        let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
        // The driver's error may quote the URL, and with it the password.
        let options = MySqlConnectOptions::from_str(&format!("mysql:{rest}"))
            .map_err(|_| unsupported(format!("the URL cannot be read: {FORM}")))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(unsupported(format!("the URL names no database: {FORM}")));
        }
        Ok(Self::new(options))
    }

    /// The database that the application's `connection` leads to.
    pub(crate) fn of(connection: &DatabaseConnection) -> Self {
        let options = connection.get_mysql_connection_pool().connect_options();
        Self::new(MySqlConnectOptions::clone(&options))
    }

    fn new(options: MySqlConnectOptions) -> Self {
        Self {
            options: options.charset("utf8mb4").disable_statement_logging(),
        }
    }

    /// The connections that write, opened when they are first needed.
    pub(crate) fn write_pool(&self) -> DatabaseConnection {
        self.pool(WRITERS)
    }

    /// The connections that read, opened when they are first needed.
    pub(crate) fn read_pool(&self) -> DatabaseConnection {
        self.pool(READERS)
    }

    /// The connections of the application's own transactions, opened when they are first needed. Each is looked at before
    /// it is used, since nobody begins such a transaction again.
    pub(crate) fn application_pool(&self) -> DatabaseConnection {
        self.opened(pool(APPLICATION))
    }

    fn pool(&self, size: u32) -> DatabaseConnection {
        // Looking first would double the round trips; a broken connection is found by using it.
        self.opened(pool(size).test_before_acquire(false))
    }

    fn opened(&self, pool: MySqlPoolOptions) -> DatabaseConnection {
        let pool = pool
            .after_connect(|connection, _| {
                Box::pin(async move {
                    for words in SET_UP {
                        connection.execute(words).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(self.options.clone());
        SqlxMySqlConnector::from_sqlx_mysql_pool(pool)
    }
}

fn pool(size: u32) -> MySqlPoolOptions {
    MySqlPoolOptions::new()
        .max_connections(size)
        .min_connections(0)
        .idle_timeout(IDLE)
        .acquire_timeout(REACHED_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_one() {
        assert!(Address::parse("mysql://me@host/db").is_ok());
        assert!(Address::parse("mariadb://me@host/db").is_ok());
    }

    #[test]
    fn what_cannot_be_read_hides_the_password() {
        for url in ["mysql://me:secret@host:port/db", "mysql://me:secret@host"] {
            let text = Address::parse(url).expect_err("refused").to_string();
            assert!(
                text.contains("mysql://user") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}
