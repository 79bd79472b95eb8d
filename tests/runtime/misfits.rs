//! Params at their edges: what is absent, what is no value of its type, what is too large for it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tasker::{Fields, JobState, Params as _, task};
use tasker_store::{FailureKind, NewJob, Store};

use crate::harness::Bench;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shade {
    Light,
    VeryDark,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wall {
    shade: Shade,
}

/// Paint something.
#[task(derive(Clone, PartialEq), max_attempts = 1)]
async fn paint(
    shade: Shade,
    walls: Vec<Wall>,
    coats: u8,
    offset: i64,
    height: Option<u16>,
    #[param(default = 3)] doors: Option<u16>,
) -> Result<(), String> {
    let _ = (shade, walls, coats, offset);
    assert_eq!((height, doors), (None, None), "both were given as null");
    Ok(())
}

/// Good params, but for these.
fn with(changes: Value) -> Fields {
    let Value::Object(mut fields) = json!({"shade": "light", "coats": 1, "offset": 0}) else {
        unreachable!("it is an object");
    };
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object");
    };
    fields.extend(changes);
    fields
}

fn refused(changes: Value) -> (String, String) {
    let error = PaintParams::decode(with(changes)).expect_err("these do not fit");
    (error.path().to_owned(), error.reason().to_owned())
}

#[test]
fn an_option_is_none_where_it_is_null_and_its_default_where_it_is_missing() {
    let missing = PaintParams::decode(with(json!({}))).expect("decodes");
    assert_eq!((missing.height, missing.doors), (None, Some(3)));
    let null = with(json!({"height": null, "doors": null}));
    let null = PaintParams::decode(null).expect("decodes");
    assert_eq!((null.height, null.doors), (None, None));
    let given = PaintParams::decode(with(json!({"height": 65535, "doors": 0})));
    let given = given.expect("decodes");
    assert_eq!((given.height, given.doors), (Some(65_535), Some(0)));
    // What is none is written so that it is read as none.
    let written = null.encode().expect("encodes");
    assert!(PaintParams::decode(written).expect("decodes") == null);
}

#[test]
fn null_is_no_value_of_a_type_that_has_none() {
    assert_eq!(refused(json!({"coats": null})).0, "coats");
    assert_eq!(refused(json!({"shade": null})).0, "shade");
}

#[test]
fn an_unknown_variant_is_named_by_its_path_beside_those_there_are() {
    let (path, reason) = refused(json!({"shade": "pink"}));
    assert_eq!(path, "shade");
    for part in ["`pink`", "`light`", "`very-dark`"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let walls = json!({"walls": [{"shade": "very-dark"}, {"shade": "VeryDark"}]});
    let (path, reason) = refused(walls);
    assert_eq!(path, "walls[1].shade");
    assert!(reason.contains("`VeryDark`"), "{reason}");
}

#[test]
fn a_number_that_does_not_fit_is_refused_and_never_cut() {
    for (changes, path) in [
        (json!({"coats": 256}), "coats"),
        (json!({"coats": -1}), "coats"),
        (json!({"coats": 1.5}), "coats"),
        (json!({"offset": 9_223_372_036_854_775_808_u64}), "offset"),
        (json!({"offset": 1e300}), "offset"),
        (json!({"height": 65_536}), "height"),
    ] {
        assert_eq!(refused(changes.clone()).0, path, "{changes}");
    }
    let edges = with(json!({"coats": 255, "offset": i64::MIN}));
    let edges = PaintParams::decode(edges).expect("decodes");
    assert_eq!((edges.coats, edges.offset), (255, i64::MIN));
}

/// X-B6: the same as a job, whose params stay as they are.
#[tokio::test]
async fn a_job_whose_params_do_not_fit_fails_by_path_and_keeps_them() {
    let bench = Bench::new().await;
    let texts = [
        r#"{"shade":"pink","coats":1,"offset":0}"#,
        r#"{"shade":"light","coats":256,"offset":0}"#,
        r#"{"shade":"light","coats":1,"offset":0,"doors":null}"#,
    ];
    let jobs = texts.map(|text| NewJob {
        max_attempts: Some(1),
        ..NewJob::new("paint", text)
    });
    let ids = jobs.each_ref().map(|job| job.id);
    bench.store.enqueue(jobs.to_vec()).await.unwrap();
    bench.drain().await;
    for (index, path) in [(0, "`shade`"), (1, "`coats`")] {
        let row = bench.tasker.jobs().get(ids[index]).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.params.as_str()),
            (JobState::Failed, texts[index])
        );
        let error = row.error.unwrap();
        assert!(error.contains(path), "{error}");
        let attempts = bench.tasker.jobs().attempts(ids[index]).await.unwrap();
        assert_eq!(attempts[0].kind, FailureKind::Params);
    }
    let row = bench.tasker.jobs().get(ids[2]).await.unwrap().unwrap();
    assert_eq!((row.state, row.error), (JobState::Succeeded, None));
}
