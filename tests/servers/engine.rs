//! The two kinds of server, and everything that differs between them.
//!
//! In: names, folders, ports, statements. Out: programs and their arguments, and connections of the bare driver.
//! Settings are the server's own, but for where it listens and how many connections it takes: durability is on.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MariaDB; or MySQL, where the environment names one.
    MySql,
}

/// The installed programs of one engine.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    prepare: PathBuf,
    serve: PathBuf,
}

impl Engine {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::MySql];

    /// `postgres` or `mysql`, as in names of trials and in `TASKER_TEST_REQUIRE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// The variable that names a server to use.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "TASKER_TEST_POSTGRES_URL",
            Self::MySql => "TASKER_TEST_MYSQL_URL",
        }
    }

    /// The database that is always there.
    pub(crate) fn own_database(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// Users who may run it, the best first.
    pub(crate) fn users(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgres", "nobody"],
            Self::MySql => &["mysql", "nobody"],
        }
    }

    /// The URL of a private server, without a database.
    pub(crate) fn url(self, port: u16) -> String {
        match self {
            Self::Postgres => format!("postgres://postgres@127.0.0.1:{port}"),
            Self::MySql => format!("mysql://root@127.0.0.1:{port}"),
        }
    }

    pub(crate) fn programs(self) -> Result<Programs> {
        let (prepare, serve) = match self {
            Self::Postgres => ("initdb", "postgres"),
            Self::MySql => ("mariadb-install-db", "mariadbd"),
        };
        let mut folders = folders();
        let prepare = find(prepare, &folders)?;
        // Two releases may be installed; what is beside the one belongs to it.
        folders.splice(0..0, prepare.parent().map(Path::to_path_buf));
        let serve = find(serve, &folders)?;
        Ok(Programs { prepare, serve })
    }

    /// The program that fills `data`, and its arguments.
    pub(crate) fn prepare(self, programs: &Programs, data: &str) -> (PathBuf, Vec<String>) {
        let arguments = match self {
            Self::Postgres => vec![
                format!("--pgdata={data}"),
                "--username=postgres".into(),
                "--auth=trust".into(),
                "--encoding=UTF8".into(),
                "--locale=C".into(),
                // For the empty cluster alone.
                "--no-sync".into(),
            ],
            Self::MySql => vec![
                "--no-defaults".into(),
                format!("--datadir={data}"),
                "--auth-root-authentication-method=normal".into(),
                "--skip-name-resolve".into(),
                "--skip-test-db".into(),
            ],
        };
        (programs.prepare.clone(), arguments)
    }

    /// The program that serves what is in `data`, and its arguments.
    pub(crate) fn serve(
        self,
        programs: &Programs,
        data: &str,
        port: u16,
    ) -> (PathBuf, Vec<String>) {
        let arguments = match self {
            Self::Postgres => vec![
                "-D".into(),
                data.into(),
                format!("--port={port}"),
                "--listen_addresses=127.0.0.1".into(),
                "--unix_socket_directories=".into(),
                "--max_connections=300".into(),
            ],
            Self::MySql => vec![
                "--no-defaults".into(),
                format!("--datadir={data}"),
                format!("--port={port}"),
                "--bind-address=127.0.0.1".into(),
                // In `data`: the length of its path is limited.
                "--socket=socket".into(),
                "--skip-name-resolve".into(),
                "--max-connections=300".into(),
                // The default, which a test of the power loss relies on.
                "--innodb-flush-log-at-trx-commit=1".into(),
            ],
        };
        (programs.serve.clone(), arguments)
    }

    /// Asks in which folder the server works.
    pub(crate) fn data_query(self) -> &'static str {
        match self {
            Self::Postgres => "select current_setting('data_directory')",
            Self::MySql => "select @@datadir",
        }
    }

    /// The signal that ends it in order, without waiting for its clients.
    pub(crate) fn stop_signal(self) -> &'static str {
        match self {
            // "Fast"; SIGTERM would wait for every client to leave.
            Self::Postgres => "INT",
            Self::MySql => "TERM",
        }
    }

    /// Runs `statements` on a connection of their own.
    pub(crate) async fn run(self, url: &str, statements: &str) -> sqlx::Result<()> {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        match self {
            Self::Postgres => {
                let mut connection = PgConnection::connect(url).await?;
                connection.execute(statements).await?;
                connection.close().await
            }
            Self::MySql => {
                let mut connection = MySqlConnection::connect(url).await?;
                connection.execute(statements).await?;
                connection.close().await
            }
        }
    }

    /// The first column of the first row that `query` gives, which is a text.
    pub(crate) async fn text(self, url: &str, query: &str) -> sqlx::Result<String> {
        let query = AssertSqlSafe(query.to_owned());
        match self {
            Self::Postgres => {
                let mut connection = PgConnection::connect(url).await?;
                let text = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
                connection.close().await.map(|()| text)
            }
            Self::MySql => {
                let mut connection = MySqlConnection::connect(url).await?;
                let text = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
                connection.close().await.map(|()| text)
            }
        }
    }
}

pub(crate) fn find(program: &str, folders: &[PathBuf]) -> Result<PathBuf> {
    let mut programs = folders.iter().map(|folder| folder.join(program));
    let found = programs.find(|program| program.is_file());
    found.with_context(|| format!("`{program}` is not installed"))
}

/// Where programs are looked for: `PATH`, then where distributions keep servers, the newest PostgreSQL first.
pub(crate) fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<_> = (versions.into_iter().flatten().flatten())
        .map(|version| version.path())
        .collect();
    let number = |path: &PathBuf| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    folders.extend(versions.into_iter().map(|version| version.join("bin")));
    let usual = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.extend(usual.map(PathBuf::from));
    folders
}
