//! Programs composed of parts: how they run, stop, fail, repeat and take turns.
//!
//! Tests are named after what holds; the numbers are those of the cases. What waits for signals, or dies, is a real
//! process: `lifecycle-program` (`program.rs`) and `lifecycle-app` (`app.rs`). Clocks are the tests' own; the only spans of
//! real time are the 42 ms in which something must not happen, and leases that end.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in the functions that tests share"
)]

mod background;
mod composition;
mod errors;
mod forms;
mod holds;
mod http;
mod probe;
mod repeats;
mod rules;
mod serialized;
mod signals;
mod stops;
mod work;

#[allow(
    dead_code,
    reason = "it is shared with `chaos`, which does more to its processes"
)]
#[path = "../chaos/process.rs"]
mod process;
