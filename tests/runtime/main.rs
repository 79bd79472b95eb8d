//! The runtime as an application sees it: enqueue, work, stop, fail, on the memory store.
//!
//! Tests wait for events and never sleep; where the clock matters it is the store's own test clock.
#![allow(
    clippy::unwrap_used,
    reason = "a panic with its place is what a test is for"
)]

mod ahead;
mod attempts;
mod changes;
mod enqueue;
mod faults;
mod files;
mod harness;
mod limits;
mod losses;
mod lossy;
mod made;
mod misfits;
mod names;
mod output;
mod overlap;
mod params;
mod plans;
mod releases;
mod replans;
mod schedules;
mod stopping;
mod tasks;
mod twins;
mod unique;
mod working;
