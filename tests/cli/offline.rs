//! What is answered before the body of `main` runs, without a store or an environment.

use std::io::Read;

use serde_json::json;

use crate::session::{Ended, Session};

/// Starts the program where its `main` could not.
fn offline(words: &[&str]) -> Ended {
    let session = Session::new();
    let ended = session.run_with(words, &[("PROGRAM_NEEDS", "1")]);
    let left: Vec<_> = std::fs::read_dir(session.folder()).unwrap().collect();
    assert!(left.is_empty(), "{words:?} left {left:?}");
    ended
}

fn said(words: &[&str]) -> String {
    let ended = offline(words);
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (Some(0), ""),
        "{words:?}: {ended:?}"
    );
    ended.out
}

#[test]
fn help_names_every_task_and_command() {
    for words in [&["--help"][..], &["help"], &["-h"]] {
        let help = said(words);
        for part in [
            "A program to be tested",
            "Usage: cli-program [OPTIONS] <COMMAND|TASK>",
            "Tasks:",
            "  greet-somebody  Greet somebody",
            "Commands:",
            "  work ",
            "--database-url <URL>",
        ] {
            assert!(help.contains(part), "{words:?} lacks `{part}`: {help}");
        }
    }
    assert_eq!(said(&["--version"]), "cli-program 1.2.3\n");
}

#[test]
fn a_tasks_help_is_its_documentation() {
    let help = said(&["greet-somebody", "-h"]);
    let expected = "\
Greet somebody

Usage: cli-program greet-somebody [OPTIONS]

Parameters:
      --name <NAME>         Whom to greet. [default: World]
  -n, --times <TIMES>       How many times. [default: 1]
      --loud[=<true|false>] Whether to shout.
      --tags <TAGS>         What to add.
";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed(&help).starts_with(&squeezed(expected)), "{help}");
    let long = said(&["help", "greet_somebody"]);
    assert!(
        long.contains("Politely, and as often as it takes."),
        "{long}"
    );
}

#[test]
fn list_shows_the_tasks_of_this_program() {
    let list = said(&["list", "--short"]);
    let line = list.lines().find(|line| line.starts_with("greet-somebody"));
    let line = line.unwrap_or_else(|| panic!("{list}"));
    for part in [
        "Greet somebody",
        "[--name] [--times] [--loud] [--tags]",
        "default",
        "daily 12:00",
    ] {
        assert!(line.contains(part), "{line}");
    }
    let long = said(&["list"]);
    for part in [
        "greet-somebody  Greet somebody\n    Politely, and as often as it takes.",
        "parameters: [--name]",
        "from: tasker-tests ",
        "cli/program.rs:",
    ] {
        assert!(long.contains(part), "{part}: {long}");
    }
    let json: serde_json::Value = serde_json::from_str(&said(&["list", "--json"])).unwrap();
    let aliases: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["alias"])
        .collect();
    assert_eq!(
        aliases,
        [
            "fail",
            "forever",
            "greet-somebody",
            "measure",
            "nothing",
            "panic",
            "slow"
        ]
    );
    assert_eq!(json[2]["params"][1]["short"], json!("n"));
    assert_eq!(json[2]["crate"], json!("tasker-tests"));
    assert_eq!(json[2]["schedules"][0]["tz"], json!("Europe/London"));
}

#[test]
fn completions_know_the_tasks_and_their_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completions", shell]);
        for part in ["cli-program", "greet-somebody", "times"] {
            assert!(script.contains(part), "{shell}: {part}");
        }
    }
    assert_eq!(offline(&["completions", "cmd"]).code, Some(2));
}

#[test]
fn a_named_crate_without_a_task_fails_the_start() {
    let ended = Session::new().run_with(&["list"], &[("PROGRAM_EXPECTS_BILLING", "1")]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.starts_with("error: no task came from `billing`"),
        "{ended:?}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let session = Session::new();
    let mut child = session.command(&["completions", "zsh"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn next_computes_a_rule() {
    let json: Vec<chrono::DateTime<chrono::Utc>> = serde_json::from_str(&said(&[
        "next",
        "daily 12:00",
        "--tz",
        "asia/kathmandu",
        "-n",
        "3",
        "--json",
    ]))
    .expect("instants");
    assert_eq!(json.len(), 3);
    for pair in json.windows(2) {
        assert_eq!(pair[1] - pair[0], chrono::TimeDelta::days(1));
    }
    assert!(json[0] > chrono::Utc::now());
    // Kathmandu is 5 h 45 min ahead of UTC, the whole year.
    assert_eq!(json[0].format("%H:%M").to_string(), "06:15");
    let table = said(&["next", "daily 12:00", "--tz", "Asia/Kathmandu", "-n", "1"]);
    assert!(
        table.contains("T12:00:00+05:45") && table.contains("T06:15:00Z"),
        "{table}"
    );
    for (words, part) in [
        (&["next", "dayly 12:00"][..], "did you mean `daily`"),
        (
            &["next", "daily 12:00", "--tz", "Europe/Lodnon"],
            "did you mean `Europe/London`",
        ),
        (
            &["next", "TZ=UTC daily 12:00", "--tz", "Europe/London"],
            "Usage: cli-program next",
        ),
        (&["next", "hourly", "-n", "0"], "Usage: cli-program next"),
    ] {
        let ended = offline(words);
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.err.contains(part), "{words:?}: {ended:?}");
    }
}

#[test]
fn schedules_next_is_of_this_program() {
    let json: serde_json::Value =
        serde_json::from_str(&said(&["schedules", "next", "--json"])).expect("json");
    assert_eq!(json.as_array().map(Vec::len), Some(5));
    assert_eq!(json[0]["name"], json!("greet-somebody"));
    let table = said(&["schedules", "next", "GreetSomebody", "-n", "2"]);
    assert!(
        table.contains("every day at 12:00") && table.contains("Europe/London"),
        "{table}"
    );
    assert_eq!(table.lines().count(), 3, "{table}");
    let unknown = offline(&["schedules", "next", "greet"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
}
