//! One server: a private one, or one that the environment names.
//!
//! In: an engine. Out: databases, statements for administration, and, where it is private, its death, standstill and return on the
//! same port with the same data. What cannot be done panics, as in a test.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::account::Account;
use crate::engine::{Engine, Programs};
use crate::home::Home;
use crate::process::Process;
use crate::space::{Kind, Space};
use crate::wait::LONG;

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

/// What only a server that was started here has. The process goes before the folder.
#[derive(Debug)]
struct Private {
    /// `None` while it is down.
    process: Mutex<Option<Process>>,
    programs: Programs,
    port: u16,
    account: Option<Account>,
    home: Home,
}

impl Server {
    /// Starts a private server, empty but for its own databases, and waits until it takes statements.
    /// [`Engine::private`] says whether that can be done.
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

    /// Makes an empty database, for a test that wants more than tables of its own.
    pub async fn database(&self) -> Space {
        self.space(Kind::Database).await
    }

    /// The cheapest place in which an installation has no other beside it: a schema in PostgreSQL, made when the store is
    /// opened, or a database.
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
    pub fn pause(&self) {
        let process = self.private().process();
        process.as_ref().expect("it runs").stop();
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) {
        let process = self.private().process();
        process.as_ref().expect("it runs").go_on();
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
            let answer = self.engine.text(&self.url, self.engine.data_query()).await;
            let ended = (private.process().as_mut()).and_then(Process::has_ended);
            let trouble = match (answer, ended) {
                (_, Some(status)) => format!("it ended at once with {status}"),
                // Where the port is another's, it is that one that answers.
                (Ok(data), None) if data.starts_with(&private.data()) => return Ok(()),
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

impl Private {
    /// Fills a folder.
    fn prepare(engine: Engine) -> Result<Self> {
        let programs = engine.programs()?;
        let home = Home::new(engine.name())?;
        let account = Account::own(home.folder(), engine.users())?;
        let private = Self {
            process: Mutex::new(None),
            programs,
            port: 0,
            account,
            home,
        };
        let (program, arguments) = engine.prepare(&private.programs, &private.data());
        let mut command = private.command(program, arguments)?;
        let status = command.status().context("cannot run it")?;
        if !status.success() {
            bail!(
                "{command:?} ended with {status}; it said:\n{}",
                private.home.said()
            );
        }
        Ok(private)
    }

    fn spawn(&self, engine: Engine) -> Result<()> {
        let mut process = self.process();
        assert!(process.is_none(), "it runs already");
        let (program, arguments) = engine.serve(&self.programs, &self.data(), self.port);
        let mut command = self.command(program, arguments)?;
        let started = Process::start(&mut command).context("cannot start the server")?;
        self.home.watch(Some(started.pid()));
        *process = Some(started);
        Ok(())
    }

    /// A program that works in the folder, as its owner, out of reach of a terminal's Ctrl-C.
    fn command(
        &self,
        program: impl AsRef<std::ffi::OsStr>,
        arguments: Vec<String>,
    ) -> Result<Command> {
        let log = File::create(self.home.log()).context("cannot write the log")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.home.folder())
            .env("LC_ALL", "C")
            // MariaDB deletes what others of its kind have in the same place.
            .env("TMPDIR", self.home.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        if let Some(account) = self.account {
            account.runs(&mut command);
        }
        Ok(command)
    }

    fn data(&self) -> String {
        self.home.folder().join("data").display().to_string()
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> Process {
        self.process().take().expect("it runs")
    }
}

/// A port below those that the system gives to clients, so that none of these has it when the server is to return.
fn free_port() -> Result<u16> {
    let random = RandomState::new();
    let mut ports = (0..1000_u16).map(|n| 15_000 + (random.hash_one(n) % 15_000) as u16);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.context("no free port between 15000 and 30000")
}
