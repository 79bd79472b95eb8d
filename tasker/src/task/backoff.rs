//! Placeholder.
/// The delay before another attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff;
