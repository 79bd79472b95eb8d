//! Generated code in hostile surroundings: nothing it names may be taken from it, and no lint may fire in it.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic)]
#![allow(
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "these speak of the functions written here, whose odd signatures are the point"
)]
#![forbid(unsafe_code)]

mod derived;
mod hostile;
mod ordinary;
