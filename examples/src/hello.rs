//! The smallest task there is.

use tasker::task;

/// Greet somebody.
///
/// Runs by itself every day at noon in London.
#[task(alias = "hello", schedule = "daily 12:00", tz = "Europe/London")]
async fn hello(
    /// Whom to greet.
    #[param(default = "World")]
    name: String,
    /// How many times.
    #[param(default = 1, short = 'n')]
    times: u32,
) -> anyhow::Result<String> {
    Ok(vec![format!("Hello {name}!"); times as usize].join(" "))
}
