//! One process under test: what it says, line by line, and what is done to it.
//!
//! Waiting is for lines and for the end of the process, each within [`LONG`]. A process that is still there when its
//! test is over, also by a panic, is killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

/// What a test waits for at the most; reaching it is a failure.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A process at work.
pub(crate) struct Process {
    child: Child,
    out: Lines,
    err: Lines,
}

/// How a process ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// All of its stdout.
    pub(crate) out: String,
    /// All of its stderr.
    pub(crate) err: String,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let out = Lines::of(child.stdout.take().expect("it is piped"));
        let err = Lines::of(child.stderr.take().expect("it is piped"));
        Self { child, out, err }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said exactly this on stdout, whatever else it says before.
    pub(crate) async fn hear(&mut self, line: &str) {
        self.out.find(|said| said == line, line).await;
    }

    /// Waits for the first line on stdout that is `wanted`.
    pub(crate) async fn hear_one(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        self.out.find(wanted, "a line of that kind").await
    }

    /// All of its log so far.
    pub(crate) fn logged(&self) -> String {
        self.err.all()
    }

    /// Waits until a line of its log has `text` in it.
    pub(crate) async fn log(&mut self, text: &str) {
        self.err.find(|said| said.contains(text), text).await;
    }

    /// What it has said on stdout and nobody has waited for.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.out.rest()
    }

    /// Gives its handlers an order.
    pub(crate) fn order(&mut self, order: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{order}").expect("it reads its orders");
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) -> Ended {
        self.child.kill().expect("it is there");
        self.ended().await
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// SIGINT.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    /// SIGSTOP, and waits until it stands still. To be called while the caller holds the store's write lock, or it may
    /// stand still with the lock in its hands.
    pub(crate) async fn freeze(&self) {
        self.signal("-STOP");
        let place = format!("/proc/{}/stat", self.pid());
        until("it is stopped", async || {
            let stat = std::fs::read_to_string(&place).expect("it is there");
            // The state follows the name, which is in brackets.
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('T'))
        })
        .await;
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Lets its files grow again.
    pub(crate) fn free(&self) {
        let pid = self.pid().to_string();
        let mut freed = Command::new("prlimit");
        let status = freed.args(["--pid", &pid, "--fsize=unlimited"]).status();
        assert!(status.expect("prlimit is there").success());
    }

    /// How much memory it has, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let place = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(place).expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.and_then(|kib| kib.parse::<usize>().ok())
            .expect("a number of KiB")
            * 1024
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(mut self) -> Ended {
        self.out.end().await;
        self.err.end().await;
        let status = self.child.wait().expect("it is ours");
        let (out, err) = (self.out.all(), self.err.all());
        Ended { status, out, err }
    }

    fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.expect("kill is there").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "process {} said:\n{}\nand logged:\n{}",
                self.pid(),
                self.out.all(),
                self.err.all()
            );
        }
    }
}

impl Ended {
    /// Exit code 0, nothing about locks or panics in its log.
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.status.code(), Some(0), "{}", self.err);
        self.unharmed();
        self
    }

    /// Neither locks nor panics are in its log.
    pub(crate) fn unharmed(&self) {
        for bad in ["locked", "panicked"] {
            assert!(!self.err.contains(bad), "{}", self.err);
        }
    }
}

/// What comes out of a pipe.
struct Lines {
    coming: mpsc::UnboundedReceiver<String>,
    /// Those that came while another was waited for.
    kept: Vec<String>,
    all: Arc<Mutex<String>>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, coming) = mpsc::unbounded_channel();
        let all = Arc::new(Mutex::new(String::new()));
        let record = Arc::clone(&all);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut record = record.lock().unwrap();
                record.push_str(&line);
                record.push('\n');
                // An error means that the test is over.
                let _ = sender.send(line);
            }
        });
        let kept = Vec::new();
        Self { coming, kept, all }
    }

    async fn find(&mut self, wanted: impl Fn(&str) -> bool, name: &str) -> String {
        if let Some(at) = self.kept.iter().position(|line| wanted(line)) {
            return self.kept.remove(at);
        }
        let search = async {
            while let Some(line) = self.coming.recv().await {
                if wanted(&line) {
                    return Some(line);
                }
                self.kept.push(line);
            }
            None
        };
        match tokio::time::timeout(LONG, search).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("it ended without `{name}`"),
            Err(_) => panic!("no `{name}` for {LONG:?}"),
        }
    }

    fn rest(&mut self) -> Vec<String> {
        self.kept
            .extend(std::iter::from_fn(|| self.coming.try_recv().ok()));
        std::mem::take(&mut self.kept)
    }

    async fn end(&mut self) {
        let closed = async { while self.coming.recv().await.is_some() {} };
        let closed = tokio::time::timeout(LONG, closed).await;
        closed.expect("it does not end");
    }

    fn all(&self) -> String {
        self.all.lock().unwrap().clone()
    }
}

/// What `future` gives, which must not take long.
pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    let given = tokio::time::timeout(LONG, future.into_future()).await;
    given.expect("this takes too long")
}

/// Looks every few milliseconds until `reached`; for states that nothing tells of.
pub(crate) async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let looks = async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let looks = tokio::time::timeout(LONG, looks).await;
    assert!(looks.is_ok(), "waited {LONG:?} until {what}");
}
