//! The folder of a private server, and the watchdog that ends what works in it when this process has ended.
//!
//! In: the pids of the server. Out: a folder that is gone, with the server, when the [`Home`] is dropped or this process
//! ends: in order, by a panic, by SIGKILL. Statics are not dropped and a killed process drops nothing, so it
//! is another process that clears up: a shell that reads this one's pipe to its end, out of reach of a
//! terminal's Ctrl-C.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// `$0` is the folder. A line is the pid of a server that runs now, or empty. A server that is killed writes no more, but it
/// may have written while its files were removed: hence the repetition.
const WATCHDOG: &str = r#"
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
    kill -STOP "$pid" && kill -KILL $(cat "/proc/$pid/task/$pid/children") "$pid"
fi
for again in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$0" && break
    sleep 0.1
done 2>/dev/null
"#;

/// A temporary folder under a watchdog.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    /// Ends when `pipe` is closed.
    watchdog: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Home {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("tasker-{name}-"))
            .tempdir()
            .context("cannot make a temporary folder")?;
        let mut watchdog = watch(&folder).context("cannot start `sh`")?;
        let pipe = Mutex::new(watchdog.stdin.take());
        Ok(Self {
            folder: folder.keep(),
            watchdog,
            pipe,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where programs write their stdout and stderr.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What the program that was started last has written there.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Tells the watchdog which server runs here now.
    pub(crate) fn watch(&self, pid: Option<u32>) {
        let line = pid.map(|pid| pid.to_string()).unwrap_or_default();
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = pipe.as_mut().expect("it is open until this is dropped");
        writeln!(pipe, "{line}").expect("the watchdog reads as long as this process lives");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        drop(pipe.take());
        // An error would mean that it is not our child.
        let _ = self.watchdog.wait();
    }
}

fn watch(folder: &TempDir) -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", WATCHDOG])
        .arg(folder.path())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_takes_its_server_with_it() {
        let home = Home::new("test").expect("it can be made");
        let folder = home.folder().to_path_buf();
        std::fs::write(folder.join("file"), "text").expect("it can be written");
        let mut server = Command::new("sleep").arg("1000").spawn();
        let server = server.as_mut().expect("it starts");
        home.watch(Some(server.id()));
        drop(home);
        assert!(!folder.exists());
        let status = server.wait().expect("it is ours");
        assert!(!status.success(), "{status}");
    }
}
