//! What holds when processes die, freeze and stop: real ones, on a real SQLite file.
//!
//! Each test has a file of its own, starts `chaos-worker` (its tasks: `tasks.rs`) by the real command line, and listens to what
//! its handlers say. What a test waits for is a line, the end of a process, or a state in the store; the only
//! spans of time are those a case is about.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in the functions that tests share"
)]

mod clocks;
mod crashes;
mod leases;
mod locks;
mod orders;
mod place;
mod process;
mod stops;
mod tasks;
