//! Placeholder.
pub(crate) mod runner;
