//! Texts of the command line as the JSON value that a param's shape asks for.
//!
//! In: what followed one flag, once or repeated. Out: one value, or what is wrong with it in a sentence. Pure.
//!
//! The rule for lists, decided here: a flag given once is split at its commas, or read as JSON where it is a
//! JSON array; a flag given more than once is one element each time, commas and all. So a value that contains
//! a comma is written by repeating the flag, or as JSON.

use serde_json::{Number, Value};

use crate::task::Shape;

/// The value for a flag that was given these texts, in order. The last one wins, except for a list.
pub(super) fn of(shape: &Shape, texts: &[&str]) -> Result<Value, String> {
    match shape {
        Shape::Option(inner) => of(inner, texts),
        Shape::List(element) => list(element, texts),
        _ => one(shape, texts.last().copied().unwrap_or_default()),
    }
}

/// The shape without its `Option`s.
pub(super) fn inner(shape: &Shape) -> &Shape {
    match shape {
        Shape::Option(shape) => inner(shape),
        shape => shape,
    }
}

fn list(element: &Shape, texts: &[&str]) -> Result<Value, String> {
    let [text] = texts else {
        return texts.iter().map(|text| one(element, text)).collect();
    };
    if text.trim_start().starts_with('[')
        && let Ok(Value::Array(values)) = serde_json::from_str(text)
    {
        return Ok(Value::Array(values));
    }
    if text.is_empty() {
        return Ok(Value::Array(Vec::new()));
    }
    if takes_json(element) {
        return Ok(Value::Array(vec![one(element, text)?]));
    }
    text.split(',')
        .map(|text| one(element, text.trim()))
        .collect()
}

/// Whether a value of this shape is written as JSON, whose commas are its own.
pub(super) fn takes_json(shape: &Shape) -> bool {
    matches!(
        inner(shape),
        Shape::List(_) | Shape::Struct(_) | Shape::Map | Shape::Any
    )
}

fn one(shape: &Shape, text: &str) -> Result<Value, String> {
    match shape {
        Shape::Option(inner) => one(inner, text),
        Shape::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("it takes `true` or `false`".into()),
        },
        Shape::Integer(name) => integer(name, text),
        Shape::Float => (text.parse().ok())
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| "it takes a number, such as 2.5".into()),
        Shape::String => Ok(Value::String(text.to_owned())),
        Shape::Choice(names) => match names.iter().find(|name| **name == text) {
            Some(name) => Ok(Value::String((*name).to_owned())),
            None => Err(format!("it takes one of {}", names.join(", "))),
        },
        Shape::List(_) => json(text, "a JSON array", Value::is_array),
        Shape::Struct(_) | Shape::Map => json(text, "a JSON object", Value::is_object),
        Shape::Unit => Ok(Value::Null),
        // A type that does not tell gets JSON where that is what was written, else the text.
        Shape::Any => Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.into()))),
    }
}

fn json(text: &str, wanted: &str, fits: fn(&Value) -> bool) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value) if fits(&value) => Ok(value),
        Ok(_) => Err(format!("it takes {wanted}")),
        Err(error) => Err(format!("it takes {wanted}, and this is not JSON: {error}")),
    }
}

/// The bounds come from the Rust type's name; one we do not know is left to the task's own check.
fn integer(name: &str, text: &str) -> Result<Value, String> {
    let (low, high): (i128, i128) = match name {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" | "u128" => (0, u64::MAX.into()),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => (i64::MIN.into(), i64::MAX.into()),
        // JSON numbers go from the least i64 to the largest u64.
        _ => (i64::MIN.into(), u64::MAX.into()),
    };
    let number: Option<i128> = text.parse().ok();
    number
        .filter(|number| (low..=high).contains(number))
        .and_then(Number::from_i128)
        .map(Value::Number)
        .ok_or_else(|| format!("it takes a whole number from {low} to {high}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::json;

    use super::*;

    fn list_of(shape: Shape) -> Shape {
        Shape::List(Box::new(shape))
    }

    #[test]
    fn values_follow_their_shape() {
        let tags = list_of(Shape::String);
        let maybe = Shape::Option(Box::new(Shape::Integer("u32")));
        let cases: &[(&Shape, &[&str], Value)] = &[
            (&Shape::String, &["12"], json!("12")),
            (&Shape::String, &["null"], json!("null")),
            (&Shape::String, &["first", "last"], json!("last")),
            (&Shape::String, &[""], json!("")),
            (&Shape::Integer("u32"), &["12"], json!(12)),
            (&Shape::Integer("i8"), &["-128"], json!(-128)),
            (
                &Shape::Integer("u64"),
                &["18446744073709551615"],
                json!(u64::MAX),
            ),
            (
                &Shape::Integer("i64"),
                &["-9223372036854775808"],
                json!(i64::MIN),
            ),
            (&maybe, &["7"], json!(7)),
            (&Shape::Float, &["-2.5"], json!(-2.5)),
            (&Shape::Float, &["3"], json!(3.0)),
            (&Shape::Float, &["1e3"], json!(1000.0)),
            (&Shape::Bool, &["true"], json!(true)),
            (&Shape::Bool, &["true", "false"], json!(false)),
            (
                &Shape::Choice(vec!["red", "blue"]),
                &["blue"],
                json!("blue"),
            ),
            (&tags, &["a,b,c"], json!(["a", "b", "c"])),
            (&tags, &["a", "b", "c"], json!(["a", "b", "c"])),
            (&tags, &["a"], json!(["a"])),
            (&tags, &["a,b", "c"], json!(["a,b", "c"])),
            (&tags, &[r#"["a,b"]"#], json!(["a,b"])),
            (&tags, &["[a"], json!(["[a"])),
            (&tags, &[""], json!([])),
            (&list_of(Shape::Integer("i32")), &["1, -2"], json!([1, -2])),
            (
                &list_of(Shape::Map),
                &[r#"{"a":1,"b":2}"#],
                json!([{"a": 1, "b": 2}]),
            ),
            (&list_of(Shape::Map), &["{}", "{}"], json!([{}, {}])),
            (&Shape::Map, &[r#"{"a":[1]}"#], json!({"a": [1]})),
            (&Shape::Any, &["12"], json!(12)),
            (&Shape::Any, &["twelve"], json!("twelve")),
            (&Shape::Any, &["null"], json!(null)),
        ];
        for (shape, texts, expected) in cases {
            assert_eq!(
                of(shape, texts).as_ref(),
                Ok(expected),
                "{shape:?} {texts:?}"
            );
        }
    }

    #[test]
    fn values_of_another_type_are_refused_with_what_is_taken() {
        let cases: &[(Shape, &[&str], &str)] = &[
            (Shape::Integer("u8"), &["300"], "from 0 to 255"),
            (Shape::Integer("u8"), &["-1"], "from 0 to 255"),
            (Shape::Integer("u32"), &["1.5"], "a whole number"),
            (Shape::Integer("u32"), &[""], "a whole number"),
            (
                Shape::Integer("i64"),
                &["9223372036854775808"],
                "a whole number",
            ),
            (Shape::Float, &["NaN"], "a number"),
            (Shape::Float, &["much"], "a number"),
            (Shape::Bool, &["yes"], "`true` or `false`"),
            (Shape::Choice(vec!["red", "blue"]), &["green"], "red, blue"),
            (list_of(Shape::Integer("u8")), &["1,2,x"], "from 0 to 255"),
            (
                list_of(Shape::Integer("u8")),
                &["1", "300"],
                "from 0 to 255",
            ),
            (Shape::Struct(vec![]), &["[1]"], "a JSON object"),
            (Shape::Map, &["{a:1}"], "not JSON"),
        ];
        for (shape, texts, part) in cases {
            let error = of(shape, texts).expect_err("must be refused");
            assert!(error.contains(part), "{shape:?} {texts:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_string(text: String) {
            prop_assert_eq!(of(&Shape::String, &[&text]), Ok(Value::String(text)));
        }

        #[test]
        fn a_repeated_flag_keeps_every_text(texts in proptest::collection::vec(any::<String>(), 2..6)) {
            let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(of(&list_of(Shape::String), &borrowed), Ok(json!(texts)));
        }

        #[test]
        fn a_list_written_as_json_is_kept(texts: Vec<String>) {
            let json = json!(texts);
            prop_assert_eq!(of(&list_of(Shape::String), &[&json.to_string()]), Ok(json));
        }

        #[test]
        fn whole_numbers_keep_their_value(number: i64) {
            prop_assert_eq!(of(&Shape::Integer("i64"), &[&number.to_string()]), Ok(json!(number)));
        }
    }
}
