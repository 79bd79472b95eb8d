//! The parsing of whole command lines, against tasks written by hand.

use std::ffi::OsString;
use std::time::Duration;

use proptest::prelude::{prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{Action, Invocation, Program, Stop, parse};
use crate::__private::Backoff;
use crate::task::{Fields, Output, ParamDefinition, ParamError, Registry, Shape, TaskDefinition};

const PROGRAM: Program = Program {
    name: "app",
    version: "1.2.3",
    about: "An application",
    tasks: &[],
};

const fn param(name: &'static str, shape: fn() -> Shape) -> ParamDefinition {
    ParamDefinition {
        name,
        description: "",
        flag: name,
        short: None,
        default: None,
        required: false,
        shape,
    }
}

static EVERYTHING: &[ParamDefinition] = &[
    ParamDefinition {
        description: "Whom to greet.",
        default: Some("\"World\""),
        ..param("name", || Shape::String)
    },
    ParamDefinition {
        short: Some('n'),
        flag: "how-many",
        ..param("times", || Shape::Integer("u8"))
    },
    param("offset", || Shape::Option(Box::new(Shape::Integer("i32")))),
    param("force", || Shape::Bool),
    ParamDefinition {
        short: Some('v'),
        ..param("verbose", || Shape::Bool)
    },
    param("tags", || Shape::List(Box::new(Shape::String))),
    param("color", || Shape::Choice(vec!["red", "blue"])),
    param("address", || Shape::Struct(vec![("street", Shape::String)])),
    param("ratio", || Shape::Float),
    // Names that our own options have, too.
    param("queue", || Shape::String),
];

static ONE_REQUIRED: &[ParamDefinition] = &[ParamDefinition {
    required: true,
    ..param("to", || Shape::String)
}];

/// As generated code would check it: `name` may not be empty, and what is an object has a `street`.
fn check(fields: Fields) -> Result<Fields, ParamError> {
    match (fields.get("name"), fields.get("address")) {
        (Some(Value::String(name)), _) if name.is_empty() => {
            Err(ParamError::new("name", "may not be empty"))
        }
        (_, Some(address)) if address.get("street").is_none() => {
            Err(ParamError::new("address.street", "is missing"))
        }
        _ => Ok(fields),
    }
}

const fn task(alias: &'static str, params: &'static [ParamDefinition]) -> TaskDefinition {
    TaskDefinition {
        alias,
        title: "Greet somebody",
        description: "In several words.",
        queue: "default",
        priority: 0,
        max_attempts: Some(4),
        backoff: Backoff::DEFAULT,
        timeout: None,
        tags: &[],
        unique: None,
        params,
        schedules: &[],
        blocking: false,
        run: |_| Box::pin(async { Ok(Output::default()) }),
        check,
        render: |_| None,
        missing: |_| Vec::new(),
        origin: "my-tasks",
        file: "src/tasks.rs",
        line: 7,
    }
}

static GREET: TaskDefinition = task("greet-all", EVERYTHING);
static MAIL: TaskDefinition = task("send-mail", ONE_REQUIRED);
static PING: TaskDefinition = task("ping", &[]);

fn registry() -> Registry {
    let mut registry = Registry::default();
    for task in [&GREET, &MAIL, &PING] {
        registry.insert(task).expect("the aliases differ");
    }
    registry
}

fn read(words: &[&str]) -> Result<Invocation, Stop> {
    let argv = ["/usr/bin/app"].iter().chain(words).map(OsString::from);
    parse(&PROGRAM, &registry(), argv.collect())
}

/// The alias and the params of a task's command line.
fn params(words: &[&str]) -> (&'static str, Value) {
    match read(words).map(|invocation| invocation.action) {
        Ok(Action::Task(call)) => (call.task.alias, Value::Object(call.params)),
        other => panic!("{words:?}: {other:?}"),
    }
}

/// The exit code and what is said.
fn refusal(words: &[&str]) -> (i32, String) {
    match read(words) {
        Err(Stop::Said(said) | Stop::Unknown(said)) => {
            (said.exit_code(), said.render().to_string())
        }
        Ok(invocation) => panic!("{words:?} was taken: {invocation:?}"),
    }
}

#[test]
fn words_become_params() {
    let cases: &[(&[&str], Value)] = &[
        (&[], json!({})),
        (&["--name", "Tom Jones"], json!({"name": "Tom Jones"})),
        (&["--name=Tom Jones"], json!({"name": "Tom Jones"})),
        (
            &["--name=http://x?a=1&b=2"],
            json!({"name": "http://x?a=1&b=2"}),
        ),
        (&["--name="], json!({"name": ""})),
        (&["--name==x"], json!({"name": "=x"})),
        (&["--name=--force"], json!({"name": "--force"})),
        (&["--name", "-5"], json!({"name": "-5"})),
        (&["--how-many", "7"], json!({"times": 7})),
        (
            &["--how-many=7", "--force"],
            json!({"times": 7, "force": true}),
        ),
        (&["-n7", "-v"], json!({"times": 7, "verbose": true})),
        (&["-vn", "7"], json!({"times": 7, "verbose": true})),
        (&["--how-many", "7", "--how-many", "8"], json!({"times": 8})),
        (&["--offset", "-5"], json!({"offset": -5})),
        (&["--offset=-5"], json!({"offset": -5})),
        (&["--ratio", "-0.5"], json!({"ratio": -0.5})),
        (&["--force"], json!({"force": true})),
        (&["--force=true"], json!({"force": true})),
        (&["--force=false"], json!({"force": false})),
        (&["--force", "--force=false"], json!({"force": false})),
        (
            &["--force", "--name", "x"],
            json!({"force": true, "name": "x"}),
        ),
        (&["--tags", "a,b,c"], json!({"tags": ["a", "b", "c"]})),
        (
            &["--tags", "a", "--tags", "b", "--tags", "c"],
            json!({"tags": ["a", "b", "c"]}),
        ),
        (&["--tags", "a"], json!({"tags": ["a"]})),
        (&["--tags=a,b", "--tags=c"], json!({"tags": ["a,b", "c"]})),
        (&["--tags", r#"["a,b"]"#], json!({"tags": ["a,b"]})),
        (&["--color", "blue"], json!({"color": "blue"})),
        (
            &["--address", r#"{"street":"x"}"#],
            json!({"address": {"street": "x"}}),
        ),
        (&["--queue", "mine"], json!({"queue": "mine"})),
        (
            &["--params", r#"{"name":"a","times":3}"#],
            json!({"name": "a", "times": 3}),
        ),
        (
            &["--params", r#"{"name":"a","times":3}"#, "-n4"],
            json!({"name": "a", "times": 4}),
        ),
        (&["--json", "--name", "x"], json!({"name": "x"})),
        (&["--name", "x", "--"], json!({"name": "x"})),
    ];
    for (words, expected) in cases {
        for front in [&["greet-all"][..], &["run", "greet-all"]] {
            let words = [front, *words].concat();
            let expected = ("greet-all", {
                let mut expected = expected.clone();
                // What the task refuses is another test's.
                if expected["name"] == json!("") {
                    expected = json!("refused");
                }
                expected
            });
            if expected.1 == json!("refused") {
                assert_eq!(refusal(&words).0, 2, "{words:?}");
            } else {
                assert_eq!(params(&words), expected, "{words:?}");
            }
        }
    }
}

#[test]
fn an_alias_is_found_in_any_spelling() {
    for spelling in ["greet-all", "greet_all", "GreetAll", "GREETALL"] {
        assert_eq!(params(&[spelling]).0, "greet-all");
        assert_eq!(params(&["run", spelling]).0, "greet-all");
        assert_eq!(
            params(&["--json", "--database-url", "memory:", spelling]).0,
            "greet-all"
        );
    }
}

#[test]
fn wrong_usage_is_exit_2_with_the_usage() {
    let cases: &[(&[&str], &str)] = &[
        (&["greet-all", "stray"], "unexpected argument 'stray'"),
        (
            &["greet-all", "--force", "false"],
            "unexpected argument 'false'",
        ),
        (&["greet-all", "--", "stray"], "unexpected argument 'stray'"),
        (&["greet-all", "--nmae", "x"], "'--name'"),
        (&["greet-all", "--name"], "a value is required"),
        (&["greet-all", "--name", "--force"], "a value is required"),
        (&["greet-all", "-n", "300"], "from 0 to 255"),
        (
            &["greet-all", "-n", "x"],
            "invalid value 'x' for '--how-many'",
        ),
        (&["greet-all", "--force=maybe"], "`true` or `false`"),
        (&["greet-all", "--color", "green"], "red, blue"),
        (&["greet-all", "--address", "[]"], "a JSON object"),
        (
            &["greet-all", "--address", "{}"],
            "'--address' (at `street`): is missing",
        ),
        (&["greet-all", "--name="], "'--name': may not be empty"),
        (
            &["greet-all", "--params", "[1]"],
            "'--params' takes a JSON object",
        ),
        (&["greet-all", "--params", "{"], "not JSON"),
        (
            &["greet-all", "--params", r#"{"nam":1}"#],
            "did you mean `name`",
        ),
        (&["greet-all", "--in", "5m"], "--enqueue"),
        (
            &[
                "greet-all",
                "--enqueue",
                "--in",
                "5m",
                "--at",
                "2026-01-01T00:00:00Z",
            ],
            "cannot be used with",
        ),
        (
            &["greet-all", "--enqueue", "--at", "tomorrow"],
            "write it as",
        ),
        (&["send-mail"], "--to"),
        (&["send-mail", "--params", "{}"], "'--to'"),
        (&["run", "send-mail"], "--to"),
        (&["ping", "--name", "x"], "unexpected argument '--name'"),
        (&["gret-all"], "did you mean `greet-all`?"),
        (&["run", "pong"], "did you mean `ping`?"),
        (&["lst"], "did you mean `list`?"),
        (&["xyzzy"], "no task or command `xyzzy`"),
        (&["jobs", "show", "first"], "its number"),
        (&["jobs", "list", "--state", "done"], "not a job state"),
        (&["work", "--queues", "mail=0"], "1 or more"),
        (&["--json"], "requires a subcommand"),
    ];
    for (words, part) in cases {
        let (code, said) = refusal(words);
        assert_eq!(code, 2, "{words:?}: {said}");
        assert!(said.contains(part), "{words:?}: {said}");
        assert!(said.contains("Usage: app"), "{words:?}: {said}");
    }
}

#[test]
fn wrong_usage_of_a_task_shows_that_tasks_usage() {
    for words in [
        ["greet-all", "--color", "green"],
        ["greet-all", "-n", "300"],
    ] {
        let (_, said) = refusal(&words);
        assert!(said.contains("Usage: app greet-all [OPTIONS]"), "{said}");
    }
    let (_, said) = refusal(&["run", "greet-all", "-n", "300"]);
    assert!(
        said.contains("Usage: app run greet-all [OPTIONS]"),
        "{said}"
    );
}

#[test]
fn nothing_typed_is_wrong_usage_with_the_help() {
    let (code, said) = refusal(&[]);
    assert_eq!(code, 2);
    for part in ["Tasks:", "greet-all", "Greet somebody", "Commands:", "work"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn help_and_version_are_exit_0() {
    for words in [["--help"], ["-h"], ["help"]] {
        let (code, said) = refusal(&words);
        assert_eq!(code, 0);
        assert!(
            said.contains("An application") && said.contains("send-mail"),
            "{said}"
        );
    }
    assert_eq!(refusal(&["--version"]), (0, "app 1.2.3\n".into()));
}

#[test]
fn a_tasks_help_is_made_of_its_documentation() {
    for words in [
        &["greet-all", "--help"][..],
        &["help", "greet_all"],
        &["run", "greet-all", "--help"],
    ] {
        let (code, said) = refusal(words);
        assert_eq!(code, 0);
        for part in [
            "Greet somebody",
            "In several words.",
            "Whom to greet. [default: \"World\"]",
            "-n, --how-many <HOW_MANY>",
            "--force[=<true|false>]",
            "[possible values: red, blue]",
            "--enqueue",
            "a JSON array",
        ] {
            assert!(said.contains(part), "{words:?} lacks {part}: {said}");
        }
    }
    // Without documentation of its own, a list's rules come first.
    let (_, said) = refusal(&["greet-all", "--help"]);
    assert!(said.contains("--tags <TAGS>\n          A list:"), "{said}");
    let (_, said) = refusal(&["send-mail", "--help"]);
    assert!(
        said.contains("Usage: app send-mail [OPTIONS] --to <TO>"),
        "{said}"
    );
    assert!(
        said.contains("--queue") && said.contains("--priority"),
        "{said}"
    );
}

#[test]
fn options_of_enqueueing_are_read() {
    let words = [
        "send-mail",
        "--to",
        "a",
        "--enqueue",
        "--in",
        "5m",
        "--queue",
        "bulk",
        "--priority",
        "-3",
    ];
    let Ok(Action::Task(call)) = read(&words).map(|invocation| invocation.action) else {
        panic!("it is a task");
    };
    let options = call.enqueue.expect("it was said");
    assert_eq!(options.delay, Some(Duration::from_secs(300)));
    assert_eq!(options.queue.as_deref(), Some("bulk"));
    assert_eq!(options.priority, Some(-3));
    assert_eq!(options.at, None);
}

#[test]
fn global_options_stand_anywhere() {
    for words in [
        ["--database-url", "memory:", "jobs", "list"],
        ["jobs", "--database-url", "memory:", "list"],
        ["jobs", "list", "--database-url", "memory:"],
    ] {
        let invocation = read(&words).expect("it is right");
        assert_eq!(
            invocation.database_url.as_deref(),
            Some("memory:"),
            "{words:?}"
        );
        assert!(!invocation.json);
    }
    assert!(read(&["--json", "jobs", "list"]).expect("it is right").json);
}

#[test]
fn the_whole_tree_is_sound() {
    let face = super::Face {
        name: "app",
        version: "1",
        about: "",
    };
    super::tree::build(&face, &registry(), super::Detail::Full).debug_assert();
}

proptest! {
    #[test]
    fn everything_after_the_first_equals_sign_is_the_value(value in "[^\0]+") {
        let word = format!("--name={value}");
        let expected = ("greet-all", json!({ "name": value }));
        prop_assert_eq!(params(&["greet-all", &word]), expected);
    }

    #[test]
    fn a_word_of_its_own_is_the_same_value(value in "[^\0-][^\0]*") {
        let apart = params(&["greet-all", "--name", &value]);
        prop_assert_eq!(apart, params(&["greet-all", &format!("--name={value}")]));
    }
}
