//! The examples, run as a reader runs them, and what they print.

use std::path::PathBuf;
use std::process::{Command, Output};

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
