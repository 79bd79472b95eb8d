//! A database of its own for each case, seen as an application sees it: a connection, tables of its own, and a tasker on
//! the same database.

use std::sync::Arc;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement,
};
use servers::{Engine, Space, Usable, shared};
use tasker::{State, States, Tasker};
use tempfile::TempDir;

use crate::tasks::Probe;

/// A kind of database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: &'static str,
    /// The server it takes.
    pub(crate) engine: Option<Engine>,
}

#[derive(Debug)]
struct Urls {
    store: String,
    application: String,
    /// The schema that the application's connection looks into, where the URL does not say it.
    schema: Option<String>,
    folder: TempDir,
    /// What is there as long as it is used.
    _space: Option<Space>,
}

/// Each of them.
pub(crate) const DATABASES: &[Database] = &[
    Database {
        name: "sqlite",
        engine: None,
    },
    Database {
        name: "postgres",
        engine: Some(Engine::Postgres),
    },
    Database {
        name: "mysql",
        engine: Some(Engine::MySql),
    },
];

impl Database {
    /// Whether it is there.
    pub(crate) fn usable(&self) -> Usable {
        self.engine.map_or(Usable::Yes, Engine::can_share)
    }

    /// The URLs of a fresh one, for a store and for the application.
    async fn urls(&self) -> Urls {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Some(engine) = self.engine else {
            let file = folder.path().join("tasker.db");
            let url = format!("sqlite://{}?mode=rwc", file.display());
            return Urls {
                store: url.clone(),
                application: url,
                schema: None,
                folder,
                _space: None,
            };
        };
        let server = shared(engine).await;
        let space = server.installation().await;
        let (application, schema) = match engine {
            Engine::Postgres => (server.url().to_owned(), Some(space.name().to_owned())),
            Engine::MySql => (space.url(), None),
        };
        Urls {
            store: space.url(),
            application,
            schema,
            folder,
            _space: Some(space),
        }
    }
}

/// A database and what uses it.
pub(crate) struct Place {
    pub(crate) tasker: Tasker,
    pub(crate) probe: Arc<Probe>,
    /// The application's own connection, a pool of a few.
    pub(crate) db: DatabaseConnection,
    urls: Urls,
}

impl Place {
    /// A fresh database with the application's table, and a tasker that has it from a URL.
    pub(crate) async fn new(database: &Database) -> Self {
        let urls = database.urls().await;
        let (probe, db) = (Arc::new(Probe::default()), connect(&urls, 5).await);
        let tasker = Tasker::builder().database_url(&urls.store);
        let tasker = tasker.states(states(&probe, &db)).connect().await;
        let tasker = tasker.expect("a fresh store opens");
        let table = "CREATE TABLE effects (job BIGINT NOT NULL, attempt BIGINT NOT NULL)";
        db.execute_unprepared(table).await.expect("it is new");
        Self {
            tasker,
            probe,
            db,
            urls,
        }
    }

    /// Another tasker, over a connection of the application with a pool of this size.
    pub(crate) async fn over(&self, size: u32) -> (Tasker, DatabaseConnection) {
        let db = connect(&self.urls, size).await;
        let tasker = Tasker::builder().database(db.clone());
        let tasker = tasker.states(states(&self.probe, &db)).connect().await;
        (tasker.expect("the store opens"), db)
    }

    /// The URL for another process.
    pub(crate) fn url(&self) -> &str {
        &self.urls.store
    }

    /// A folder for whatever a process leaves.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.urls.folder.path()
    }

    /// Which jobs have left an effect, with the attempt that did.
    pub(crate) async fn effects(&self) -> Vec<(i64, i64)> {
        let backend = self.db.get_database_backend();
        let words = "SELECT job, attempt FROM effects ORDER BY job, attempt";
        let rows = self
            .db
            .query_all_raw(Statement::from_string(backend, words));
        let rows = rows.await.expect("it answers");
        let row = |row: &sea_orm::QueryResult| (row.try_get_by_index(0), row.try_get_by_index(1));
        let pairs = rows.iter().map(row);
        pairs
            .map(|(job, attempt)| (job.unwrap(), attempt.unwrap()))
            .collect()
    }
}

/// What handlers do to the application's table.
pub(crate) async fn leave_effect(
    tx: &DatabaseTransaction,
    job: i64,
    attempt: u32,
) -> anyhow::Result<()> {
    let words = format!("INSERT INTO effects (job, attempt) VALUES ({job}, {attempt})");
    tx.execute_unprepared(&words).await?;
    Ok(())
}

pub(crate) fn states(probe: &Arc<Probe>, db: &DatabaseConnection) -> States {
    let mut states = States::default();
    states.insert::<Probe>(State::from(Arc::clone(probe)));
    states.insert(State::from(db.clone()));
    states
}

async fn connect(urls: &Urls, size: u32) -> DatabaseConnection {
    let mut options = ConnectOptions::new(&urls.application);
    options.max_connections(size).sqlx_logging(false);
    if let Some(schema) = &urls.schema {
        options.set_schema_search_path(schema);
    }
    let connected = sea_orm::Database::connect(options).await;
    connected.expect("the application connects")
}
