//! What a task does at run time, one module per subject.

mod output;
mod params;
