//! Tasks run here and now: output, exit codes, signals.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

use serde_json::json;

use crate::session::Session;

#[test]
fn a_task_runs_and_prints_what_it_returns() {
    let session = Session::new();
    let cases: &[(&[&str], &str)] = &[
        (&["greet-somebody"], "Hello World!\n"),
        (
            &["greet-somebody", "--name", "Tom Jones", "-n", "2"],
            "Hello Tom Jones! Hello Tom Jones!\n",
        ),
        (
            &["greet-somebody", "--name=Tom Jones"],
            "Hello Tom Jones!\n",
        ),
        (
            &["GreetSomebody", "--name=http://x?a=1&b=2"],
            "Hello http://x?a=1&b=2!\n",
        ),
        (&["greet_somebody", "--name", "-5"], "Hello -5!\n"),
        (&["run", "greet-somebody", "--loud"], "HELLO WORLD!\n"),
        (&["greet-somebody", "--loud=false", "--"], "Hello World!\n"),
        (
            &["greet-somebody", "--tags", "a,b"],
            "Hello World! [a] [b]\n",
        ),
        (
            &["greet-somebody", "--tags", "a", "--tags", "b,c"],
            "Hello World! [a] [b,c]\n",
        ),
        (
            &["greet-somebody", "--params", r#"{"name":"Ann"}"#, "-n2"],
            "Hello Ann! Hello Ann!\n",
        ),
        (&["greet-somebody", "--json"], "\"Hello World!\"\n"),
        (&["measure"], "{\n  \"height\": 3,\n  \"width\": 2\n}\n"),
        (&["measure", "--json"], "{\"width\":2,\"height\":3}\n"),
        (&["nothing"], ""),
        (&["nothing", "--json"], "null\n"),
    ];
    for (words, expected) in cases {
        assert_eq!(session.done(words), *expected, "{words:?}");
    }
    // An ad-hoc run opens no store.
    let left: Vec<_> = std::fs::read_dir(session.folder()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn logs_go_to_stderr_and_can_be_chosen() {
    let session = Session::new();
    let shown = session.run(&["greet-somebody"]);
    assert!(shown.err.contains("greeting"), "{shown:?}");
    assert!(!shown.err.contains('\u{1b}'), "{shown:?}");
    let hidden = session.run_with(&["greet-somebody"], &[("TASKER_LOG", "error")]);
    assert_eq!(hidden.err, "", "{hidden:?}");
    let ours = [("TASKER_LOG", "error"), ("RUST_LOG", "trace")];
    assert_eq!(session.run_with(&["greet-somebody"], &ours).err, "");
}

#[test]
fn a_failure_is_exit_1_with_the_error_and_its_causes() {
    let session = Session::new();
    let ended = session.run(&["fail"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(
        ended.err.ends_with(
            "error: task `fail` failed\n  caused by: the number could not be read\n  \
             caused by: invalid digit found in string\n"
        ),
        "{ended:?}"
    );
    let panicked = session.run(&["panic"]);
    assert_eq!(panicked.code, Some(1), "{panicked:?}");
    assert!(panicked.err.contains("caused by: panicked at") && panicked.err.contains("no luck"));
    let late = session.run(&["forever"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.err.contains("timeout of 20ms"), "{late:?}");
}

#[test]
fn the_exit_code_is_the_tasks_even_if_main_swallows_the_error() {
    let ended = Session::new().run_with(&["fail"], &[("PROGRAM_SWALLOWS", "1")]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let forgotten = Session::new().run_with(&["nothing"], &[("PROGRAM_FORGETS", "1")]);
    assert_eq!(forgotten.code, Some(1), "{forgotten:?}");
    assert!(forgotten.err.contains("app.run()"), "{forgotten:?}");
}

#[test]
fn a_missing_state_is_named_where_it_is_needed_and_only_there() {
    let stateless = [("PROGRAM_STATELESS", "1")];
    let session = Session::new();
    let slow = session.run_with(&["slow"], &stateless);
    assert_eq!(slow.code, Some(1), "{slow:?}");
    assert!(
        slow.err.contains("`slow`") && slow.err.contains("Patience>`"),
        "{slow:?}"
    );
    assert_eq!(session.run_with(&["nothing"], &stateless).code, Some(0));
    let work = session.run_with(&["work", "--until-empty"], &stateless);
    assert_eq!(work.code, Some(1), "{work:?}");
    assert!(work.err.contains("Patience>`"), "{work:?}");
}

#[test]
fn a_task_registered_by_hand_runs() {
    assert_eq!(Session::new().done(&["extra"]), "by hand\n");
    assert_eq!(
        Session::new().done(&["run", "EXTRA", "--json"]),
        "\"by hand\"\n"
    );
    let wrong = Session::new().run(&["extra", "--nonsense"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("Usage: cli-program extra"), "{wrong:?}");
    assert!(!wrong.err.contains("wrong usage"), "{wrong:?}");
}

#[test]
fn wrong_usage_is_exit_2_with_the_usage_on_stderr() {
    let session = Session::new();
    for words in [
        &["greet-somebody", "stray"][..],
        &["greet-somebody", "--nmae", "x"],
        &["greet-somebody", "-n", "300"],
        &["greet-somebody", "--loud", "false"],
        &["greet-somebody", "--loud=2"],
        &["greet-somebody", "--params", r#"{"name":5}"#],
        &["greet-somebod"],
        &["jobs"],
        &[],
    ] {
        let ended = session.run(words);
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(2), ""),
            "{words:?}: {ended:?}"
        );
        assert!(
            ended.err.contains("Usage: cli-program"),
            "{words:?}: {ended:?}"
        );
    }
    let unknown = session.run(&["greet-somebod"]);
    assert!(
        unknown.err.contains("did you mean `greet-somebody`?"),
        "{unknown:?}"
    );
}

#[test]
fn a_typing_mistake_is_told_even_where_main_cannot_start() {
    let ended = Session::new().run_with(&["gret-somebody"], &[("PROGRAM_NEEDS", "1")]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("did you mean"), "{ended:?}");
    let known = Session::new().run_with(&["nothing"], &[("PROGRAM_NEEDS", "1")]);
    assert_eq!(known.code, Some(1), "{known:?}");
    assert_eq!(known.err, "error: PROGRAM_NEEDS is set\n");
}

#[cfg(unix)]
#[test]
fn the_first_signal_asks_and_the_second_ends() {
    let session = Session::new();
    for signal in ["-INT", "-TERM"] {
        let (mut child, mut out) = start(session.command(&["slow"]));
        send(&child, signal);
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("its output");
        assert_eq!(rest, "ended within 1s\n");
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
    }
    let (mut child, mut out) = start(session.command(&["slow", "--deaf"]));
    send(&child, "-INT");
    assert_eq!(line(&mut out), "not listening\n");
    send(&child, "-INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

type Lines = BufReader<std::process::ChildStdout>;

/// Starts the program and waits until its handler says that it has started.
fn start(mut command: Command) -> (Child, Lines) {
    let mut child = command.spawn().expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    assert_eq!(line(&mut out), "started\n");
    (child, out)
}

fn line(out: &mut Lines) -> String {
    let mut line = String::new();
    out.read_line(&mut line).expect("its output");
    line
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([signal, &pid]).status();
    assert!(status.expect("kill is there").success());
}

#[test]
fn json_of_a_task_is_one_value() {
    let value = Session::new().json(&["measure", "--json"]);
    assert_eq!(value, json!({ "width": 2, "height": 3 }));
}
