//! Where a store is: a URL, or a connection of the application, told apart by database.
//!
//! In: text from a person. Out: an [`Address`] that opens connections. Text that is not ours never appears in a
//! message, since it may carry a password.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseConnectionType, DbErr, Statement};
use uuid::Uuid;

use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::desk::Desk;
use crate::sql::dialect::Dialect;
use crate::sql::link::Link;
#[cfg(feature = "mysql")]
use crate::sql::mysql;
use crate::sql::outbox::News;
#[cfg(feature = "postgres")]
use crate::sql::postgres;
#[cfg(feature = "sqlite")]
use crate::sql::sqlite;
use crate::wake::Wake;

/// How long opening a connection to a server, or waiting for a free one, may take.
#[cfg(feature = "server")]
pub(crate) const REACHED_WITHIN: Duration = Duration::from_secs(5);
/// After how long without use one is closed.
pub(crate) const IDLE: Duration = Duration::from_secs(60);
/// How many connections read at a time.
pub(crate) const READERS: u32 = 4;
/// How many transactions the application may have open at a time that are not over a connection of its own.
pub(crate) const APPLICATION: u32 = 10;

/// Where a store is, and how it is opened.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Address),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Address),
    #[cfg(feature = "mysql")]
    Mysql(mysql::Address),
}

impl Address {
    /// Reads `url`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        match url.split(':').next().unwrap_or_default() {
            #[cfg(feature = "sqlite")]
            "sqlite" => sqlite::Address::parse(url).map(Address::Sqlite),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => postgres::Address::parse(url).map(Address::Postgres),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => mysql::Address::parse(url).map(Address::Mysql),
            scheme => {
                let scheme: String = (scheme.chars())
                    .filter(char::is_ascii_alphanumeric)
                    .take(16)
                    .collect();
                Err(unsupported(format!(
                    "a URL that begins with `{scheme}` is not one of this backend: use {}",
                    Self::forms()
                )))
            }
        }
    }

    /// The same place as a connection that the application has.
    pub(crate) async fn of(connection: &DatabaseConnection) -> Result<Self> {
        match &connection.inner {
            #[cfg(feature = "sqlite")]
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
                Ok(Address::Sqlite(sqlite::Address::of(connection)))
            }
            #[cfg(feature = "postgres")]
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
                Ok(Address::Postgres(postgres::Address::of(connection).await?))
            }
            #[cfg(feature = "mysql")]
            DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
                Ok(Address::Mysql(mysql::Address::of(connection)))
            }
            other => Err(unsupported(format!(
                "no store can be kept over {other:?}: give a connection that sqlx made, and switch on the feature of \
                 its database"
            ))),
        }
    }

    /// The URLs this program takes.
    pub(crate) fn forms() -> String {
        let forms: &[&str] = &[
            #[cfg(feature = "sqlite")]
            "`sqlite://path/to/file.db?mode=rwc`",
            #[cfg(feature = "sqlite")]
            "`sqlite::memory:`",
            #[cfg(feature = "postgres")]
            "`postgres://user@host/database`",
            #[cfg(feature = "mysql")]
            "`mysql://user@host/database`",
        ];
        forms.join(", ")
    }

    pub(crate) fn dialect(&self) -> &'static Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(_) => &sqlite::DIALECT,
            #[cfg(feature = "postgres")]
            Address::Postgres(_) => &postgres::DIALECT,
            #[cfg(feature = "mysql")]
            Address::Mysql(_) => &mysql::DIALECT,
        }
    }

    /// The connections that write.
    pub(crate) async fn write_pool(&self) -> Result<DatabaseConnection, DbErr> {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(address) => address.write_pool().await,
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => Ok(address.write_pool()),
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => Ok(address.write_pool()),
        }
    }

    /// The connections that read, opened when they are first needed.
    pub(crate) fn read_pool(&self) -> DatabaseConnection {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(address) => address.read_pool(),
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => address.read_pool(),
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => address.read_pool(),
        }
    }

    /// Further connections, for transactions of the application, opened when they are first needed.
    pub(crate) fn application_pool(&self) -> DatabaseConnection {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(address) => address.application_pool(),
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => address.application_pool(),
            #[cfg(feature = "mysql")]
            Address::Mysql(address) => address.application_pool(),
        }
    }

    /// What single statements go over, where `connection` leads to this place: each is final by itself, or, behind a pooler
    /// that knows no sessions, all are in a transaction.
    pub(crate) async fn link(
        &self,
        connection: DatabaseConnection,
    ) -> Result<Link<'static>, DbErr> {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) if address.poll_only => {
                let settings = address.local_settings();
                let begun = postgres::Pooled::begin(&connection, &settings).await;
                begun.map(Link::Pooled)
            }
            _ => Ok(Link::Pool(connection)),
        }
    }

    /// What is said before and after a migration, where the connection it goes over is not ours alone.
    pub(crate) fn around_migration(&self) -> Option<(String, &'static str)> {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) if address.poll_only => {
                let forget = postgres::FORGET_STATEMENTS;
                Some((format!("{forget}; {}", address.local_settings()), forget))
            }
            _ => None,
        }
    }

    /// Whether other processes can be told of news.
    pub(crate) fn tells_others(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => !address.poll_only,
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => false,
        }
    }

    /// The statement that tells other processes `news`, said by the process of `sender`.
    pub(crate) fn announcement(&self, sender: Uuid, news: &News) -> Option<Statement> {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(_) => Some(postgres::announcement(sender, news)),
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => {
                let _ = (sender, news);
                None
            }
        }
    }

    /// The words and the parameter that tell other processes, and this one, `wakes` when the transaction commits in which they
    /// are carried out: by [`crate::sql::exchange::Exchange::rows`], which knows where the tables are.
    pub(crate) fn announcement_within(&self, wakes: &[Wake]) -> Option<(&'static str, String)> {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) if !address.poll_only => {
                Some(postgres::announcement_within(wakes))
            }
            _ => {
                let _ = wakes;
                None
            }
        }
    }

    /// Whether it is behind a pooler that knows no sessions.
    pub(crate) fn is_pooled(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => address.poll_only,
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => false,
        }
    }

    /// Whether all of it is behind one connection of this process, and ends with it.
    pub(crate) fn is_in_memory(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(address) => address.is_in_memory(),
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => false,
        }
    }

    /// What notices that other processes wrote, for as long as somebody listens; `None` where nothing can.
    pub(crate) fn watch(&self, desk: &Arc<Desk>) -> Option<BoxFuture<'static, ()>> {
        match self {
            #[cfg(feature = "sqlite")]
            Address::Sqlite(address) => {
                let file = address.file.clone()?;
                Some(Box::pin(sqlite::watch(Arc::downgrade(desk), file)))
            }
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => postgres::listen(address, desk),
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => {
                let _ = desk;
                None
            }
        }
    }

    /// What an identifier of ours begins with where the application's own connection may look elsewhere.
    pub(crate) fn schema(&self) -> Option<&str> {
        match self {
            #[cfg(feature = "postgres")]
            Address::Postgres(address) => address.schema(),
            #[allow(unreachable_patterns, reason = "what is left depends on the features")]
            _ => None,
        }
    }
}

/// A configuration that cannot be carried out.
pub(crate) fn unsupported(detail: impl Into<String>) -> StoreError {
    StoreError::new(ErrorKind::Unsupported, "connect", detail)
}
