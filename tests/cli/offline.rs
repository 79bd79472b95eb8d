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
    let json: serde_json::Value = serde_json::from_str(&said(&[
        "next",
        "daily 12:00",
        "--tz",
        "asia/kathmandu",
        "-n",
        "3",
        "--json",
    ]))
    .expect("an answer");
    let at = |place: usize| -> chrono::DateTime<chrono::Utc> {
        let text = json["occurrences"][place]["at"]
            .as_str()
            .expect("an instant");
        text.parse().expect("an instant")
    };
    assert_eq!(json["occurrences"].as_array().map(Vec::len), Some(3));
    for place in 0..2 {
        assert_eq!(at(place + 1) - at(place), chrono::TimeDelta::days(1));
    }
    assert!(at(0) > chrono::Utc::now());
    // Kathmandu is 5 h 45 min ahead of UTC, the whole year.
    assert_eq!(at(0).format("%H:%M").to_string(), "06:15");
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
        (&["next", "hourly", "--after", "noon"], "--after <INSTANT>"),
    ] {
        let ended = offline(words);
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.err.contains(part), "{words:?}: {ended:?}");
    }
}

#[test]
fn next_explains_what_clock_changes_do() {
    let gap = said(&[
        "next",
        "DAILY 01:30",
        "--tz",
        "europe/london",
        "--after",
        "2025-03-29T00:00:00Z",
        "-n",
        "2",
    ]);
    assert_eq!(
        gap,
        "\
rule  daily 01:30
means every day at 01:30
zone  Europe/London
gap   next: a local time that the clock leaves out runs at the first instant after it
fold  first: a local time that the clock shows twice runs the first time

LOCAL                          UTC                   NOTE
Sat 2025-03-29T01:30:00+00:00  2025-03-29T01:30:00Z
Sun 2025-03-30T02:00:00+01:00  2025-03-30T01:00:00Z  instead of 01:30: the clock goes from 01:00 to 02:00
"
    );
    let flowing = said(&[
        "next",
        "*/20 * * * *",
        "--tz",
        "Europe/London",
        "--after",
        "2025-03-30T00:40:00Z",
        "-n",
        "1",
    ]);
    let rows: Vec<&str> = flowing.lines().skip(7).collect();
    assert_eq!(
        rows,
        [
            "Sun 2025-03-30T01:00:00        -                     left out: the clock goes from 01:00 to 02:00",
            "Sun 2025-03-30T01:20:00        -                     left out: the clock goes from 01:00 to 02:00",
            "Sun 2025-03-30T01:40:00        -                     left out: the clock goes from 01:00 to 02:00",
            "Sun 2025-03-30T02:00:00+01:00  2025-03-30T01:00:00Z",
        ]
    );
    let fold: serde_json::Value = serde_json::from_str(&said(&[
        "next",
        "TZ=Europe/London daily 01:30 fold both",
        "--after",
        "2025-10-26T00:00:00Z",
        "-n",
        "2",
        "--json",
    ]))
    .expect("an answer");
    assert_eq!(
        fold,
        json!({
            "rule": "TZ=Europe/London daily 01:30 fold both",
            "words": "every day at 01:30 in Europe/London, both times that a clock change repeats",
            "tz": "Europe/London",
            "gap": "next",
            "fold": "both",
            "lacks_start": false,
            "occurrences": [
                {
                    "at": "2025-10-26T00:30:00Z",
                    "local": "2025-10-26T01:30:00+01:00",
                    "notes": ["the clock shows it twice, this is the first time: it runs both times"],
                },
                {
                    "at": "2025-10-26T01:30:00Z",
                    "local": "2025-10-26T01:30:00+00:00",
                    "notes": ["the clock shows it twice, this is the second time: it runs both times"],
                },
            ],
        })
    );
}

#[test]
fn next_takes_any_rule() {
    for (rule, parts) in [
        (
            "rrule FREQ=MONTHLY;BYDAY=2TU;COUNT=2",
            &[
                "means every month on the 2nd Tuesday at 00:00, 2 times",
                "start here;",
                "2025-06-10T00:00:00Z",
                "2025-07-08T00:00:00Z",
            ][..],
        ),
        (
            "weekdays 09:30 except 2025-06-03 jitter 90s",
            &[
                "means every Monday to Friday at 09:30, except on 2025-06-03, delayed by up to 1 minute 30 seconds",
                "Wed 2025-06-04T09:3",
                "jitter: ",
            ],
        ),
        (
            "daily 12:00+02:00",
            &[
                "zone  UTC+02:00",
                "2025-06-01T12:00:00+02:00  2025-06-01T10:00:00Z",
            ],
        ),
        (
            "at 2025-06-01T12:00,2024-06-01T12:00",
            &["2025-06-01T12:00:00Z"],
        ),
    ] {
        let answer = said(&["next", rule, "--after", "2025-06-01T00:00:00Z", "-n", "3"]);
        for part in parts {
            assert!(answer.contains(part), "{rule} lacks `{part}`: {answer}");
        }
    }
    let over = offline(&["next", "at 2024-06-01T12:00"]);
    assert_eq!(over.code, Some(0), "{over:?}");
    assert!(over.err.contains("never comes true again"), "{over:?}");
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
