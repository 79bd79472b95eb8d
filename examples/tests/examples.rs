//! The examples, run as a reader runs them, and what they print.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A folder of its own, and the examples' binary run in it.
struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tasker-examples"))
            .args(words)
            .current_dir(self.folder.path())
            .env_remove("TASKER_DATABASE_URL")
            .env_remove("DATABASE_URL")
            .output()
            .expect("the binary starts")
    }

    /// What a run that must succeed prints.
    fn prints(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(
            output.status.success(),
            "{words:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// What a run that must fail with exit code 1 says.
    fn fails(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{words:?}: {}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stdout), "");
        text(&output.stderr)
    }

    fn file(&self, content: &str) -> PathBuf {
        let file = self.folder.path().join("weather.csv");
        std::fs::write(&file, content).expect("the folder is writable");
        file
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn hello_greets() {
    let scratch = Scratch::new();
    assert_eq!(scratch.prints(&["hello"]), "Hello World!\n");
    assert_eq!(
        scratch.prints(&["hello", "--name", "Tom Jones", "-n", "2"]),
        "Hello Tom Jones! Hello Tom Jones!\n"
    );
}

#[test]
fn weather_report_prints_a_row_a_month() {
    let scratch = Scratch::new();
    let expected = include_str!("weather-report-2012.txt");
    assert_eq!(
        scratch.prints(&["weather-report", "--year", "2012"]),
        expected
    );
    assert!(
        !scratch.folder.path().join("tasker.db").exists(),
        "nothing was enqueued"
    );
}

#[test]
fn weather_report_says_what_is_wrong() {
    let scratch = Scratch::new();
    let error = scratch.fails(&["weather-report", "--year", "1999"]);
    assert!(
        error.contains("has no day of 1999; it has 2012, 2013, 2014, 2015"),
        "{error}"
    );
    let error = scratch.fails(&["weather-report", "--year", "2012", "--file", "nowhere.csv"]);
    assert!(error.contains("cannot read nowhere.csv"), "{error}");

    let head =
        "date,precipitation,temp_max,temp_min,wind,weather\n2012/01/01,0.0,12.8,5.0,4.7,drizzle\n";
    for (row, wrong) in [
        ("2012/01/02,wet,10.6,2.8,4.5,rain", "line: 3"),
        ("2012/01/02,10.9,10.6\n", "line: 3"),
        (
            "2012/13/02,10.9,10.6,2.8,4.5,rain",
            "line 3: `2012/13/02` is not a date",
        ),
    ] {
        let file = scratch.file(&format!("{head}{row}"));
        let file = file.to_str().expect("a path in UTF-8");
        let error = scratch.fails(&["weather-report", "--year", "2012", "--file", file]);
        assert!(
            error.contains("broken row") && error.contains(wrong),
            "{row}: {error}"
        );
    }
}

#[test]
fn weather_all_ends_with_four_succeeded_jobs() {
    let scratch = Scratch::new();
    let enqueued = scratch.prints(&["weather-all"]);
    assert_eq!(
        enqueued,
        "2012: job 1\n2013: job 2\n2014: job 3\n2015: job 4\n"
    );
    scratch.prints(&["work", "--until-empty"]);
    let jobs = scratch.prints(&["jobs", "list", "--state", "succeeded", "--json"]);
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&jobs).expect("one JSON array");
    assert_eq!(jobs.len(), 4);
    let shown = scratch.prints(&["jobs", "show", "1"]);
    for line in include_str!("weather-report-2012.txt").lines() {
        assert!(shown.contains(line), "{shown}");
    }
    // Everything is in the one file when the worker has gone.
    assert!(!scratch.folder.path().join("tasker.db-wal").exists());
}

#[test]
fn print_pages_replaces_presses_that_jam() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch.prints(&["print-pages"]),
        "25 pages printed, 2 of them at the second go\n"
    );
}

#[test]
fn print_book_prints_every_page_though_a_press_jams() {
    let scratch = Scratch::new();
    assert_eq!(scratch.prints(&["print-book"]), "12 pages enqueued\n");
    scratch.prints(&["work", "--until-empty"]);
    let jobs = scratch.prints(&["jobs", "list", "--state", "succeeded", "--json"]);
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&jobs).expect("one JSON array");
    let pages = jobs.iter().filter(|job| job["alias"] == "print-page");
    let mut attempts: Vec<_> = pages.map(|job| job["attempt"].as_u64()).collect();
    attempts.sort_unstable();
    // The tenth use of a press was the first attempt of one of them.
    let mut wanted = vec![Some(1); 11];
    wanted.push(Some(2));
    assert_eq!(attempts, wanted, "{jobs:?}");
}

/// A running service; killed if the test does not see it end.
struct Service {
    child: Child,
    said: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Service {
    fn start(scratch: &Scratch) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_service"))
            .current_dir(scratch.folder.path())
            .env_remove("DATABASE_URL")
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        // Side by side they begin, so that either may come first.
        let mut begun = [line(&mut said), line(&mut said)];
        begun.sort();
        let [cleaned, listening] = begun;
        assert_eq!(cleaned, "cleaned up: 0 notes are kept");
        let address = listening.strip_prefix("listening on http://");
        let address = address.expect("it listens").parse().expect("an address");
        Self {
            child,
            said,
            address,
        }
    }

    /// The body of the answer.
    fn ask(&self, method: &str, body: &str) -> String {
        let mut connection = TcpStream::connect(self.address).expect("it listens");
        let length = body.len();
        let head = format!("{method} /notes HTTP/1.1\r\nHost: here\r\nConnection: close\r\n");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        connection.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        body.to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Errors mean that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next line; nothing at the end.
fn line(said: &mut impl BufRead) -> String {
    let mut line = String::new();
    said.read_line(&mut line).expect("text");
    line.trim_end().to_owned()
}

#[cfg(unix)]
#[test]
fn a_service_answers_works_cleans_up_and_stops() {
    let scratch = Scratch::new();
    let mut service = Service::start(&scratch);
    assert_eq!(service.ask("POST", "buy milk"), "job 1\n");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while service.ask("GET", "") != "BUY MILK\n" {
        assert!(std::time::Instant::now() < end, "nobody works");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let pid = service.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(line(&mut service.said), "stopped");
    assert!(service.child.wait().expect("it is ours").success());
    // Everything is in the one file.
    assert!(scratch.folder.path().join("tasker.db").exists());
    assert!(!scratch.folder.path().join("tasker.db-wal").exists());
}
