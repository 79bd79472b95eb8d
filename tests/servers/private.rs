//! What only a server that was started here has: its folder, its port, its processes.
//!
//! In: an engine, then orders. Out: a folder with an empty server, and one process at a time that serves it.

use std::ffi::OsStr;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};

use crate::account::Account;
use crate::engine::{Engine, Programs};
use crate::home::Home;
use crate::process::Process;

/// What only a server that was started here has. The process goes before the folder.
#[derive(Debug)]
pub(crate) struct Private {
    /// `None` while it is down.
    process: Mutex<Option<Process>>,
    programs: Programs,
    /// On 127.0.0.1; set before the first start.
    pub(crate) port: u16,
    account: Option<Account>,
    pub(crate) home: Home,
}

impl Private {
    /// Fills a folder; nothing runs yet.
    pub(crate) fn prepare(engine: Engine) -> Result<Self> {
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

    /// Starts the process, which takes a while until it takes statements.
    pub(crate) fn spawn(&self, engine: Engine) -> Result<()> {
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
    fn command(&self, program: impl AsRef<OsStr>, arguments: Vec<String>) -> Result<Command> {
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

    /// The folder of the databases.
    pub(crate) fn data(&self) -> String {
        self.home.folder().join("data").display().to_string()
    }

    pub(crate) fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn taken(&self) -> Process {
        self.process().take().expect("it runs")
    }
}

/// A port below those that the system gives to clients, so that none of these has it when the server is to return.
pub(crate) fn free_port() -> Result<u16> {
    let random = RandomState::new();
    let mut ports = (0..1000_u16).map(|n| 15_000 + (random.hash_one(n) % 15_000) as u16);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.context("no free port between 15000 and 30000")
}
