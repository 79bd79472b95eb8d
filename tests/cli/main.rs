//! What a program's command line takes, prints and exits with: transcripts of a real binary.

mod offline;
mod queue;
mod runs;
mod session;
