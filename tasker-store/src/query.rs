//! Which jobs to read.

use uuid::Uuid;

use crate::state::JobState;

/// A question about jobs. All conditions hold at once; the newest come first.
#[derive(Clone, Debug)]
pub struct JobQuery {
    /// Only these states; empty means all.
    pub states: Vec<JobState>,
    /// Only jobs of this task.
    pub alias: Option<String>,
    /// Only jobs of this queue.
    pub queue: Option<String>,
    /// Only jobs with this tag.
    pub tag: Option<String>,
    /// Only the job that holds the unique key of this digest, see [`crate::Unique::digest`].
    pub holds: Option<Uuid>,
    /// Soft-deleted ones too.
    pub include_deleted: bool,
    /// Only jobs with a smaller number: the last one of the page before.
    pub before: Option<i64>,
    /// At most so many. Default 50.
    pub limit: u32,
}

impl Default for JobQuery {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            alias: None,
            queue: None,
            tag: None,
            holds: None,
            include_deleted: false,
            before: None,
            limit: 50,
        }
    }
}
