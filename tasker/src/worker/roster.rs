//! The roster: the attempts a worker is running, and the ways to reach them.

use std::collections::HashMap;
use std::sync::Arc;

use tasker_store::{Claimed, Finish, JobId, Lease, Note};
use tokio::task::AbortHandle;

use super::executor::give_up;
use crate::task::Context;

/// One attempt at work.
#[derive(Debug)]
struct Entry {
    job: Arc<Claimed>,
    context: Context,
    handle: AbortHandle,
}

/// The attempts at work, by job.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    entries: HashMap<JobId, Entry>,
}

impl Roster {
    pub(crate) fn add(&mut self, job: Arc<Claimed>, context: Context, handle: AbortHandle) {
        let entry = Entry {
            job,
            context,
            handle,
        };
        self.entries.insert(entry.job.id, entry);
    }

    /// Takes an attempt that ended off the roster; `None` where it was given up before.
    pub(crate) fn remove(&mut self, lease: Lease) -> Option<Arc<Claimed>> {
        if self.entries.get(&lease.job)?.job.token != lease.token {
            return None;
        }
        self.entries.remove(&lease.job).map(|entry| entry.job)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells the attempt under `lease` to end.
    pub(crate) fn cancel(&self, lease: Lease) {
        if let Some(entry) = self.entries.get(&lease.job)
            && entry.job.token == lease.token
        {
            entry.context.token().cancel();
        }
    }

    /// Tells every attempt to end.
    pub(crate) fn cancel_all(&self) {
        for entry in self.entries.values() {
            entry.context.token().cancel();
        }
    }

    /// Drops every attempt, and gives the finish that hands its job back. A plain function cannot be dropped; its
    /// thread goes on, and whatever it returns is refused.
    pub(crate) fn give_up_all(&mut self) -> Vec<(Arc<Claimed>, Finish)> {
        self.entries
            .drain()
            .map(|(_, entry)| {
                entry.context.token().cancel();
                entry.handle.abort();
                let finish = give_up(&entry.job, &entry.context);
                (entry.job, finish)
            })
            .collect()
    }

    /// What the attempts said since the last call.
    pub(crate) fn take_notes(&self) -> Vec<Note> {
        self.entries
            .values()
            .filter_map(|entry| {
                let lease = entry.job.lease();
                entry.context.take_note().map(|body| Note { lease, body })
            })
            .collect()
    }
}

impl Drop for Roster {
    fn drop(&mut self) {
        // A worker that is dropped leaves nothing running that it started.
        self.give_up_all();
    }
}
