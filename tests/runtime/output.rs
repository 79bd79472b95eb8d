//! What a handler returns, as stored and in words.

use std::fmt;

use serde::{Deserialize, Serialize};
use tasker::{Task as _, task};

#[derive(Serialize, Deserialize)]
struct Report {
    lines: u8,
}

#[derive(Serialize, Deserialize)]
struct Spoken(u8);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in words", self.0)
    }
}

#[task]
async fn make_report() -> Result<Report, fmt::Error> {
    Ok(Report { lines: 3 })
}

#[task]
fn speak() -> Result<Spoken, fmt::Error> {
    Ok(Spoken(4))
}

#[task]
async fn text() -> Result<String, fmt::Error> {
    Ok("two\nlines".into())
}

#[task]
async fn silent() {}

#[task]
async fn fails() -> Result<(), fmt::Error> {
    Err(fmt::Error)
}

#[task]
fn panics() {
    panic!("on purpose");
}

#[test]
fn a_stored_output_is_shown_where_its_type_has_words() {
    assert_eq!((MakeReport::definition().render)(r#"{"lines":3}"#), None);
    assert_eq!(
        (Speak::definition().render)("4").as_deref(),
        Some("4 in words")
    );
    assert_eq!((Speak::definition().render)("\"no number\""), None);
    assert_eq!(
        (Text::definition().render)(r#""two\nlines""#).as_deref(),
        Some("two\nlines")
    );
    assert_eq!((Silent::definition().render)("null"), None);
}

#[tokio::test]
async fn an_error_comes_back_with_its_task_and_its_cause() {
    let error = Fails::run().await.expect_err("it fails");
    assert_eq!(error.to_string(), "task `fails` failed");
    let cause = std::error::Error::source(&error).expect("there is a cause");
    assert!(cause.is::<fmt::Error>(), "{cause:?}");
}

#[tokio::test]
async fn a_panic_of_a_plain_function_comes_back_with_its_place() {
    let error = Panics::run().await.expect_err("it panics");
    let cause = std::error::Error::source(&error).expect("there is a cause");
    let cause = cause.to_string();
    assert!(
        cause.contains("output.rs") && cause.contains("on purpose"),
        "{cause}"
    );
}
