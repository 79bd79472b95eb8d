//! The shape of a param's type, found by asking its `Deserialize` what it wants.
//!
//! In: a type. Out: a [`Shape`], for command lines, pages and the hash that is stored with each job. A type that
//! does not tell is [`Shape::Any`]; so is a type inside itself. Read next: `probe`, which does the asking.

mod probe;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;

/// What values a type takes, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number; the text is the Rust type's name, such as `u32`.
    Integer(&'static str),
    /// A number.
    Float,
    /// A text.
    String,
    /// One of these texts.
    Choice(Vec<&'static str>),
    /// The inner one, or nothing.
    Option(Box<Shape>),
    /// Any number of the inner one.
    List(Box<Shape>),
    /// An object with these fields.
    Struct(Vec<(&'static str, Shape)>),
    /// An object with any fields.
    Map,
    /// Nothing.
    Unit,
    /// Any JSON, or a type that does not tell.
    Any,
}

/// The shape of `T`.
pub(crate) fn of<T: DeserializeOwned>() -> Shape {
    probe::Search::new(|probe| drop(T::deserialize(probe))).shape()
}

/// A stable hash (FNV-1a, 64 bits) of the names, shapes and requiredness of a task's params. Their order does not
/// count, as it does not in JSON.
pub(crate) fn hash<'a>(fields: impl Iterator<Item = (&'a str, bool, Shape)>) -> i64 {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|(name, ..)| *name);
    let mut hash = Fnv::new();
    for (name, required, shape) in &fields {
        hash.text(name);
        hash.byte(u8::from(*required));
        hash.shape(shape);
    }
    hash.0.cast_signed()
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
        self.0 = self.0.wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.byte(byte);
        }
        // No UTF-8 text holds this byte, so two texts in a row cannot be read as two others.
        self.byte(0xff);
    }

    fn shape(&mut self, shape: &Shape) {
        // These numbers are stored with jobs: never change one.
        match shape {
            Shape::Bool => self.byte(1),
            Shape::Integer(name) => {
                self.byte(2);
                self.text(name);
            }
            Shape::Float => self.byte(3),
            Shape::String => self.byte(4),
            Shape::Choice(names) => {
                self.byte(5);
                for name in names {
                    self.text(name);
                }
                self.byte(0);
            }
            Shape::Option(inner) => {
                self.byte(6);
                self.shape(inner);
            }
            Shape::List(inner) => {
                self.byte(7);
                self.shape(inner);
            }
            Shape::Struct(fields) => {
                self.byte(8);
                for (name, shape) in fields {
                    self.text(name);
                    self.shape(shape);
                }
                self.byte(0);
            }
            Shape::Map => self.byte(9),
            Shape::Unit => self.byte(10),
            Shape::Any => self.byte(11),
        }
    }
}
