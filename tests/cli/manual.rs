//! The application of the manual's front page, from its source to its exit codes.

use std::process::{Command, Output};

fn hello(words: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_cli-hello"))
        .args(words)
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_function_is_a_command() {
    let (code, out, err) = hello(&["hello", "--name", "Tom Jones", "-n", "2"], &[]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "Hello Tom Jones! Hello Tom Jones! \n"),
        "{err}"
    );
    let (code, out, _) = hello(&["hello", "--json"], &[]);
    assert_eq!((code, out.as_str()), (Some(0), "\"Hello World! \"\n"));
}

#[test]
fn its_help_is_its_documentation() {
    let (code, out, _) = hello(&["help", "hello"], &[]);
    assert_eq!(code, Some(0));
    for part in [
        "Greet somebody",
        "The first paragraph is the title everywhere; the rest is the description.",
        "-n, --times <TIMES>",
        "Whom to greet.",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, out, _) = hello(&["list"], &[]);
    assert!(
        out.contains("send-mail") && out.contains("daily 12:00 (next "),
        "{out}"
    );
}

#[test]
fn state_is_made_when_it_is_needed() {
    let from = [("MAIL_FROM", "a@b.c")];
    let (code, out, err) = hello(&["send-mail", "--to", "d@e.f"], &from);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("from a@b.c to d@e.f"), "{err}");
    let (code, _, err) = hello(&["send-mail", "--to", "d@e.f"], &[]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("environment variable not found"), "{err}");
    let (code, _, err) = hello(&["send-mail"], &from);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("--to <TO>"), "{err}");
}
