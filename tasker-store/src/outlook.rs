//! What there is to do now and next, for whoever decides when to look again.

use std::time::Duration;

/// When the sweeps will have something to do, as far as the store can tell. Each is a time from now: zero where there is
/// something to do at once, `None` where nothing is known to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Whether jobs are `queued`. Some of them may be held back: by a paused queue, or because no worker knows them.
    pub ready: bool,
    /// Until a waiting job is due.
    pub promote_in: Option<Duration>,
    /// Until a worker's lease is over; zero where a running job has lost its worker.
    pub rescue_in: Option<Duration>,
    /// Until a finished job is past its retention.
    pub prune_in: Option<Duration>,
    /// Until an active schedule is due; zero where one has no next occurrence yet, or one that waits no longer; at most
    /// [`crate::LOOK_AGAIN`] while one waits.
    pub fire_in: Option<Duration>,
}
