//! Generated code in hostile surroundings: nothing it names may be taken from it, and no lint may fire in it.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]

mod derived;
mod hostile;
mod ordinary;
