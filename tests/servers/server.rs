//! One server: a private one, or one that the environment names.
//!
//! In: an engine. Out: databases, statements for administration, and, where it is private, its death, standstill and return on the
//! same port with the same data. What cannot be done panics, as in a test.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::engine::Engine;
use crate::private::{Private, free_port};
use crate::process::{Process, is_still};
use crate::space::{Kind, Space};
use crate::wait::{LONG, until};

/// How often a start is tried: another process may have taken the port.
const STARTS: usize = 5;

/// A database server.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    /// Its URL; the database in it is one for administration.
    url: String,
    private: Option<Private>,
}

impl Server {
    /// Starts a private server, empty but for its own databases, and waits until it takes statements.
    /// [`Engine::can_start`] says whether that can be done.
    pub async fn start(engine: Engine) -> Self {
        let started = Self::try_start(engine).await;
        started.unwrap_or_else(|e| panic!("cannot start a private {}: {e:#}", engine.name()))
    }

    pub(crate) async fn try_start(engine: Engine) -> Result<Self> {
        let private = Private::prepare(engine)?;
        let mut server = Self {
            engine,
            url: String::new(),
            private: Some(private),
        };
        for start in 1.. {
            let port = free_port()?;
            server.url = format!("{}/{}", engine.url(port), engine.own_database());
            server.private.as_mut().expect("it is").port = port;
            match server.launch().await {
                Err(error) if start < STARTS && format!("{error}").contains("in use") => {}
                launched => return launched.map(|()| server),
            }
        }
        unreachable!("the last start returns")
    }

    /// The server at `url`.
    pub(crate) fn external(engine: Engine, url: String) -> Self {
        Self {
            engine,
            url,
            private: None,
        }
    }

    /// What kind it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The port of a private server, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.private().port
    }

    /// The folder of a private server.
    pub fn folder(&self) -> &Path {
        self.private().home.folder()
    }

    /// The first process of a private server that runs.
    pub fn pid(&self) -> u32 {
        self.private().process().as_ref().expect("it runs").pid()
    }

    /// The URL of a database that is always there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an empty database, for a test that wants more than tables of its own.
    pub async fn database(&self) -> Space {
        self.space(Kind::Database).await
    }

    /// The cheapest place in which an installation has no other beside it: a schema in PostgreSQL, made when the store is
    /// opened, or a database. (189 cases of the conformance suite cost PostgreSQL 18 s of processor time with
    /// a schema each, and 52 s with a database each.)
    pub async fn installation(&self) -> Space {
        match self.engine {
            Engine::Postgres => self.space(Kind::Schema).await,
            Engine::MySql => self.space(Kind::Database).await,
        }
    }

    async fn space(&self, kind: Kind) -> Space {
        let lasts = self.private.is_none();
        let space = Space::new(self.engine, kind, self.url.clone(), lasts);
        space.make().await;
        space
    }

    /// Runs statements for administration, in a database that is not the tests' own.
    pub async fn sql(&self, statements: &str) {
        let done = self.engine.run(&self.url, statements).await;
        done.unwrap_or_else(|error| panic!("{}: `{statements}`: {error}", self.engine.name()));
    }

    /// The same for statements that may fail.
    pub async fn attempt(&self, statements: &str) {
        // What they are about may have happened by itself.
        let _ = self.engine.run(&self.url, statements).await;
    }

    /// The first column of the first row that `query` gives there; it must be a text.
    pub async fn text(&self, query: &str) -> String {
        let text = self.engine.text(&self.url, query).await;
        text.unwrap_or_else(|error| panic!("{}: `{query}`: {error}", self.engine.name()))
    }

    /// Ends it in order, and the connections of its clients with it.
    pub async fn stop(&self) {
        let process = self.private().taken();
        process.end(self.engine.stop_signal()).await;
        self.private().home.watch(None);
    }

    /// SIGKILL to all its processes.
    pub async fn kill(&self) {
        let process = self.private().taken();
        process.kill().await;
        self.private().home.watch(None);
    }

    /// Starts it again, after [`Server::stop`] or [`Server::kill`], on the same port and with the same data, and waits until it
    /// takes statements.
    pub async fn restart(&self) {
        let launched = self.launch().await;
        launched.unwrap_or_else(|e| panic!("cannot restart {}: {e:#}", self.engine.name()));
    }

    /// Freezes all its processes: connections stay, and nothing answers.
    pub async fn pause(&self) {
        let all = (self.private().process().as_ref())
            .expect("it runs")
            .freeze();
        until("it stands still", async || {
            all.iter().all(|pid| is_still(*pid))
        })
        .await;
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) {
        let process = self.private().process();
        process.as_ref().expect("it runs").thaw();
    }

    fn private(&self) -> &Private {
        let variable = self.engine.variable();
        let private = self.private.as_ref();
        private.unwrap_or_else(|| panic!("`{variable}` names a server that is not to be touched"))
    }

    /// Starts the process and waits until it takes statements.
    async fn launch(&self) -> Result<()> {
        let private = self.private();
        private.spawn(self.engine)?;
        let begun = Instant::now();
        loop {
            let ask = self.engine.text(&self.url, self.engine.data_query());
            let answer = tokio::time::timeout(LONG, ask).await;
            let ended = (private.process().as_mut()).and_then(Process::has_ended);
            let trouble = match (answer, ended) {
                (_, Some(status)) => format!("it ended at once with {status}"),
                // Where the port is another's, it is that one that answers.
                (Ok(Ok(data)), None) if data.starts_with(&private.data()) => return Ok(()),
                (answer, None) if begun.elapsed() > LONG => {
                    format!("after {LONG:?} the answer is {answer:?}")
                }
                (_, None) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            drop(private.process().take());
            private.home.watch(None);
            bail!("{trouble}; it said:\n{}", private.home.said());
        }
    }
}
