//! The commands around the store: enqueueing, working, looking, changing. On the default store, a SQLite file.

use serde_json::json;

use crate::session::{Ended, Session};

#[test]
fn a_job_is_enqueued_worked_and_told() {
    let session = Session::new();
    let said = session.done(&["greet-somebody", "--name", "Tom", "--enqueue"]);
    assert!(
        said.starts_with("job 1 (") && said.ends_with(") queued\n"),
        "{said}"
    );
    assert!(session.folder().join("tasker.db").exists());
    let job = session.json(&["jobs", "show", "1", "--json"]);
    assert_eq!(job["state"], json!("queued"));
    assert_eq!(job["params"], json!({ "name": "Tom" }));

    let work = session.run(&["work", "--until-empty"]);
    assert_eq!((work.code, work.out.as_str()), (Some(0), ""), "{work:?}");

    let shown = session.done(&["jobs", "show", "1"]);
    let places: Vec<Option<usize>> = [
        "attempt 1 started",
        " greeting\n",
        " succeeded\n",
        "Hello Tom!",
    ]
    .iter()
    .map(|part| shown.rfind(part))
    .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{shown}"
    );
    let id = session.json(&["jobs", "list", "--json"])[0]["id"].clone();
    let by_id = session.json(&["--json", "jobs", "show", id.as_str().unwrap()]);
    assert_eq!(by_id["output"], json!("Hello Tom!"));
    assert_eq!(by_id["log"][1]["message"], json!("greeting"));
}

#[test]
fn an_enqueue_that_meets_another_job_says_so() {
    let session = Session::new();
    let enqueue = |words: &[&str]| {
        let words = [words, &["--enqueue"]].concat();
        let mut command = session.command_of(env!("CARGO_BIN_EXE_cli-every"), &words);
        let ended = Ended::from(command.output().expect("the program starts"));
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        ended.out
    };
    let first = enqueue(&["bill"]);
    let id = first
        .strip_prefix("job 1 (")
        .and_then(|rest| rest.strip_suffix(") queued\n"));
    let id = id.unwrap_or_else(|| panic!("it is the first: {first}"));
    // The same day by its name, and another note.
    let again = enqueue(&["bill", "--day", "today", "--note", "x"]);
    assert_eq!(again, format!("job 1 ({id}) is there already: queued\n"));
    let told: serde_json::Value = serde_json::from_str(&enqueue(&["bill", "--json"])).unwrap();
    let expected = json!({ "id": id, "number": "1", "alias": "bill", "fate": "existing" });
    assert_eq!(told, expected);
    let other = enqueue(&["bill", "--day", "tomorrow", "--json"]);
    let other: serde_json::Value = serde_json::from_str(&other).unwrap();
    assert_eq!(other["fate"], json!("new"));
    enqueue(&["index", "--in", "5m"]);
    let moved = enqueue(&["index", "--in", "10m"]);
    assert!(
        moved.ends_with(") was there and is rescheduled: scheduled\n"),
        "{moved}"
    );
}

#[test]
fn until_empty_is_exit_1_if_a_job_failed() {
    let session = Session::new();
    session.done(&["fail", "--enqueue"]);
    session.done(&["nothing", "--enqueue"]);
    let work = session.run(&["work", "--until-empty", "--json"]);
    assert_eq!(work.code, Some(1), "{work:?}");
    assert!(work.err.ends_with("error: 1 job failed\n"), "{work:?}");
    let summary: serde_json::Value = serde_json::from_str(&work.out).unwrap();
    assert_eq!(
        (&summary["succeeded"], &summary["failed"]),
        (&json!("1"), &json!("1"))
    );
    let shown = session.done(&["jobs", "show", "1"]);
    assert!(
        shown.contains("attempt 1 failed (error): the number could not be read"),
        "{shown}"
    );
    assert_eq!(session.run(&["work", "--until-empty"]).code, Some(0));
}

#[test]
fn options_of_enqueueing_reach_the_job() {
    let session = Session::new();
    let at = "2999-01-01T09:00:00Z";
    let job = session.json(&[
        "nothing",
        "--enqueue",
        "--at",
        at,
        "--queue",
        "bulk",
        "--priority",
        "-3",
        "--json",
    ]);
    assert_eq!(
        (&job["number"], &job["alias"]),
        (&json!("1"), &json!("nothing"))
    );
    let job = session.json(&["jobs", "show", "1", "--json"]);
    assert_eq!(job["state"], json!("scheduled"));
    assert_eq!(job["due_at"], json!(at));
    assert_eq!(
        (&job["queue"], &job["priority"]),
        (&json!("bulk"), &json!(-3))
    );
}

#[test]
fn jobs_are_changed_by_number() {
    let session = Session::new();
    session.done(&["nothing", "--enqueue"]);
    let steps: &[(&[&str], &str)] = &[
        (&["jobs", "pause", "1"], "job 1 is paused\n"),
        (&["jobs", "resume", "1"], "job 1 is queued\n"),
        (&["jobs", "cancel", "1"], "job 1 is canceled\n"),
        (&["jobs", "rerun", "1"], "job 1 is queued\n"),
        (&["jobs", "delete", "1"], "job 1 is deleted\n"),
    ];
    for (words, expected) in steps {
        assert_eq!(session.done(words), *expected, "{words:?}");
    }
    assert_eq!(session.json(&["jobs", "list", "--json"]), json!([]));
    assert_eq!(
        session.json(&["jobs", "list", "--deleted", "--json"])[0]["number"],
        json!("1")
    );
    let resumed = session.run(&["jobs", "resume", "1"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert_eq!(
        resumed.err,
        "error: job 1 is queued and cannot be resumed\n"
    );
    let gone = session.run(&["jobs", "cancel", "7"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(
        gone.err.starts_with("error: job 7 is not in the store"),
        "{gone:?}"
    );
}

#[test]
fn jobs_are_filtered_and_a_cut_list_says_so() {
    let session = Session::new();
    for task in ["nothing", "fail", "nothing"] {
        session.done(&[task, "--enqueue"]);
    }
    let numbers = |words: &[&str]| {
        let jobs = session.json(&[&["jobs", "list", "--json"], words].concat());
        let jobs = jobs.as_array().unwrap().clone();
        jobs.iter()
            .map(|job| job["number"].as_str().unwrap().parse::<i64>().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&[]), [3, 2, 1]);
    assert_eq!(numbers(&["--task", "NOTHING"]), [3, 1]);
    assert_eq!(
        numbers(&["--state", "failed,queued", "--limit", "2"]),
        [3, 2]
    );
    assert_eq!(numbers(&["--all", "--queue", "default"]), [3, 2, 1]);
    assert!(numbers(&["--queue", "other"]).is_empty());
    let cut = session.run(&["jobs", "list", "--limit", "2"]);
    assert!(cut.err.contains("more than these 2"), "{cut:?}");
    assert_eq!(cut.out.lines().count(), 3, "{cut:?}");
    assert_eq!(session.run(&["jobs", "list", "--limit", "3"]).err, "");
}

#[test]
fn queues_and_tasks_are_held_and_let_go() {
    let session = Session::new();
    session.done(&["nothing", "--enqueue"]);
    assert_eq!(
        session.done(&["queues", "pause", "default"]),
        "queue `default` is paused\n"
    );
    assert_eq!(
        session.json(&["queues", "list", "--json"])[0]["paused"],
        json!(true)
    );
    // What is parked does not count as left to do.
    session.done(&["work", "--until-empty"]);
    assert_eq!(
        session.json(&["jobs", "show", "1", "--json"])["state"],
        json!("queued")
    );
    session.done(&["queues", "resume", "default"]);
    session.done(&["work", "--until-empty"]);
    assert_eq!(
        session.json(&["jobs", "show", "1", "--json"])["state"],
        json!("succeeded")
    );

    assert_eq!(
        session.done(&["tasks", "disable", "nothing"]),
        "task `nothing` is disabled\n"
    );
    let refused = session.run(&["nothing", "--enqueue"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    session.done(&["tasks", "enable", "nothing"]);
    session.done(&["nothing", "--enqueue"]);
    let unknown = session.run(&["tasks", "disable", "nothin"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown.err.contains("did you mean `nothing`?"),
        "{unknown:?}"
    );
}

#[test]
fn what_a_worker_declared_is_listed() {
    let session = Session::new();
    session.done(&["work", "--until-empty"]);
    let tasks = session.json(&["tasks", "list", "--json"]);
    assert!(
        tasks
            .as_array()
            .unwrap()
            .iter()
            .any(|task| task["alias"] == "extra"),
        "{tasks}"
    );
    let schedules = session.json(&["schedules", "list", "--json"]);
    assert_eq!(schedules[0]["name"], json!("greet-somebody"));
    assert_eq!(schedules[0]["tz"], json!("Europe/London"));
    let name = "greet-somebody";
    session.done(&["schedules", "pause", name]);
    assert!(session.done(&["schedules", "list"]).contains("paused"));
    session.done(&["schedules", "resume", name]);
    let again = session.run(&["schedules", "resume", name]);
    assert_eq!(
        again.err,
        "error: schedule `greet-somebody` is active and cannot be resumed\n"
    );
    assert!(
        session
            .done(&["list", "--all", "--short"])
            .contains("extra")
    );
    let workers = session.run(&["workers", "list"]);
    assert_eq!(
        (workers.code, workers.out.as_str()),
        (Some(0), ""),
        "{workers:?}"
    );
}

#[test]
fn the_store_is_where_flag_then_environment_say() {
    let session = Session::new();
    let url = |name: &str| {
        format!(
            "sqlite://{}?mode=rwc",
            session.folder().join(name).display()
        )
    };
    let (flag, ours, general) = (url("flag.db"), url("ours.db"), url("general.db"));
    let both = [
        ("TASKER_DATABASE_URL", ours.as_str()),
        ("DATABASE_URL", general.as_str()),
    ];
    let exists = |name: &str| session.folder().join(name).exists();
    session.run_with(&["nothing", "--enqueue", "--database-url", &flag], &both);
    assert!(exists("flag.db") && !exists("ours.db"));
    session.run_with(&["nothing", "--enqueue"], &both);
    assert!(exists("ours.db") && !exists("general.db"));
    session.run_with(&["nothing", "--enqueue"], &both[1..]);
    assert!(exists("general.db") && !exists("tasker.db"));
    let wrong = session.run(&["jobs", "list", "--database-url", "ftp://x"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.err.contains("`ftp:`"), "{wrong:?}");
}

#[test]
fn the_schema_is_shown_and_brought_up_to_date() {
    let session = Session::new();
    let sql = session.done(&["migrate", "--show-sql"]);
    assert!(
        sql.contains("CREATE TABLE tasker_jobs") && sql.contains(");\n"),
        "{sql}"
    );
    assert_eq!(
        session.done(&["migrate", "up"]),
        "the schema is up to date\n"
    );
    assert_eq!(session.done(&["migrate", "--show-sql"]), "");
    assert_eq!(session.done(&["migrate"]), "the schema is up to date\n");
    let steps = session.json(&["migrate", "status", "--json"]);
    let steps = steps.as_array().unwrap();
    assert!(
        !steps.is_empty() && steps.iter().all(|step| step["applied"] == true),
        "{steps:?}"
    );
}

#[test]
fn tasks_of_another_program_are_told_and_marked() {
    let session = Session::new();
    let other = |words: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_cli-hello"))
            .args(words)
            .current_dir(session.folder())
            .env_clear()
            .output();
        assert!(
            output.expect("the other program starts").status.success(),
            "{words:?}"
        );
    };
    other(&["work", "--until-empty"]);
    other(&["hello", "--enqueue", "--in", "1h"]);
    let work = session.run(&["work", "--until-empty"]);
    assert_eq!(work.code, Some(0), "{work:?}");
    for part in [
        "jobs of task `hello`",
        "schedule `hello`",
        "crate `tasker-tests`",
    ] {
        assert!(work.err.contains(part), "{part}: {work:?}");
    }
    // Its jobs wait for that program, which the store has heard of.
    assert!(!session.done(&["jobs", "list"]).contains("unknown task"));
    let list = session.done(&["list", "--all", "--short"]);
    let hello = list
        .lines()
        .find(|line| line.starts_with("hello "))
        .unwrap_or_default();
    assert!(
        hello.contains("tasker-tests (not in this program)"),
        "{list}"
    );
    // What only the store knows is enqueued by the program that has it.
    assert_eq!(session.run(&["hello"]).code, Some(2));
}

/// Q-30, X-B4.
#[test]
fn a_job_of_a_task_that_nobody_has_is_shown_as_that() {
    let session = Session::new();
    let hello = |words: &[&str]| {
        let program = env!("CARGO_BIN_EXE_cli-hello");
        let output = session.command_of(program, words).output();
        let ended = Ended::from(output.expect("the other program starts"));
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        ended.out
    };
    hello(&["hello", "--enqueue"]);
    session.done(&["nothing", "--enqueue"]);
    let work = session.run(&["work", "--until-empty"]);
    assert_eq!(work.code, Some(0), "{work:?}");
    assert!(
        work.err.contains("unknown task `hello`: 1 queued"),
        "{work:?}"
    );
    let list = session.done(&["jobs", "list"]);
    let rows: Vec<_> = list.lines().collect();
    assert!(
        rows[1].contains("succeeded") && !rows[1].contains("unknown"),
        "{list}"
    );
    assert!(rows[2].contains("queued (unknown task)  0/4"), "{list}");
    let shown = session.done(&["jobs", "show", "1"]);
    assert!(
        shown.contains("why          unknown task: no program"),
        "{shown}"
    );
    assert!(!session.done(&["jobs", "show", "2"]).contains("unknown"));
    // The program that has it does not call it unknown, and runs it.
    assert!(!hello(&["jobs", "list"]).contains("unknown"));
    hello(&["work", "--until-empty"]);
    let job = session.json(&["jobs", "show", "1", "--json"]);
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&json!("succeeded"), &json!(1))
    );
}

#[cfg(unix)]
#[test]
fn the_second_signal_gives_running_jobs_back_at_once() {
    use std::io::{BufRead, BufReader};

    let session = Session::new();
    session.done(&["slow", "--deaf", "--enqueue"]);
    let mut child = session
        .command(&["work"])
        .spawn()
        .expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut err = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let interrupt = || {
        let pid = child.id().to_string();
        let status = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(status.expect("kill is there").success());
    };
    assert_eq!(out.next().expect("a line").expect("text"), "started");
    interrupt();
    let stopping = err.find(|line| line.as_ref().expect("text").contains("stopping"));
    assert!(stopping.is_some());
    interrupt();
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let job = session.json(&["jobs", "show", "1", "--json"]);
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&json!("queued"), &json!(0))
    );
}

#[test]
fn a_job_for_later_says_so() {
    let session = Session::new();
    let said = session.done(&["nothing", "--enqueue", "--in", "1h"]);
    assert!(said.ends_with(") scheduled\n"), "{said}");
    let said = session.done(&["nothing", "--enqueue", "--at", "2001-01-01T00:00:00Z"]);
    assert!(said.ends_with(") queued\n"), "{said}");
}
