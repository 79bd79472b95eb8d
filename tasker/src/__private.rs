//! Everything generated code may name, and nothing else. Not part of the public API: it changes without notice.

pub use inventory;
pub use tasker_store::{CatchUp, Overlap};

#[cfg(feature = "cli")]
pub use crate::cli::Program;
#[cfg(feature = "cli")]
pub use crate::entry::{Ending, main};
pub use crate::task::backoff::Backoff;
pub use crate::task::params::{put, take};
pub use crate::task::registry::Registration;
