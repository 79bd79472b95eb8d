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
    pub scheduled: u64,
    /// Jobs that are ready.
    pub queued: u64,
    /// Jobs under a lease.
    pub running: u64,
    /// Jobs waiting for another attempt.
    pub retrying: u64,
    /// Jobs held one by one.
    pub paused_jobs: u64,
    /// Finished jobs still kept, by how they ended.
    pub succeeded: u64,
    /// See `succeeded`.
    pub failed: u64,
    /// See `succeeded`.
    pub canceled: u64,
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
