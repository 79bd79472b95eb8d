//! Where a measurement happens: a fresh, empty database of its own, gone afterwards.
//!
//! SQLite: a file in a temporary folder. PostgreSQL and MySQL/MariaDB: a database on the server that
//! `TASKER_TEST_POSTGRES_URL` or `TASKER_TEST_MYSQL_URL` names, whose user may create databases.

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

use crate::Result;

/// What a store is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// With its default `synchronous=normal`: a power loss may take the last commits.
    Sqlite,
    /// With `synchronous=full`, which flushes every commit.
    SqliteFull,
    Postgres,
    Mysql,
}

impl Database {
    /// Those with a table of their own.
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::SqliteFull => "SQLite, synchronous=full",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL/MariaDB",
        }
    }

    /// How its URLs begin.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Sqlite | Self::SqliteFull => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// On how many connections the raw program claims: SQLite has one lock for all that write, and on the others more
    /// than two bring nothing.
    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Sqlite | Self::SqliteFull => 1,
            Self::Postgres | Self::Mysql => 2,
        }
    }

    /// Why it cannot be measured here.
    pub(crate) fn missing(self) -> Option<String> {
        let variable = self.variable()?;
        match std::env::var(variable) {
            Ok(_) => None,
            Err(_) => Some(format!("{variable} names no server")),
        }
    }

    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite | Self::SqliteFull => None,
            Self::Postgres => Some("TASKER_TEST_POSTGRES_URL"),
            Self::Mysql => Some("TASKER_TEST_MYSQL_URL"),
        }
    }
}

/// A database of its own.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) url: String,
    /// The file's folder, which goes with it.
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    /// Measures in a fresh database, which is dropped whatever comes of it.
    pub(crate) async fn with<T>(
        database: Database,
        measure: impl AsyncFnOnce(&Place) -> Result<T>,
    ) -> Result<T> {
        let name = format!("tasker_bench_{}", uuid::Uuid::now_v7().simple());
        let place = Self::create(database, &name).await?;
        let measured = measure(&place).await;
        // What went wrong first says more.
        let dropped = place.drop(&name).await;
        measured.and_then(|figure| dropped.map(|()| figure))
    }

    async fn create(database: Database, name: &str) -> Result<Self> {
        let Some(server) = database.variable() else {
            let folder = tempfile::tempdir()?;
            let synchronous = match database {
                Database::SqliteFull => "&synchronous=full",
                _ => "",
            };
            let file = folder.path().join("bench.db");
            return Ok(Self {
                database,
                url: format!("sqlite://{}?mode=rwc{synchronous}", file.display()),
                _folder: Some(folder),
            });
        };
        let server = std::env::var(server)?;
        execute(database, &server, format!("CREATE DATABASE {name}")).await?;
        Ok(Self {
            database,
            url: named(&server, name),
            _folder: None,
        })
    }

    async fn drop(&self, name: &str) -> Result<()> {
        let Some(server) = self.database.variable() else {
            return Ok(());
        };
        let force = match self.database {
            Database::Postgres => " WITH (FORCE)",
            _ => "",
        };
        let server = std::env::var(server)?;
        execute(
            self.database,
            &server,
            format!("DROP DATABASE {name}{force}"),
        )
        .await
    }
}

/// One statement over a connection of its own. The name in it is ours.
async fn execute(database: Database, url: &str, words: String) -> Result<()> {
    let words = sqlx::raw_sql(AssertSqlSafe(words));
    if database == Database::Postgres {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute(words).await?;
        connection.close().await?;
    } else {
        let mut connection = MySqlConnection::connect(url).await?;
        connection.execute(words).await?;
        connection.close().await?;
    }
    Ok(())
}

/// The same server, another database on it.
fn named(url: &str, name: &str) -> String {
    let (place, query) = match url.split_once('?') {
        Some((place, query)) => (place, format!("?{query}")),
        None => (url, String::new()),
    };
    let host = place.find("://").map_or(0, |at| at + 3);
    let server = match place[host..].find('/') {
        Some(at) => &place[..host + at],
        None => place,
    };
    format!("{server}/{name}{query}")
}
