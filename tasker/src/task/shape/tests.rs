//! What many types tell of themselves.
#![allow(
    dead_code,
    reason = "the types are asked for their shape and never made"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Shape, hash, of};

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
}

#[derive(Deserialize)]
enum Figure {
    Nothing,
    Circle(f64),
    Box { width: u8 },
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    A { x: u8 },
    B,
}

#[derive(Deserialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    A(u8),
    B,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
}

#[derive(Deserialize)]
struct Address {
    street: String,
    #[serde(rename = "house-number")]
    number: u16,
    color: Option<Color>,
    lines: Vec<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    on: bool,
    deep: Option<Vec<Color>>,
}

#[derive(Deserialize)]
struct Wrapper(u64);

#[derive(Deserialize)]
struct Pair(u64, String);

#[derive(Deserialize)]
struct Nothing;

#[derive(Deserialize)]
struct Tree {
    value: u8,
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
    all: Vec<Tree>,
}

#[derive(Deserialize)]
enum Chain {
    End,
    Link(Box<Chain>),
}

#[derive(Deserialize)]
struct Flat {
    name: String,
    #[serde(flatten)]
    rest: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(default)]
struct Lenient {
    x: u8,
}

impl Default for Lenient {
    fn default() -> Self {
        Self { x: 1 }
    }
}

fn option(shape: Shape) -> Shape {
    Shape::Option(Box::new(shape))
}

fn list(shape: Shape) -> Shape {
    Shape::List(Box::new(shape))
}

#[test]
fn plain_types_tell_their_own() {
    assert_eq!(of::<bool>(), Shape::Bool);
    assert_eq!(of::<u32>(), Shape::Integer("u32"));
    assert_eq!(of::<i128>(), Shape::Integer("i128"));
    assert_eq!(of::<NonZeroU32>(), Shape::Integer("u32"));
    assert_eq!(of::<usize>(), Shape::Integer("u64"));
    assert_eq!(of::<f32>(), Shape::Float);
    assert_eq!(of::<()>(), Shape::Unit);
    assert_eq!(of::<Nothing>(), Shape::Unit);
    assert_eq!(of::<Wrapper>(), Shape::Integer("u64"));
    assert_eq!(of::<serde_json::Value>(), Shape::Any);
    assert_eq!(of::<(u8, String)>(), Shape::Any);
    assert_eq!(of::<Pair>(), Shape::Any);
}

#[test]
fn what_is_written_as_text_is_a_text() {
    assert_eq!(of::<String>(), Shape::String);
    assert_eq!(of::<char>(), Shape::String);
    assert_eq!(of::<PathBuf>(), Shape::String);
    assert_eq!(of::<IpAddr>(), Shape::String);
    assert_eq!(of::<uuid::Uuid>(), Shape::String);
    assert_eq!(of::<chrono::DateTime<chrono::Utc>>(), Shape::String);
    assert_eq!(of::<chrono::NaiveDate>(), Shape::String);
    assert_eq!(of::<std::borrow::Cow<'static, str>>(), Shape::String);
}

#[test]
fn containers_tell_what_they_hold() {
    assert_eq!(of::<Option<u8>>(), option(Shape::Integer("u8")));
    assert_eq!(of::<Vec<String>>(), list(Shape::String));
    assert_eq!(of::<BTreeSet<Wrapper2>>(), list(Shape::Integer("i8")));
    assert_eq!(of::<HashMap<String, u8>>(), Shape::Map);
    assert_eq!(of::<BTreeMap<u8, Address>>(), Shape::Map);
    assert_eq!(of::<Box<Vec<Option<bool>>>>(), list(option(Shape::Bool)));
    assert_eq!(
        of::<Option<Vec<Color>>>(),
        option(list(Shape::Choice(vec!["red", "green"])))
    );
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Wrapper2(i8);

#[test]
fn enums_without_data_are_a_choice() {
    assert_eq!(of::<Color>(), Shape::Choice(vec!["red", "green"]));
    assert_eq!(of::<Figure>(), Shape::Any);
    assert_eq!(of::<Tagged>(), Shape::Any);
    assert_eq!(of::<Untagged>(), Shape::Any);
    let Shape::Struct(fields) = of::<Adjacent>() else {
        panic!("an adjacently tagged enum is an object with two fields");
    };
    assert_eq!(fields.len(), 2);
    assert_eq!((fields[0].0, fields[1].0), ("kind", "value"));
}

#[test]
fn structs_tell_their_fields() {
    let inner = Shape::Struct(vec![
        ("on", Shape::Bool),
        ("deep", option(list(Shape::Choice(vec!["red", "green"])))),
    ]);
    let expected = Shape::Struct(vec![
        ("street", Shape::String),
        ("house-number", Shape::Integer("u16")),
        ("color", option(Shape::Choice(vec!["red", "green"]))),
        ("lines", list(inner)),
    ]);
    assert_eq!(of::<Address>(), expected);
    assert_eq!(of::<Flat>(), Shape::Map);
    assert_eq!(
        of::<Lenient>(),
        Shape::Struct(vec![("x", Shape::Integer("u8"))])
    );
}

#[test]
fn a_type_inside_itself_is_not_entered_twice() {
    assert_eq!(
        of::<Tree>(),
        Shape::Struct(vec![
            ("value", Shape::Integer("u8")),
            ("left", option(Shape::Any)),
            ("right", option(Shape::Any)),
            ("all", list(Shape::Any)),
        ])
    );
    assert_eq!(of::<Chain>(), Shape::Any);
}

#[derive(Deserialize)]
struct Wide<T> {
    a: T,
    b: T,
    c: T,
    d: T,
}

#[derive(Deserialize)]
struct Wider<T> {
    a: Wide<T>,
    b: Wide<T>,
    c: Wide<T>,
    d: T,
}

/// A list of itself, for ever: nothing in it says that it is the same type.
struct Endless;

impl<'de> Deserialize<'de> for Endless {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Endless>::deserialize(deserializer).map(|_| Endless)
    }
}

#[test]
fn the_search_ends() {
    let mut shape = of::<Endless>();
    let mut depth = 0;
    while let Shape::List(inner) = shape {
        shape = *inner;
        depth += 1;
    }
    assert_eq!(shape, Shape::Any);
    assert!(depth > 5);
    let Shape::Struct(fields) = of::<Wider<Option<Endless>>>() else {
        panic!("a struct");
    };
    assert_eq!(fields.len(), 4);
}

#[test]
fn a_type_that_refuses_tells_nothing() {
    struct Refuses;
    impl<'de> Deserialize<'de> for Refuses {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    assert_eq!(of::<Refuses>(), Shape::Any);
}

#[test]
fn the_hash_is_what_it_has_always_been() {
    let fields = || {
        vec![
            ("name", true, Shape::String),
            ("times", false, Shape::Integer("u32")),
        ]
    };
    let known = hash(fields().into_iter());
    // Stored with jobs: if this changes, every job in every store looks like one of another release.
    assert_eq!(known, 7_761_198_692_474_272_236);
    assert_eq!(hash(fields().into_iter().rev()), known);
    assert_eq!(
        hash(std::iter::empty()),
        0xcbf2_9ce4_8422_2325_u64.cast_signed()
    );
    let mut other = fields();
    other[1].1 = true;
    assert_ne!(hash(other.into_iter()), known);
    let mut other = fields();
    other[1].2 = Shape::Integer("u64");
    assert_ne!(hash(other.into_iter()), known);
    let mut other = fields();
    other[0].0 = "names";
    assert_ne!(hash(other.into_iter()), known);
}
