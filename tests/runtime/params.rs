//! Params between Rust and JSON, across releases: what an older struct wrote, a newer one reads.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tasker::{Fields, Params as _, Shape, Task as _, task};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Address {
    lines: Vec<String>,
    number: u16,
}

#[task(derive(Clone, PartialEq))]
async fn deliver(
    to: Address,
    #[param(default = "now")] when: &str,
    #[param(name = "weight-kg", alias = "weight", alias = "kilos")] weight: f64,
    fragile: bool,
    note: Option<String>,
    labels: Vec<String>,
    #[param(default)] copies: u8,
) {
    let _ = (to, when, weight, fragile, note, labels, copies);
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

fn address() -> Address {
    Address {
        lines: vec!["Main Street".into()],
        number: 7,
    }
}

/// The path and the reason with which these params are refused.
fn refused(value: Value) -> (String, String) {
    let error = DeliverParams::decode(fields(value)).expect_err("these params do not fit");
    (error.path().to_owned(), error.reason().to_owned())
}

#[test]
fn what_is_written_is_read() {
    let params = DeliverParams::new(address(), 1.5)
        .when("later")
        .fragile(true)
        .note("ring twice")
        .labels(["a", "b"])
        .copies(3);
    let written = params.encode().expect("encodes");
    assert_eq!(
        Value::Object(written.clone()),
        json!({
            "to": {"lines": ["Main Street"], "number": 7}, "when": "later", "weight-kg": 1.5, "fragile": true,
            "note": "ring twice", "labels": ["a", "b"], "copies": 3
        })
    );
    assert!(DeliverParams::decode(written).expect("decodes") == params);
}

#[test]
fn what_is_missing_has_its_default() {
    let old = json!({"to": {"lines": [], "number": 1}, "weight-kg": 2.0});
    let params = DeliverParams::decode(fields(old)).expect("decodes");
    assert_eq!(params.when, "now");
    assert_eq!(
        (params.fragile, params.note, params.copies),
        (false, None, 0)
    );
    assert!(params.labels.is_empty());
}

#[test]
fn what_nobody_takes_any_more_is_ignored() {
    let old =
        json!({"to": {"lines": [], "number": 1, "floor": 3}, "weight-kg": 2.0, "color": "red"});
    assert!(DeliverParams::decode(fields(old)).is_ok());
}

#[test]
fn an_earlier_name_is_read_and_the_present_one_wins() {
    for name in ["weight", "kilos"] {
        let old = json!({"to": {"lines": [], "number": 1}, name: 2.0});
        let params = DeliverParams::decode(fields(old)).expect("decodes");
        assert!((params.weight - 2.0).abs() < f64::EPSILON);
    }
    let both = json!({"to": {"lines": [], "number": 1}, "weight": 2.0, "weight-kg": 3.0});
    let params = DeliverParams::decode(fields(both)).expect("decodes");
    assert!((params.weight - 3.0).abs() < f64::EPSILON);
}

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let missing = refused(json!({"weight-kg": 2.0}));
    assert_eq!(missing, ("to".to_owned(), "is missing".to_owned()));
    let (path, reason) = refused(json!({"to": {"lines": ["a", 3], "number": 1}, "weight-kg": 2.0}));
    assert_eq!(path, "to.lines[1]");
    assert!(reason.contains("expected a string"), "{reason}");
    let (path, _) = refused(json!({"to": {"lines": [], "number": 70_000}, "weight-kg": 2.0}));
    assert_eq!(path, "to.number");
    let (path, _) = refused(json!({"to": {"lines": [], "number": 1}, "weight-kg": "heavy"}));
    assert_eq!(path, "weight-kg");
    let (path, _) =
        refused(json!({"to": {"lines": [], "number": 1}, "weight-kg": 1, "labels": [null]}));
    assert_eq!(path, "labels[0]");
}

#[test]
fn the_definition_checks_without_running() {
    let task = Deliver::definition();
    assert!(
        (task.check)(fields(
            json!({"to": {"lines": [], "number": 1}, "weight-kg": 2})
        ))
        .is_ok()
    );
    let error = (task.check)(Fields::new()).expect_err("nothing is given");
    assert_eq!(error.to_string(), "param `to`: is missing");
}

#[test]
fn the_definition_tells_the_shapes() {
    let task = Deliver::definition();
    let shapes: Vec<_> = task
        .params
        .iter()
        .map(|param| (param.name, (param.shape)()))
        .collect();
    assert_eq!(shapes[2], ("weight-kg", Shape::Float));
    assert_eq!(shapes[3], ("fragile", Shape::Bool));
    assert_eq!(shapes[4], ("note", Shape::Option(Box::new(Shape::String))));
    assert_eq!(shapes[5], ("labels", Shape::List(Box::new(Shape::String))));
    assert_eq!(task.shape(), task.shape());
    assert_ne!(task.shape(), 0);
}
