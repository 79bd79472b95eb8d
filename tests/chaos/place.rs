//! A store of its own for each test, in a file or in a server, and the processes that share it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use servers::{Engine, Server, Space, Usable, shared};
use tasker::{Job, JobId, JobQuery, JobState, Tasker};
use tempfile::TempDir;

use crate::process::{Process, until};
use crate::tasks::{Hold, HoldParams};

/// The lease of every worker, unless a test says otherwise.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// The longest a lease that is over waits for being noticed.
pub(crate) const SWEEP: Duration = Duration::from_secs(1);

/// Where a store is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// In a file.
    Sqlite,
    Postgres,
    MySql,
}

impl On {
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MySql];

    pub(crate) fn name(self) -> &'static str {
        match self.engine() {
            None => "sqlite",
            Some(engine) => engine.name(),
        }
    }

    /// What becomes of trials that only need a place.
    pub(crate) fn can_share(self) -> Usable {
        self.engine().map_or(Usable::Yes, Engine::can_share)
    }

    fn engine(self) -> Option<Engine> {
        match self {
            On::Sqlite => None,
            On::Postgres => Some(Engine::Postgres),
            On::MySql => Some(Engine::MySql),
        }
    }

    /// The kind of server, for trials that start one of their own.
    pub(crate) fn server(self) -> Engine {
        self.engine().expect("a file needs no server")
    }
}

/// A store, seen from the test.
pub(crate) struct Place {
    pub(crate) on: On,
    pub(crate) tasker: Tasker,
    url: String,
    folder: TempDir,
    /// Where it is in a server.
    space: Option<Space>,
}

impl Place {
    /// A fresh one, in a server that others use too.
    pub(crate) async fn new(on: On) -> Self {
        match on.engine() {
            Some(engine) => Self::within(on, shared(engine).await).await,
            None => {
                let folder = folder();
                let file = folder.path().join("tasker.db");
                let url = format!("sqlite://{}?mode=rwc", file.display());
                Self::open(on, url, folder, None).await
            }
        }
    }

    /// A fresh one in this server.
    pub(crate) async fn within(on: On, server: &Server) -> Self {
        let space = server.installation().await;
        Self::open(on, space.url(), folder(), Some(space)).await
    }

    async fn open(on: On, url: String, folder: TempDir, space: Option<Space>) -> Self {
        let tasker = Tasker::connect(&url).await;
        Self {
            on,
            tasker: tasker.expect("a fresh store opens"),
            url,
            folder,
            space,
        }
    }

    /// Where it is in its server.
    pub(crate) fn space(&self) -> &Space {
        self.space.as_ref().expect("it is in a server")
    }

    /// Runs a statement in it.
    pub(crate) async fn sql(&self, statement: &str) {
        if let Some(space) = &self.space {
            return space.sql(statement).await;
        }
        let connection = Database::connect(&self.url).await.expect("the file opens");
        let done = connection.execute_unprepared(statement).await;
        done.expect("the statement is sound");
        connection.close().await.expect("it closes");
    }

    /// By which URL processes reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Has the processes that start from now on reach it by this URL.
    pub(crate) fn reached_by(&mut self, url: String) {
        self.url = url;
    }

    /// Starts `chaos-worker work` with these words more, and waits until it has joined.
    pub(crate) async fn work(&self, words: &[&str]) -> Process {
        self.joined(self.start(env!("CARGO_BIN_EXE_chaos-worker"), words))
            .await
    }

    /// Starts `chaos-worker work` as [`Place::work`] does, without waiting.
    pub(crate) fn start_worker(&self, words: &[&str]) -> Process {
        self.start(env!("CARGO_BIN_EXE_chaos-worker"), words)
    }

    /// The same, and no file it writes may be longer than `limit` bytes until [`Process::free`].
    pub(crate) fn start_confined(&self, limit: usize, words: &[&str]) -> Process {
        let free = self.command(env!("CARGO_BIN_EXE_chaos-worker"), words);
        let mut confined = Command::new("sh");
        // In blocks of 512 bytes; a write too far is to be an error, no signal.
        let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", limit / 512);
        confined
            .args(["-c", &script, "sh"])
            .arg(free.get_program())
            .args(free.get_args())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(
                free.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        Process::start(confined)
    }

    /// The same in an environment with these variables more.
    pub(crate) fn start_in(&self, variables: &[(&str, &str)], words: &[&str]) -> Process {
        let mut command = self.command(env!("CARGO_BIN_EXE_chaos-worker"), words);
        command.envs(variables.iter().copied());
        Process::start(command)
    }

    /// As [`Place::work`], with the program that has other tasks.
    pub(crate) async fn clock(&self) -> Process {
        self.joined(self.start_clock(&[])).await
    }

    /// As [`Place::clock`], without waiting, in an environment with these variables more.
    pub(crate) fn start_clock(&self, variables: &[(&str, &str)]) -> Process {
        let mut command = self.command(env!("CARGO_BIN_EXE_chaos-clock"), &[]);
        command.envs(variables.iter().copied());
        Process::start(command)
    }

    /// Starts `chaos-worker work --until-empty`.
    pub(crate) fn drain(&self, words: &[&str]) -> Process {
        let words = [&["--until-empty"], words].concat();
        self.start(env!("CARGO_BIN_EXE_chaos-worker"), &words)
    }

    fn start(&self, program: &str, words: &[&str]) -> Process {
        Process::start(self.command(program, words))
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(["work", "--database-url", &self.url])
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            // The flags go before these.
            .env("TASKER_LEASE", format!("{}s", LEASE.as_secs()))
            .env("TASKER_GRACE", "20s")
            // So that two handlers can block all of them.
            .env("TOKIO_WORKER_THREADS", "2");
        command
    }

    /// Waits until the worker in `process` has joined.
    pub(crate) async fn joined(&self, process: Process) -> Process {
        until("the worker has joined", async || {
            self.worker(&process).await.is_some()
        })
        .await;
        process
    }

    /// So many jobs of `hold`.
    pub(crate) async fn holds(&self, jobs: usize) -> Vec<JobId> {
        let mut ids = Vec::with_capacity(jobs);
        for _ in 0..jobs {
            let job = Hold::enqueue(HoldParams::new()).on(&self.tasker).await;
            ids.push(job.unwrap().id());
        }
        ids
    }

    /// The latest incarnation of the worker in `process`, as the store knows it.
    pub(crate) async fn worker(&self, process: &Process) -> Option<tasker_store::Worker> {
        let workers = self.tasker.workers().await.expect("the store answers");
        workers
            .into_iter()
            .rfind(|worker| worker.pid == process.pid())
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        let job = self.tasker.jobs().get(id).await.expect("the store answers");
        job.expect("the job is there")
    }

    /// Waits until the job is in `state`.
    pub(crate) async fn reaches(&self, id: JobId, state: JobState) -> Job {
        let what = format!("the job is {state}");
        until(&what, async || self.job(id).await.state == state).await;
        self.job(id).await
    }

    /// The failed attempts of a job: their kind, and who ran them.
    pub(crate) async fn attempts(
        &self,
        id: JobId,
    ) -> Vec<(tasker_store::FailureKind, Option<tasker_store::WorkerId>)> {
        let attempts = self.tasker.jobs().attempts(id).await;
        let attempts = attempts.expect("the store answers").into_iter();
        attempts
            .map(|attempt| (attempt.kind, attempt.worker))
            .collect()
    }

    /// Every job, by a limit that no test reaches.
    pub(crate) async fn jobs(&self) -> Vec<Job> {
        let query = JobQuery {
            limit: 10_000,
            ..JobQuery::default()
        };
        let jobs = self.tasker.jobs().list(query).await;
        jobs.expect("the store answers")
    }

    /// How many jobs have succeeded, and how many there are.
    pub(crate) async fn succeeded(&self) -> (usize, usize) {
        let queues = self.tasker.queues().list().await;
        let (mut succeeded, mut all) = (0, 0);
        for queue in queues.expect("the store answers") {
            succeeded += queue.succeeded;
            all += queue.succeeded + queue.failed + queue.canceled;
            all += queue.scheduled + queue.queued + queue.running + queue.retrying;
        }
        let count = |jobs: u64| usize::try_from(jobs).expect("few");
        (count(succeeded), count(all))
    }

    /// How many jobs run, by the store's count.
    pub(crate) async fn running(&self) -> u64 {
        let queues = self.tasker.queues().list().await;
        let queues = queues.expect("the store answers");
        queues.iter().map(|queue| queue.running).sum()
    }

    /// Waits until every job has succeeded; for as long as ever more have.
    pub(crate) async fn all_succeed(&self) {
        let mut last = 0;
        loop {
            let mut left = 0;
            until("more jobs have succeeded", async || {
                let (succeeded, all) = self.succeeded().await;
                left = all - succeeded;
                left == 0 || std::mem::replace(&mut last, succeeded) < succeeded
            })
            .await;
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The file that handlers of `append` write to.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// How often jobs of `append` were run so far.
    pub(crate) fn ran(&self) -> usize {
        let text = std::fs::read(self.file()).unwrap_or_default();
        text.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Which process ran what: for each job's number the process ids, in order.
    pub(crate) fn runs(&self) -> HashMap<i64, Vec<u32>> {
        let mut runs: HashMap<i64, Vec<u32>> = HashMap::new();
        for line in std::fs::read_to_string(self.file())
            .unwrap_or_default()
            .lines()
        {
            let (number, pid) = line.split_once(' ').expect("a whole line");
            let pid = pid.parse().expect("a process id");
            let number = number.parse().expect("a number");
            runs.entry(number).or_default().push(pid);
        }
        runs
    }

    /// Takes the database's write lock: nobody else writes until [`Lock::release`].
    pub(crate) async fn lock(&self) -> Lock {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(1);
        let connection = Database::connect(options).await.expect("the file opens");
        let begun = connection.execute_unprepared("BEGIN IMMEDIATE").await;
        begun.expect("the lock is free soon");
        Lock { connection }
    }
}

/// The database's write lock.
pub(crate) struct Lock {
    connection: DatabaseConnection,
}

impl Lock {
    pub(crate) async fn release(self) {
        let ended = self.connection.execute_unprepared("COMMIT").await;
        ended.expect("nothing was written");
        self.connection.close().await.expect("it closes");
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
