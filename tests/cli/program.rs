//! A program with a few tasks, as `cli` starts it. Its tasks are written out by hand, so that what the command
//! line makes of a definition is tested apart from what the macros make of a function.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use tasker::__private::{Backoff, Program, Registration, inventory, main as run_main};
use tasker::{
    App, Call, CallError, CatchUp, Fields, Output, Overlap, ParamDefinition, ParamError, Params,
    ScheduleDefinition, Shape, State, States, Task, TaskDefinition,
};

/// What `slow` does between two looks at its token.
struct Patience(Duration);

const fn param(
    name: &'static str,
    description: &'static str,
    shape: fn() -> Shape,
) -> ParamDefinition {
    ParamDefinition {
        name,
        description,
        flag: name,
        short: None,
        default: None,
        required: false,
        shape,
    }
}

type Run = fn(Call) -> tasker::BoxFuture<'static, Result<Output, CallError>>;

const fn task(
    alias: &'static str,
    title: &'static str,
    params: &'static [ParamDefinition],
    run: Run,
) -> TaskDefinition {
    TaskDefinition {
        alias,
        title,
        description: "",
        queue: "default",
        priority: 0,
        max_attempts: Some(1),
        backoff: Backoff::DEFAULT,
        timeout: None,
        tags: &[],
        params,
        schedules: &[],
        blocking: false,
        run,
        check: |_| Ok(()),
        render: |_| None,
        missing: |_| Vec::new(),
        origin: "tasker-tests",
        file: file!(),
        line: line!(),
    }
}

fn text(text: String) -> Output {
    Output {
        json: Some(Value::String(text.clone()).to_string()),
        text: Some(text),
    }
}

static GREET: TaskDefinition = TaskDefinition {
    description: "Politely, and as often as it takes.",
    check: |fields| greeting(&fields).map(|_| ()),
    schedules: &[ScheduleDefinition {
        name: None,
        rule: "daily 12:00",
        tz: Some("Europe/London"),
        catch_up: CatchUp::Once,
        overlap: Overlap::Allow,
        params: || Ok(Fields::new()),
    }],
    ..task(
        "greet-somebody",
        "Greet somebody",
        &[
            ParamDefinition {
                default: Some("World"),
                ..param("name", "Whom to greet.", || Shape::String)
            },
            ParamDefinition {
                short: Some('n'),
                default: Some("1"),
                ..param("times", "How many times.", || Shape::Integer("u8"))
            },
            param("loud", "Whether to shout.", || Shape::Bool),
            param("tags", "What to add.", || {
                Shape::List(Box::new(Shape::String))
            }),
        ],
        |call| {
            Box::pin(async move {
                call.context.info("greeting");
                greeting(&call.params).map(text).map_err(CallError::Params)
            })
        },
    )
};

fn greeting(fields: &Fields) -> Result<String, ParamError> {
    let name = fields.get("name").map_or(Some("World"), Value::as_str);
    let name = name.ok_or_else(|| ParamError::new("name", "is no text"))?;
    let times = fields.get("times").and_then(Value::as_u64).unwrap_or(1);
    let mut text = vec![format!("Hello {name}!"); times as usize].join(" ");
    for tag in fields
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        text.push_str(&format!(" [{}]", tag.as_str().unwrap_or("?")));
    }
    Ok(match fields.get("loud") {
        Some(Value::Bool(true)) => text.to_uppercase(),
        _ => text,
    })
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the number could not be read")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

static FAIL: TaskDefinition = task("fail", "Fail", &[], |_| {
    Box::pin(async {
        let error = "twelve".parse::<u8>().expect_err("it is no number");
        Err(CallError::Handler(Box::new(Outer(error))))
    })
});

static PANIC: TaskDefinition = task("panic", "Panic", &[], |_| {
    Box::pin(async { panic!("no luck") })
});

static SHAPE: TaskDefinition = task("measure", "Return a struct", &[], |_| {
    Box::pin(async {
        let json = serde_json::json!({ "width": 2, "height": 3 });
        Ok(Output {
            json: Some(json.to_string()),
            text: Some(format!("{json:#}")),
        })
    })
});

static NOTHING: TaskDefinition = task("nothing", "Return nothing", &[], |_| {
    Box::pin(async { Ok(Output::default()) })
});

static LATE: TaskDefinition = TaskDefinition {
    timeout: Some(Duration::from_millis(20)),
    ..task("forever", "Take for ever", &[], |_| {
        Box::pin(async { std::future::pending().await })
    })
};

static SLOW: TaskDefinition = TaskDefinition {
    missing: |states| match states.contains::<Patience>() {
        true => Vec::new(),
        false => vec!["no `State<Patience>` was given".into()],
    },
    ..task(
        "slow",
        "Wait to be told to end",
        &[param("deaf", "Whether not to listen.", || Shape::Bool)],
        |call| {
            Box::pin(async move {
                let patience: State<Patience> =
                    call.context.state().await.map_err(CallError::Inject)?;
                println!("started");
                std::io::stdout()
                    .flush()
                    .map_err(|error| CallError::Handler(error.into()))?;
                let is_deaf = call.params.get("deaf") == Some(&Value::Bool(true));
                call.context.cancelled().await;
                if is_deaf {
                    println!("not listening");
                    std::future::pending::<()>().await;
                }
                Ok(text(format!("ended within {:?}", patience.0)))
            })
        },
    )
};

inventory::submit! { Registration { definition: &GREET } }
inventory::submit! { Registration { definition: &FAIL } }
inventory::submit! { Registration { definition: &PANIC } }
inventory::submit! { Registration { definition: &SHAPE } }
inventory::submit! { Registration { definition: &NOTHING } }
inventory::submit! { Registration { definition: &LATE } }
inventory::submit! { Registration { definition: &SLOW } }

/// Known only once `main` has registered it.
struct Extra;

struct NoParams;

impl Params for NoParams {
    fn encode(&self) -> Result<Fields, ParamError> {
        Ok(Fields::new())
    }

    fn decode(_: Fields) -> Result<Self, ParamError> {
        Ok(Self)
    }
}

static EXTRA: TaskDefinition = task("extra", "Registered by hand", &[], |_| {
    Box::pin(async { Ok(text("by hand".into())) })
});

impl Task for Extra {
    type Params = NoParams;
    type Output = String;

    fn definition() -> &'static TaskDefinition {
        &EXTRA
    }
}

async fn body(app: App) -> anyhow::Result<()> {
    if std::env::var_os("PROGRAM_NEEDS").is_some() {
        anyhow::bail!("PROGRAM_NEEDS is set");
    }
    let mut app = app.task::<Extra>().concurrency(2);
    if std::env::var_os("PROGRAM_STATELESS").is_none() {
        app =
            app.state_with(|| async { Ok::<_, std::io::Error>(Patience(Duration::from_secs(1))) });
    }
    if std::env::var_os("PROGRAM_FORGETS").is_some() {
        return Ok(());
    }
    let ended = app.run().await;
    if std::env::var_os("PROGRAM_SWALLOWS").is_some() {
        return Ok(());
    }
    Ok(ended?)
}

fn main() -> ExitCode {
    // What a handler misses is told by the definition, which is asked with these.
    debug_assert!(!States::default().contains::<Patience>());
    let tasks: &[&str] = match std::env::var_os("PROGRAM_EXPECTS_BILLING") {
        Some(_) => &["tasker_tests", "billing"],
        None => &["tasker_tests"],
    };
    let program = Program {
        name: "cli-program",
        version: "1.2.3",
        about: "A program to be tested",
        tasks,
    };
    run_main(program, body)
}
