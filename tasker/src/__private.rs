//! Everything generated code may name, and nothing else. Not part of the public API: it changes without notice.

pub use inventory;
pub use tasker_store::{CatchUp, Overlap};

pub use crate::grammar::{Message, duration};
pub use crate::task::alias;
pub use crate::task::backoff::Backoff;
pub use crate::task::params::{put, take};
pub use crate::task::registry::Registration;
