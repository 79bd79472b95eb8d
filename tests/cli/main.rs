//! What a program's command line takes, prints and exits with: transcripts of a real binary.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in the functions that tests share"
)]

mod manual;
mod offline;
mod queue;
mod runs;
mod schedules;
mod session;
mod start;
mod tick;
