//! A store in a file of its own, and the processes that share it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tasker::{Job, JobId, JobQuery, JobState, Tasker};
use tempfile::TempDir;

use crate::process::{Process, until};

/// The lease of every worker, unless a test says otherwise.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// The longest a lease that is over waits for being noticed.
pub(crate) const SWEEP: Duration = Duration::from_secs(1);

/// A store, seen from the test.
pub(crate) struct Place {
    pub(crate) tasker: Tasker,
    folder: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tasker = Tasker::connect(url(&folder)).await;
        Self {
            tasker: tasker.expect("a fresh store opens"),
            folder,
        }
    }

    /// Starts `chaos-worker work` with these words more, and waits until it has joined.
    pub(crate) async fn work(&self, words: &[&str]) -> Process {
        self.joined(self.start(env!("CARGO_BIN_EXE_chaos-worker"), words))
            .await
    }

    /// As [`Place::work`], with the program that has other tasks.
    pub(crate) async fn clock(&self) -> Process {
        self.joined(self.start_clock()).await
    }

    /// As [`Place::clock`], without waiting.
    pub(crate) fn start_clock(&self) -> Process {
        self.start(env!("CARGO_BIN_EXE_chaos-clock"), &[])
    }

    /// Starts `chaos-worker work --until-empty`.
    pub(crate) fn drain(&self, words: &[&str]) -> Process {
        let words = [&["--until-empty"], words].concat();
        self.start(env!("CARGO_BIN_EXE_chaos-worker"), &words)
    }

    fn start(&self, program: &str, words: &[&str]) -> Process {
        let mut command = Command::new(program);
        command
            .args(["work", "--database-url", &url(&self.folder)])
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            // The flags go before these.
            .env("TASKER_LEASE", format!("{}s", LEASE.as_secs()))
            .env("TASKER_GRACE", "20s")
            // So that two handlers can block all of them.
            .env("TOKIO_WORKER_THREADS", "2");
        Process::start(command)
    }

    async fn joined(&self, process: Process) -> Process {
        until("the worker has joined", async || {
            self.worker(&process).await.is_some()
        })
        .await;
        process
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
        let jobs = self.jobs().await;
        let succeeded = jobs.iter().filter(|job| job.state == JobState::Succeeded);
        (succeeded.count(), jobs.len())
    }

    /// Waits until every job has succeeded.
    pub(crate) async fn all_succeed(&self) {
        until("every job has succeeded", async || {
            let (succeeded, all) = self.succeeded().await;
            succeeded == all
        })
        .await;
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
        let mut options = ConnectOptions::new(url(&self.folder));
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

fn url(folder: &TempDir) -> String {
    let file = folder.path().join("tasker.db");
    format!("sqlite://{}?mode=rwc", file.display())
}
