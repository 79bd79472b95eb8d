//! A worker in a process of its own: both sides.
//!
//! The bench starts its own program with [`Orders`]. The process says `ready`, works as soon as it hears a line, and
//! says what came of it in one last line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tasker::{Tasker, WorkerEvent};

use crate::{Result, latency};

/// What a process is to do.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) url: String,
    pub(crate) concurrency: u32,
    pub(crate) work: Work,
}

/// How long it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Until nothing is left, from the first line it hears; says how many jobs succeeded.
    Drain,
    /// From its start until it hears of how many jobs of `latency` there were, and has started all of them; says how
    /// long they waited.
    Wait,
}

/// The process.
pub(crate) async fn run(orders: Orders) -> Result<()> {
    let tasker = Tasker::connect(&orders.url).await?;
    let worker = tasker
        .worker()
        .concurrency(orders.concurrency)
        .until_empty(orders.work == Work::Drain)
        .build()?;
    let summary = match orders.work {
        Work::Drain => {
            say("ready")?;
            tokio::task::spawn_blocking(hear).await??;
            worker.run().await?
        }
        Work::Wait => {
            let (stopper, mut events) = (worker.stopper(), worker.events());
            let working = tokio::spawn(worker.run());
            while events.recv().await? != WorkerEvent::Idle {}
            drop(events);
            say("ready")?;
            let jobs = tokio::task::spawn_blocking(hear).await??;
            latency::started(jobs.trim().parse()?).await?;
            stopper.stop();
            working.await??
        }
    };
    tasker.close().await?;
    match orders.work {
        Work::Drain => say(&summary.succeeded.to_string()),
        Work::Wait => {
            let waits: Vec<String> = latency::waits().iter().map(u64::to_string).collect();
            say(&waits.join(" "))
        }
    }
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn hear() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// A process that was started. Killed if it is still there when this is dropped.
pub(crate) struct Process {
    child: Child,
    orders: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(orders: &Orders) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(orders.words())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut process = Self {
            child,
            orders: stdin.ok_or("its stdin is piped")?,
            said: BufReader::new(stdout.ok_or("its stdout is piped")?),
        };
        match process.hear()?.as_str() {
            "ready" => Ok(process),
            other => Err(format!("a worker said `{other}` in place of `ready`").into()),
        }
    }

    /// Gives it the line it waits for: how many jobs there are.
    pub(crate) fn tell(&mut self, jobs: usize) -> Result<()> {
        Ok(writeln!(self.orders, "{jobs}")?)
    }

    /// Waits for the next thing it says.
    pub(crate) fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        tokio::task::block_in_place(|| self.said.read_line(&mut line))?;
        Ok(line.trim_end().to_owned())
    }

    /// The memory it has in use, in MiB.
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        Ok(kibibytes.ok_or("its memory is not said")?.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
