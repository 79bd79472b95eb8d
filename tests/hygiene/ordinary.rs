//! Tasks as people write them: every kind of parameter, injected value and return type.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tasker::{Context, State, Task as _, task};

/// Greet somebody.
///
/// At length.
#[task(alias = "hello")]
pub(crate) async fn hello(
    /// Whom to greet.
    #[param(default = "World")]
    name: String,
    /// How many times.
    #[param(default = 1, short = 'n')]
    times: u32,
) -> anyhow::Result<String> {
    Ok(format!("Hello {name}! ").repeat(times as usize))
}

#[task]
async fn ping() {}

#[task]
fn add_up(numbers: &[i64], offset: Option<i64>) -> Result<i64, std::io::Error> {
    Ok(numbers.iter().sum::<i64>() + offset.unwrap_or_default())
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Address {
    street: String,
    tags: BTreeMap<String, u8>,
}

struct Mailer(&'static str);

#[task(queue = "mail", max_attempts = unlimited, priority = -3, tags = ["a", "b"])]
async fn send_mail(
    ctx: Context,
    mailer: State<Mailer>,
    to: &str,
    file: &Path,
    address: &Address,
    other: Address,
    flag: bool,
    #[param(default)] r#type: String,
    #[param(default = ["x", "y"])] names: Vec<String>,
    copies: Vec<PathBuf>,
    #[param(default = 5)] limit: Option<u8>,
) -> Result<Vec<String>, String> {
    ctx.progress(1, 2);
    Ok(vec![
        format!(
            "{} {to} {} {} {flag}",
            mailer.0,
            file.display(),
            address.street
        ),
        format!(
            "{} {type} {} {} {limit:?}",
            other.street,
            names.join("+"),
            copies.len()
        ),
    ])
}

#[tokio::test]
async fn a_task_runs_in_place_and_stays_a_function() {
    assert_eq!(
        hello("Tom".into(), 2).await.expect("runs"),
        "Hello Tom! Hello Tom! "
    );
    let text = Hello::run(HelloParams::new().name("Tom").times(1)).await;
    assert_eq!(text.expect("runs"), "Hello Tom! ");
    Ping::run().await.expect("runs");
    let sum = AddUp::run(AddUp::params().numbers([1, 2, 3]).offset(4)).await;
    assert_eq!(sum.expect("runs"), 10);
}

#[test]
fn a_definition_says_what_stands_in_the_source() {
    let task = Hello::definition();
    assert_eq!((task.alias, Hello::ALIAS), ("hello", "hello"));
    assert_eq!(
        (task.title, task.description),
        ("Greet somebody", "At length.")
    );
    assert_eq!(task.params[1].short, Some('n'));
    assert_eq!(task.params[1].default, Some("1"));
    assert_eq!(task.params[0].default, Some("World"));
    assert_eq!(task.origin, "tasker-tests");
    let task = SendMail::definition();
    assert_eq!(
        (task.queue, task.priority, task.max_attempts),
        ("mail", -3, None)
    );
    assert_eq!(task.tags, ["a", "b"]);
    let required: Vec<_> = task
        .params
        .iter()
        .filter(|param| param.required)
        .map(|param| param.name)
        .collect();
    assert_eq!(required, ["to", "file", "address", "other"]);
    let missing = (task.missing)(&tasker::States::default());
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("Mailer"), "{missing:?}");
}

#[tokio::test]
async fn a_missing_state_is_named_before_the_function_is_called() {
    let address = Address {
        street: "s".into(),
        tags: BTreeMap::new(),
    };
    let params = SendMailParams::new("a", "b", address.clone(), address)
        .names(["n"])
        .copies([PathBuf::new()]);
    let error = SendMail::run(params).await.expect_err("there is no mailer");
    assert!(error.to_string().contains("no `State<"), "{error}");
    let mailer = State::from(Mailer("m"));
    assert_eq!(mailer.0, "m");
}

const NIGHTLY: &str = "daily 02:30";

#[task(
    schedule = NIGHTLY,
    schedule("weekly mon,fri 09:30", name = "morning", tz = "Europe/London", catch_up = all(max = 10), overlap = skip, params(who = "early birds", limit = 3)),
    schedule("hourly", name = "one", overlap = queue_one, catch_up = all),
    schedule("hourly :30", name = "latest", catch_up = "once", overlap = "cancel_previous"),
    tz = "Europe/Berlin",
    catch_up = skip,
    overlap = skip,
    backoff = "exponential 1s..10m",
    timeout = "30s",
    derive(Clone),
)]
async fn report(#[param(default = "everybody")] who: &str, limit: Option<u32>) {
    let _ = (who, limit);
}

#[test]
fn schedules_carry_their_own_params() {
    let task = Report::definition();
    assert_eq!(task.timeout, Some(std::time::Duration::from_secs(30)));
    let [nightly, morning, one, latest] = task.schedules else {
        panic!("{:?}", task.schedules);
    };
    assert_eq!(
        (nightly.rule, nightly.name, nightly.tz),
        ("daily 02:30", None, Some("Europe/Berlin"))
    );
    assert_eq!(nightly.catch_up, tasker::CatchUp::Skip);
    let params = (nightly.params)().expect("encodes");
    assert_eq!(
        serde_json::Value::from(params),
        serde_json::json!({"who": "everybody", "limit": null})
    );
    assert_eq!(
        (morning.name, morning.tz),
        (Some("morning"), Some("Europe/London"))
    );
    assert_eq!(morning.catch_up, tasker::CatchUp::All { max: 10 });
    assert_eq!(morning.overlap, tasker::Overlap::Skip);
    assert_eq!(nightly.overlap, tasker::Overlap::Skip, "the task's");
    assert_eq!(one.overlap, tasker::Overlap::QueueOne);
    assert_eq!(one.catch_up, tasker::CatchUp::All { max: 100 });
    assert_eq!(latest.overlap, tasker::Overlap::CancelPrevious);
    assert_eq!(latest.catch_up, tasker::CatchUp::Once, "its own");
    let params = (morning.params)().expect("encodes");
    assert_eq!(
        serde_json::Value::from(params),
        serde_json::json!({"who": "early birds", "limit": 3})
    );
    let params = ReportParams::new().who("x").clone();
    assert_eq!(
        format!("{params:?}"),
        r#"ReportParams { limit: null, who: "x" }"#
    );
}
