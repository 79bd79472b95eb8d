//! Placeholder.
/// The delay before another attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff;

impl Backoff {
    pub fn delay(&self, _attempt: u32, _random: f64) -> std::time::Duration {
        std::time::Duration::from_secs(1)
    }
}
