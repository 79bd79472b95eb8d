//! A queue: a named lane of jobs.

use serde::Serialize;

/// A queue as an operator sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// Its name: 1 to 64 printable characters.
    pub name: String,
    /// Whether claims leave it out.
    pub paused: bool,
    /// Jobs due later.
    #[serde(serialize_with = "crate::digits::text")]
    pub scheduled: u64,
    /// Jobs that are ready.
    #[serde(serialize_with = "crate::digits::text")]
    pub queued: u64,
    /// Jobs under a lease.
    #[serde(serialize_with = "crate::digits::text")]
    pub running: u64,
    /// Jobs waiting for another attempt.
    #[serde(serialize_with = "crate::digits::text")]
    pub retrying: u64,
    /// Jobs held one by one.
    #[serde(serialize_with = "crate::digits::text")]
    pub paused_jobs: u64,
    /// Finished jobs still kept, by how they ended; see `more`.
    #[serde(serialize_with = "crate::digits::text")]
    pub succeeded: u64,
    /// See `succeeded`.
    #[serde(serialize_with = "crate::digits::text")]
    pub failed: u64,
    /// See `succeeded`.
    #[serde(serialize_with = "crate::digits::text")]
    pub canceled: u64,
    /// Whether more finished jobs may be kept than the three above count: see [`crate::Admin::queues`].
    pub more: bool,
}

/// What is wrong with `name` as the name of a queue, if anything.
pub fn check_queue_name(name: &str) -> Result<(), String> {
    let count = name.chars().count();
    if count == 0 || count > 64 || name.chars().any(char::is_control) {
        return Err(format!(
            "`{}` is not a queue name: use 1 to 64 printable characters",
            name.escape_debug()
        ));
    }
    Ok(())
}
