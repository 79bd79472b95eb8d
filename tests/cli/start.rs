//! Programs that cannot start as they are, and what they say about it.

use std::process::Command;

use crate::session::{Ended, Session};

fn run(command: &mut Command) -> Ended {
    Ended::from(command.output().expect("the program starts"))
}

fn refused(program: &str, words: &[&str]) -> String {
    let session = Session::new();
    let ended = run(&mut session.command_of(program, words));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    let left: Vec<_> = std::fs::read_dir(session.folder()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    ended.err
}

/// D-29: whatever is asked of the program, also what needs no store.
#[test]
fn two_tasks_under_one_alias_are_refused_with_both_places() {
    for words in [&["list"][..], &["work"], &["--help"], &["send-mail"]] {
        let said = refused(env!("CARGO_BIN_EXE_cli-duplicate"), words);
        assert!(
            said.starts_with("error: two tasks have the alias `send"),
            "{said}"
        );
        for part in ["duplicate.rs:6", "duplicate.rs:10", "another `alias`"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

/// D-29.
#[test]
fn a_module_that_is_compiled_twice_is_called_that() {
    let said = refused(env!("CARGO_BIN_EXE_cli-twice"), &["work"]);
    for part in [
        "the alias `send-invoices`",
        "billing.rs:4 is compiled into this binary twice",
        "declare its module in one place",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.matches("billing.rs").count(), 1, "{said}");
}

#[test]
fn a_crate_named_in_the_attribute_that_brings_no_task_fails_the_start() {
    for words in [&["list"][..], &["work"]] {
        let session = Session::new();
        let mut command = session.command_of(env!("CARGO_BIN_EXE_cli-empty"), words);
        let ended = run(command.env("PROGRAM_NAMES", "1"));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        for part in [
            "no task came from `anyhow`",
            "`#[task]`",
            "take the name out",
        ] {
            assert!(ended.err.contains(part), "{part}: {ended:?}");
        }
    }
}

#[test]
fn a_program_without_a_task_says_how_to_get_one() {
    let empty = env!("CARGO_BIN_EXE_cli-empty");
    let cure = "#[tasker::main(tasks = [my_tasks])]";
    let work = refused(empty, &["work"]);
    assert!(
        work.contains("this binary contains no task") && work.contains(cure),
        "{work}"
    );
    let session = Session::new();
    for words in [&["hello"][..], &["run", "hello"]] {
        let ended = run(&mut session.command_of(empty, words));
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.err.contains(cure), "{words:?}: {ended:?}");
    }
    let list = run(&mut session.command_of(empty, &["list"]));
    assert_eq!((list.code, list.out.as_str()), (Some(0), ""), "{list:?}");
    assert!(list.err.contains(cure), "{list:?}");
}
