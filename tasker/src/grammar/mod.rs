//! The pieces that all our small grammars share: messages, a cursor over the text, near misses, durations.
//!
//! In goes text from an attribute or from the store, out comes a value or a [`Message`]. Everything here is a
//! `const fn` and allocates nothing, so that the compiler runs the same code as the runtime: `#[task]` expands
//! to `const _: () = if let Err(message) = …::parse("…") { panic!("{}", message.as_str()) };`.
//!
//! The grammars themselves stand where their values do: `schedule/parse.rs`, `task/backoff.rs`, `task/alias.rs`.

pub(crate) mod cursor;
pub(crate) mod duration;
mod message;
pub(crate) mod suggest;

pub use message::Message;

/// `?` for `const fn`, where the operator is not allowed yet.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(message) => return Err(message),
        }
    };
}
pub(crate) use attempt;
