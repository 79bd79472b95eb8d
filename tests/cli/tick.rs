//! A program that works by itself: its schedule, and a handler that overruns its time.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::session::{Ended, Session};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cli-every");

/// What a test waits for at the most; reaching it is a failure.
const LONG: Duration = Duration::from_secs(60);

/// A `work` that is killed when its test is over, however that ends, or has waited too long.
struct Work {
    child: Child,
    /// Dropped when the process is not to be killed any more.
    _watched: mpsc::Sender<()>,
    log: std::io::Lines<BufReader<ChildStderr>>,
}

impl Work {
    fn start(session: &Session, words: &[&str]) -> Self {
        let words = [&["work"], words].concat();
        let mut child = session
            .command_of(PROGRAM, &words)
            .spawn()
            .expect("it starts");
        let log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let (_watched, over) = mpsc::channel();
        let pid = child.id();
        std::thread::spawn(move || {
            if over.recv_timeout(LONG) == Err(mpsc::RecvTimeoutError::Timeout) {
                signal(pid, "-KILL");
            }
        });
        Self {
            child,
            _watched,
            log,
        }
    }

    /// Waits for a line of its log with `text` in it.
    fn logs(&mut self, text: &str) -> String {
        let found = self
            .log
            .find(|line| line.as_ref().expect("text").contains(text));
        found
            .unwrap_or_else(|| panic!("it ended without `{text}`"))
            .expect("text")
    }

    fn terminate(&self) {
        signal(self.child.id(), "-TERM");
    }

    fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(status.expect("kill is there").success());
}

fn json_of(session: &Session, words: &[&str]) -> Value {
    let output = session
        .command_of(PROGRAM, &[words, &["--json"]].concat())
        .output();
    let ended = Ended::from(output.expect("the program starts"));
    assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{words:?}: {error}: {ended:?}"))
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no instant"));
    text.parse().expect("RFC 3339")
}

/// D-44 with a real process on a real file: rule, job, occurrence, `schedules list`.
#[cfg(unix)]
#[test]
fn a_scheduled_task_runs_by_itself_and_its_schedule_is_told() {
    let session = Session::new();
    let begun = Utc::now();
    let mut work = Work::start(&session, &[]);
    work.logs("schedules new");
    let waiting = Instant::now();
    let jobs = loop {
        assert!(waiting.elapsed() < LONG, "two occurrences take too long");
        let jobs = json_of(&session, &["jobs", "list", "--state", "succeeded"]);
        let jobs = jobs.as_array().expect("an array").clone();
        if jobs.len() >= 2 {
            break jobs;
        }
    };
    work.terminate();
    assert_eq!(work.ended(), Some(0));

    for job in &jobs {
        let planned = instant(&job["occurrence"]["at"]);
        assert!(
            planned > begun && planned.timestamp_subsec_nanos() == 0,
            "{job}"
        );
        assert_eq!(job["params"], json!({ "greeting": "hello" }));
        let shown = json_of(
            &session,
            &["jobs", "show", job["number"].as_str().expect("digits")],
        );
        let said = format!("hello at {}", planned.to_rfc3339());
        assert_eq!(shown["output"], json!(said));
    }
    let all = json_of(&session, &["jobs", "list", "--all"]);
    let planned = |job: &Value| instant(&job["occurrence"]["at"]);
    let mut moments: Vec<_> = all
        .as_array()
        .expect("an array")
        .iter()
        .map(planned)
        .collect();
    moments.sort();
    let steps = moments.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        steps.into_iter().all(|step| step.num_seconds() >= 1),
        "{moments:?}"
    );

    let schedules = json_of(&session, &["schedules", "list"]);
    let [schedule] = &schedules.as_array().expect("an array")[..] else {
        panic!("{schedules}");
    };
    assert_eq!(
        (&schedule["name"], &schedule["state"]),
        (&json!("tick"), &json!("active"))
    );
    assert_eq!(schedule["executions"], json!(moments.len().to_string()));
    let last = instant(&schedule["last_run_at"]);
    assert_eq!(Some(&last), moments.last());
    assert!(instant(&schedule["next_run_at"]) > last, "{schedule}");
}

/// What the code says of the store's place beats the default, and the environment beats the code.
#[test]
fn the_store_may_be_named_in_code() {
    let session = Session::new();
    let enqueue = |variables: &[(&str, &str)]| {
        let mut command = session.command_of(PROGRAM, &["nothing", "--enqueue"]);
        let output = command.envs(variables.iter().copied()).output();
        assert!(output.expect("the program starts").status.success());
    };
    let exists = |name: &str| session.folder().join(name).exists();
    enqueue(&[("DATABASE_URL", "sqlite://named.db?mode=rwc")]);
    assert!(exists("named.db") && !exists("every.db"));
    enqueue(&[]);
    assert!(exists("every.db") && !exists("tasker.db"));
}

/// X-G2: the outcome is recorded at once, the slot stays busy, and after 10 s there is a warning.
#[cfg(unix)]
#[test]
fn a_blocking_handler_that_overruns_its_time_keeps_its_slot_and_is_warned_about() {
    let session = Session::new();
    for task in ["stuck", "nothing"] {
        let enqueued = session.command_of(PROGRAM, &[task, "--enqueue"]).output();
        assert!(enqueued.expect("the program starts").status.success());
    }
    let mut work = Work::start(&session, &["--concurrency", "1"]);
    let failed = work.logs("the last attempt failed");
    assert!(
        failed.contains("timeout of 20ms") && failed.contains("task=\"stuck\""),
        "{failed}"
    );
    let warning = work.logs("still runs 10s after its timeout and keeps its slot");
    assert!(
        warning.contains("WARN") && warning.contains("job=1"),
        "{warning}"
    );
    let stuck = json_of(&session, &["jobs", "show", "1"]);
    assert_eq!(stuck["state"], json!("failed"));
    assert_eq!(stuck["attempts"][0]["kind"], json!("timeout"));
    let waiting = json_of(&session, &["jobs", "show", "2"]);
    assert_eq!(
        (&waiting["state"], &waiting["attempt"]),
        (&json!("queued"), &json!(0))
    );
    // The thread that nobody can end does not hold up the end of the process either.
    work.terminate();
    assert!(work.ended().is_some());
}
