//! `schedules`: creating, changing and running them by hand, as an operator does.

use serde_json::{Value, json};

use crate::session::Session;

fn created(session: &Session, words: &[&str]) -> Value {
    let words = [&["schedules", "create"], words, &["--json"]].concat();
    session.json(&words)
}

/// A session in whose store every task of the program is known, and `noon` greets Tom at noon.
fn with_noon() -> Session {
    let session = Session::new();
    let said = session.done(&[
        "schedules",
        "create",
        "noon",
        "--task",
        "greet_somebody",
        "--rule",
        "daily 12:00",
        "--tz",
        "europe/london",
        "--params",
        r#"{"name": "Tom"}"#,
        "--description",
        "Greets Tom.",
        "--max-executions",
        "10",
    ]);
    assert!(
        said.starts_with("schedule `noon` is active, next 2"),
        "{said}"
    );
    session
}

#[test]
fn a_schedule_is_created_and_shown() {
    let session = with_noon();
    let list = session.json(&["schedules", "list", "--json"]);
    let [noon] = &list.as_array().expect("one array")[..] else {
        panic!("{list}");
    };
    for (field, expected) in [
        ("name", json!("noon")),
        ("alias", json!("greet-somebody")),
        ("rule", json!("daily 12:00")),
        ("words", json!("every day at 12:00")),
        ("tz", json!("Europe/London")),
        ("params", json!({ "name": "Tom" })),
        ("source", json!("runtime")),
        ("state", json!("active")),
        ("max_executions", json!(10)),
        ("executions", json!("0")),
        ("description", json!("Greets Tom.")),
    ] {
        assert_eq!(noon[field], expected, "{field}");
    }
    let shown = session.done(&["schedules", "show", "noon"]);
    for part in [
        "means          every day at 12:00",
        "runs           0/10",
        "catch-up       once",
        "overlap        allow",
        "description    Greets Tom.",
        "\nnext\n  2",
    ] {
        assert!(shown.contains(part), "lacks `{part}`: {shown}");
    }
    let as_json = session.json(&["schedules", "show", "noon", "--json"]);
    assert_eq!(as_json["next"].as_array().map(Vec::len), Some(3));
    let table = session.done(&["schedules", "next", "noon", "-n", "2"]);
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("Europe/London"), "{table}");
    let next = session.json(&["schedules", "next", "noon", "-n", "4", "--json"]);
    assert_eq!(next.as_array().map(Vec::len), Some(4));
}

#[test]
fn what_is_listed_can_be_chosen() {
    let session = with_noon();
    for (name, task) in [("night/a", "nothing"), ("night/b", "fail")] {
        session.done(&[
            "schedules",
            "create",
            name,
            "--task",
            task,
            "--rule",
            "daily 03:00",
            "--queue",
            "slow",
        ]);
    }
    session.done(&["schedules", "pause", "night/b"]);
    session.done(&["schedules", "delete", "night/a"]);
    let names = |words: &[&str]| -> Vec<String> {
        let words = [&["schedules", "list", "--json"], words].concat();
        let list = session.json(&words);
        let list = list.as_array().expect("one array");
        (list.iter())
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]), ["night/b", "noon"]);
    assert_eq!(names(&["--deleted"]), ["night/a", "night/b", "noon"]);
    assert_eq!(names(&["--state", "paused,broken"]), ["night/b"]);
    assert_eq!(names(&["--task", "GreetSomebody"]), ["noon"]);
    assert_eq!(names(&["--queue", "slow"]), ["night/b"]);
    assert_eq!(
        names(&["--queue", "default"]),
        [] as [&str; 0],
        "nobody has declared its task"
    );
    assert_eq!(names(&["--name", "*oo*"]), ["noon"]);
    assert_eq!(names(&["--source", "code"]), [] as [&str; 0]);
    let deleted = session.done(&["schedules", "list", "--deleted"]);
    assert!(deleted.contains("active (deleted)"), "{deleted}");
}

#[test]
fn one_job_is_run_by_hand_and_a_range_is_made_good_once() {
    let session = with_noon();
    let said = session.done(&["schedules", "run", "noon"]);
    assert!(
        said.starts_with("job 1 (") && said.ends_with(") queued\n"),
        "{said}"
    );
    let run = session.json(&["schedules", "run", "noon", "--json"]);
    assert_eq!((&run["number"], &run["new"]), (&json!(2), &json!(true)));
    let range = [
        "--from",
        "2025-03-01T00:00:00Z",
        "--to",
        "2025-03-03T23:59:59Z",
    ];
    let backfill = [&["schedules", "backfill", "noon"], &range[..]].concat();
    assert_eq!(
        session.done(&backfill),
        "3 jobs made, 0 jobs there already\n"
    );
    let again = session.json(&[&backfill[..], &["--json"]].concat());
    assert_eq!(again, json!({ "name": "noon", "made": 0, "there": 3 }));
    session.done(&["work", "--until-empty"]);
    let jobs = session.json(&["jobs", "list", "--json"]);
    let jobs = jobs.as_array().unwrap();
    assert_eq!(jobs.len(), 5);
    assert!(jobs.iter().all(|job| job["output"] == json!("Hello Tom!")));
    let noon = session.json(&["schedules", "show", "noon", "--json"]);
    assert_eq!(
        (&noon["extra_jobs"], &noon["executions"]),
        (&json!("5"), &json!("0"))
    );
    assert_eq!(noon["last_outcome"], json!("succeeded"));
    let table = session.done(&["schedules", "list", "--name", "noon"]);
    assert!(
        table.contains("OUTCOME") && table.contains("succeeded"),
        "{table}"
    );
}

#[test]
fn a_schedule_is_updated_and_its_version_compared() {
    let session = with_noon();
    let update = |words: &[&str]| {
        let words = [&["schedules", "update", "noon", "--json"], words].concat();
        session.json(&words)
    };
    let first = update(&[
        "--rule",
        "daily 13:00",
        "--gap",
        "skip",
        "--max-executions",
        "none",
    ]);
    assert_eq!(first["rule"], json!("daily 13:00 gap skip"));
    assert_eq!(first["max_executions"], json!(null));
    assert_eq!(
        first["tz"],
        json!("Europe/London"),
        "what is not given stays"
    );
    let draft = update(&[
        "--state",
        "draft",
        "--catch-up",
        "all=7",
        "--overlap",
        "skip",
    ]);
    assert_eq!(draft["state"], json!("draft"));
    assert_eq!(draft["catch_up"], json!({ "all": { "max": 7 } }));
    let version = first["version"].as_str().unwrap().to_owned();
    let stale = [
        "schedules",
        "update",
        "noon",
        "--description",
        "x",
        "--version",
        &version,
    ];
    let stale = session.run(&stale);
    assert_eq!(stale.code, Some(1), "{stale:?}");
    assert!(stale.err.contains("changed meanwhile"), "{stale:?}");
    let version = draft["version"].as_str().unwrap().to_owned();
    let active = update(&[
        "--state",
        "active",
        "--version",
        &version,
        "--queue",
        "slow",
    ]);
    assert_eq!(
        (&active["state"], &active["queue"]),
        (&json!("active"), &json!("slow"))
    );
    assert_eq!(update(&["--own-queue"])["queue"], json!(null));
}

#[test]
fn schedules_are_held_deleted_and_restored() {
    let session = with_noon();
    created(
        &session,
        &[
            "night",
            "--task",
            "nothing",
            "--rule",
            "daily 03:00",
            "--draft",
        ],
    );
    let steps: &[(&[&str], &str)] = &[
        (&["pause", "noon"], "schedule `noon` is paused\n"),
        (&["resume", "noon"], "schedule `noon` goes on\n"),
        (
            &["delete", "noon", "night"],
            "schedule `noon` is deleted\nschedule `night` is deleted\n",
        ),
        (&["restore", "noon"], "schedule `noon` is restored\n"),
        (
            &["delete", "noon", "--for-good"],
            "schedule `noon` is deleted for good\n",
        ),
    ];
    for (words, expected) in steps {
        let words = [&["schedules"], *words].concat();
        assert_eq!(session.done(&words), *expected, "{words:?}");
    }
    let restored = session.json(&["schedules", "restore", "night", "--json"]);
    assert_eq!(
        restored[0]["state"],
        json!("draft"),
        "one array: {restored}"
    );
    let failures: &[(&[&str], &str)] = &[
        (
            &["pause", "night"],
            "schedule `night` is draft and cannot be paused",
        ),
        (
            &["restore", "night"],
            "schedule `night` is not deleted and cannot be restored",
        ),
        (
            &["run", "nigth"],
            "no schedule `nigth` is in the store: did you mean `night`?",
        ),
        (&["show", "noon"], "no schedule `noon` is in the store"),
        (&["next", "noon"], "no schedule `noon` is in the store"),
        (&["delete", "noon"], "no schedule `noon` is in the store"),
        (
            &["create", "night", "--task", "nothing", "--rule", "hourly"],
            "schedule `night`: a schedule has this name already",
        ),
        (
            &["create", "x", "--task", "nothign", "--rule", "hourly"],
            "no task `nothign` is known: did you mean `nothing`?",
        ),
    ];
    for (words, expected) in failures {
        let words = [&["schedules"], *words].concat();
        let ended = session.run(&words);
        assert_eq!(ended.code, Some(1), "{words:?}: {ended:?}");
        let expected = format!("error: {expected}");
        assert!(ended.err.starts_with(&expected), "{words:?}: {ended:?}");
    }
}

/// Q-24, D-53: wrong usage is exit code 2, told before a store is opened.
#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let session = Session::new();
    let create = ["schedules", "create", "x", "--task", "nothing"];
    let with_rule = |more: &[&'static str]| [&["--rule", "daily 12:00"], more].concat();
    let cases: &[(Vec<&str>, &str)] = &[
        (vec![], "--rule"),
        (vec!["--rule", "61 * * * *"], "61"),
        (vec!["--rule", "daily 25:00"], "hour"),
        (
            with_rule(&["--tz", "Europe/Lodnon"]),
            "did you mean `Europe/London`?",
        ),
        (with_rule(&["--tz", ""]), "a time zone is missing"),
        (with_rule(&["--params", "{a"]), "this is not JSON"),
        (with_rule(&["--params", "plain"]), "this is not JSON"),
        (with_rule(&["--params", "[]"]), "params are a JSON object"),
        (with_rule(&["--start", "tomorrow"]), "2026-03-01T09:00:00Z"),
        (with_rule(&["--max-executions", "0"]), "at least 1"),
        (with_rule(&["--catch-up", "some"]), "`once`"),
        (with_rule(&["--overlap", "some"]), "`allow`"),
        (with_rule(&["--gap", "some"]), "gap skip"),
        (with_rule(&["--fold", "some"]), "fold first"),
        (
            vec!["--rule", "TZ=Asia/Tokyo daily 12:00", "--tz", "UTC"],
            "leave one of them out",
        ),
        (vec!["--rule", "every 5m", "--gap", "skip"], "gap"),
    ];
    for (more, expected) in cases {
        let words = [&create[..], &more[..]].concat();
        let ended = session.run(&words);
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(
            ended.err.contains(expected) && ended.err.contains("Usage:"),
            "{words:?} lacks `{expected}`: {ended:?}"
        );
    }
    let without_range = session.run(&["schedules", "backfill", "x"]);
    assert_eq!(without_range.code, Some(2), "{without_range:?}");
    let left: Vec<_> = std::fs::read_dir(session.folder()).unwrap().collect();
    assert!(left.is_empty(), "no store was opened: {left:?}");
}

#[test]
fn help_tells_what_can_be_done() {
    let session = Session::new();
    let help = session.done(&["schedules", "--help"]);
    for verb in [
        "list", "show", "next", "create", "update", "pause", "resume", "delete", "restore", "run",
        "backfill",
    ] {
        assert!(
            help.contains(&format!("\n  {verb} ")),
            "lacks `{verb}`: {help}"
        );
    }
    let help = session.done(&["schedules", "create", "--help"]);
    for flag in [
        "--task",
        "--rule",
        "--tz",
        "--params",
        "--queue",
        "--start",
        "--end",
        "--max-executions",
        "--catch-up",
        "--overlap",
        "--gap",
        "--fold",
        "--draft",
    ] {
        assert!(help.contains(flag), "lacks `{flag}`: {help}");
    }
}
