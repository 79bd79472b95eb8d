//! What a task is.

pub mod alias;
pub(crate) mod backoff;
