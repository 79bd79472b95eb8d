//! Asking a type what it deserialises from, one question at a time.
//!
//! A [`Probe`] is a deserializer with a path: it leads `T::deserialize` along the path (into a list's element, a
//! struct's field, an enum's variant), notes what is asked for at its end, and stops by an error. A [`Search`]
//! asks again for every path that the last answer opened. Nothing is ever made up that a type could refuse, and
//! the search ends: a struct inside itself is not entered, and depth and number of questions are bounded.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::Shape;

const DEPTH: usize = 12;
const QUESTIONS: usize = 2_000;

/// What a type asked for at the end of a path.
#[derive(Clone, Debug)]
enum Answer {
    Leaf(Shape),
    Option,
    List,
    Struct(&'static str, &'static [&'static str]),
    Enum(&'static [&'static str]),
    /// A variant with something in it.
    Data,
}

/// One step of a path.
#[derive(Clone, Copy)]
enum Step {
    /// Into an option or a list.
    Inside,
    /// Into the field of this name.
    Field(&'static str),
    /// Into the variant of this name.
    Variant(&'static str),
}

/// The search for one type's shape.
pub(super) struct Search<F> {
    ask: F,
    asked: Cell<usize>,
}

impl<F: Fn(Probe<'_>)> Search<F> {
    /// A search for the type that `ask` deserialises.
    pub(super) fn new(ask: F) -> Self {
        Self {
            ask,
            asked: Cell::new(0),
        }
    }

    /// What the type takes.
    pub(super) fn shape(&self) -> Shape {
        self.below(&mut Vec::new(), &mut Vec::new())
    }

    fn below(
        &self,
        path: &mut Vec<Step>,
        inside: &mut Vec<(&'static str, &'static [&'static str])>,
    ) -> Shape {
        match self.answer(path) {
            None | Some(Answer::Data) => Shape::Any,
            Some(Answer::Leaf(shape)) => shape,
            Some(Answer::Option) => Shape::Option(Box::new(self.step(Step::Inside, path, inside))),
            Some(Answer::List) => Shape::List(Box::new(self.step(Step::Inside, path, inside))),
            Some(Answer::Struct(name, fields)) => {
                if inside.contains(&(name, fields)) {
                    return Shape::Any;
                }
                inside.push((name, fields));
                let shapes = fields
                    .iter()
                    .map(|field| (*field, self.step(Step::Field(field), path, inside)))
                    .collect();
                inside.pop();
                Shape::Struct(shapes)
            }
            Some(Answer::Enum(variants)) => {
                let is_plain = |variant: &&'static str| {
                    self.step(Step::Variant(variant), path, inside) == Shape::Unit
                };
                if variants.iter().all(is_plain) {
                    Shape::Choice(variants.to_vec())
                } else {
                    Shape::Any
                }
            }
        }
    }

    fn step(
        &self,
        step: Step,
        path: &mut Vec<Step>,
        inside: &mut Vec<(&'static str, &'static [&'static str])>,
    ) -> Shape {
        path.push(step);
        let shape = self.below(path, inside);
        path.pop();
        shape
    }

    fn answer(&self, path: &[Step]) -> Option<Answer> {
        if path.len() > DEPTH || self.asked.get() >= QUESTIONS {
            return None;
        }
        self.asked.set(self.asked.get() + 1);
        let answer = RefCell::new(None);
        (self.ask)(Probe {
            path,
            answer: &answer,
        });
        answer.into_inner()
    }
}

/// A deserializer that follows a path and notes what is asked for at its end.
#[derive(Clone, Copy)]
pub(super) struct Probe<'p> {
    path: &'p [Step],
    answer: &'p RefCell<Option<Answer>>,
}

impl<'p> Probe<'p> {
    /// Notes the answer where the path ends here. The first one counts: some types try again when refused.
    fn note<T>(self, answer: Answer) -> Result<T, Stop> {
        if self.path.is_empty() {
            let mut noted = self.answer.borrow_mut();
            noted.get_or_insert(answer);
        }
        Err(Stop)
    }

    fn leaf<T>(self, shape: Shape) -> Result<T, Stop> {
        self.note(Answer::Leaf(shape))
    }

    /// The next step and the probe behind it.
    fn next(self) -> Option<(Step, Probe<'p>)> {
        let (step, path) = self.path.split_first()?;
        Some((*step, Probe { path, ..self }))
    }
}

/// Ends a question.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the question is answered")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! leaves {
    ($($function:ident => $shape:expr,)*) => {
        $(
            fn $function<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
                self.leaf($shape)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    leaves! {
        deserialize_any => Shape::Any,
        deserialize_ignored_any => Shape::Any,
        deserialize_bool => Shape::Bool,
        deserialize_i8 => Shape::Integer("i8"),
        deserialize_i16 => Shape::Integer("i16"),
        deserialize_i32 => Shape::Integer("i32"),
        deserialize_i64 => Shape::Integer("i64"),
        deserialize_i128 => Shape::Integer("i128"),
        deserialize_u8 => Shape::Integer("u8"),
        deserialize_u16 => Shape::Integer("u16"),
        deserialize_u32 => Shape::Integer("u32"),
        deserialize_u64 => Shape::Integer("u64"),
        deserialize_u128 => Shape::Integer("u128"),
        deserialize_f32 => Shape::Float,
        deserialize_f64 => Shape::Float,
        deserialize_char => Shape::String,
        deserialize_str => Shape::String,
        deserialize_string => Shape::String,
        deserialize_identifier => Shape::String,
        deserialize_bytes => Shape::Any,
        deserialize_byte_buf => Shape::Any,
        deserialize_unit => Shape::Unit,
        deserialize_map => Shape::Map,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.next() {
            Some((Step::Inside, probe)) => visitor.visit_some(probe),
            _ => self.note(Answer::Option),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.next() {
            Some((Step::Inside, probe)) => visitor.visit_seq(One {
                probe: Some(probe),
                key: None,
            }),
            _ => self.note(Answer::List),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.next() {
            Some((Step::Field(field), probe)) => visitor.visit_map(One {
                probe: Some(probe),
                key: Some(field),
            }),
            _ => self.note(Answer::Struct(name, fields)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.next() {
            Some((Step::Variant(variant), probe)) => visitor.visit_enum(Variant { variant, probe }),
            _ => self.note(Answer::Enum(variants)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.leaf(Shape::Unit)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Stop> {
        self.leaf(Shape::Any)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.leaf(Shape::Any)
    }
}

/// A list with one element, or an object with one field.
struct One<'p> {
    probe: Option<Probe<'p>>,
    key: Option<&'static str>,
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        let probe = self.probe.take();
        probe.map(|probe| seed.deserialize(probe)).transpose()
    }
}

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let Some(key) = self.key.take() else {
            return Ok(None);
        };
        let key: StrDeserializer<'static, Stop> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let probe = self.probe.take().ok_or(Stop)?;
        seed.deserialize(probe)
    }
}

/// One variant of an enum.
struct Variant<'p> {
    variant: &'static str,
    probe: Probe<'p>,
}

impl<'de, 'p> EnumAccess<'de> for Variant<'p> {
    type Error = Stop;
    type Variant = Probe<'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Stop> {
        let variant: StrDeserializer<'static, Stop> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self.probe))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.leaf(Shape::Unit)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Stop> {
        self.note(Answer::Data)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Stop> {
        self.note(Answer::Data)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.note(Answer::Data)
    }
}
