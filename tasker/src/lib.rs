//! Tasks.

#[doc(hidden)]
pub mod __private;
mod grammar;
pub mod schedule;
mod task;

pub use grammar::Message;
pub use task::backoff::Backoff;
