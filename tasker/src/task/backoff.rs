//! Placeholder.
/// The delay before another attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff;

impl Backoff {
    /// Placeholder.
    pub const DEFAULT: Self = Self;
}
