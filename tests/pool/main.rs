//! The in-process pool as an application sees it: submit, break, scale, stop.
//!
//! Tests wait for events and never sleep; time is tokio's, stopped, and moves on only when nothing else does. The
//! tests of stop, kill and drop from several threads run on the real one.
#![allow(
    clippy::unwrap_used,
    reason = "a panic with its place is what a test is for"
)]

mod broken;
mod ends;
mod figures;
mod handlers;
mod here;
mod limits;
mod scaling;
mod submit;
mod threads;
mod workshop;
