//! The processes of one private server: the one that was started, and those it has started.
//!
//! In: a command. Out: signals to all of them, and the certainty that none is left. PostgreSQL makes each of its processes the
//! leader of a group of its own, so they are found as children; they have no children themselves.

use std::process::{Child, Command, ExitStatus};

use crate::wait::until;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> std::io::Result<Self> {
        let child = command.spawn()?;
        Ok(Self { child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is ours")
    }

    /// Sends a signal to the first process, and waits until all have ended.
    pub(crate) async fn end(mut self, with: &str) {
        let all = self.all();
        signal(with, &all[..1]);
        self.gone(&all).await;
    }

    /// SIGKILL to all of them; waits until they have ended.
    pub(crate) async fn kill(mut self) {
        let all = self.freeze();
        signal("KILL", &all);
        self.gone(&all).await;
    }

    /// SIGSTOP to all of them; gives their pids.
    pub(crate) fn freeze(&self) -> Vec<u32> {
        // One that stands still starts no more.
        signal("STOP", &[self.pid()]);
        let all = self.all();
        signal("STOP", &all);
        all
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        signal("CONT", &self.all());
    }

    /// Waits until the first is reaped, and the others have ended; whose children these are now may leave them unreaped.
    async fn gone(&mut self, all: &[u32]) {
        until("the server has ended", async || {
            self.has_ended().is_some() && !all.iter().any(|pid| is_alive(*pid))
        })
        .await;
    }

    fn all(&self) -> Vec<u32> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().map(|pid| {
            let pid = pid.parse();
            pid.expect("the kernel writes numbers")
        });
        std::iter::once(pid).chain(children).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal("KILL", &self.freeze());
            // An error would mean that it is not our child.
            let _ = self.child.wait();
        }
    }
}

/// Whether there is such a process, and it is more than an entry that nobody has asked for.
pub fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Whether it stands still after SIGSTOP, or for ever.
pub(crate) fn is_still(pid: u32) -> bool {
    !is_alive(pid) || state(pid) == Some('T')
}

/// The state's letter in `/proc`.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // It follows the name, which is in brackets.
    stat.rsplit_once(") ")?.1.chars().next()
}

/// One of them may have ended already: whether all get it is not asked.
fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids)
        .stderr(std::process::Stdio::null())
        .status();
    status.expect("`kill` is installed");
}
