//! A pooler before PostgreSQL: `pgbouncer` in its mode `transaction`, where a connection of the server is a client's for one
//! transaction and anybody's afterwards.
//!
//! In: a private server. Out: a port that leads to all its databases. It has few connections, so that clients meet each other's. It
//! ends when it is dropped, or with this process.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;

use crate::account::Account;
use crate::availability::Usable;
use crate::engine::{Engine, find, folders};
use crate::home::Home;
use crate::private::free_port;
use crate::process::Process;
use crate::server::Server;
use crate::wait::LONG;

/// How many connections to the server it shares out.
const CONNECTIONS: u32 = 8;

/// A pooler that runs. The process goes before the folder.
#[derive(Debug)]
pub struct Pooler {
    port: u16,
    _process: Process,
    _home: Home,
}

impl Pooler {
    /// Whether one can be started, before a private server.
    pub fn can_start() -> Usable {
        match (Engine::Postgres.can_start(), program()) {
            (Usable::Yes, Err(missing)) => Usable::No(format!("no pooler: {missing:#}")),
            (server, _) => server,
        }
    }

    /// Starts one before `server`, and waits until it takes connections.
    pub async fn before(server: &Server) -> Self {
        let started = Self::try_start(server.port()).await;
        started.unwrap_or_else(|error| panic!("cannot start a pooler: {error:#}"))
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn try_start(server: u16) -> Result<Self> {
        let home = Home::new("pgbouncer")?;
        let port = free_port()?;
        let settings = home.folder().join("pgbouncer.ini");
        std::fs::write(&settings, configuration(server, port)).context("cannot configure it")?;
        let log = File::create(home.log()).context("cannot write the log")?;
        let mut command = Command::new(program()?);
        command
            .arg(&settings)
            .current_dir(home.folder())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if let Some(account) = Account::own(home.folder(), Engine::Postgres.users())? {
            account.runs(&mut command);
        }
        let mut process = Process::start(&mut command).context("cannot start it")?;
        home.watch(Some(process.pid()));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if process.has_ended().is_some() || begun.elapsed() > LONG {
                bail!("it takes no connections; it said:\n{}", home.said());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self {
            port,
            _process: process,
            _home: home,
        })
    }
}

fn configuration(server: u16, port: u16) -> String {
    format!(
        "[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {CONNECTIONS}
max_client_conn = 2000
"
    )
}

fn program() -> Result<PathBuf> {
    find("pgbouncer", &folders())
}
