//! Everything generated code may name, and nothing else.

pub use crate::grammar::{Message, duration};
pub use crate::task::alias;
