//! The roster: the attempts a worker is running, and the ways to reach them.
//!
//! By lease, not by job: a worker that lost its lease may take a job again while its first attempt at it still runs.

use std::collections::HashMap;
use std::sync::Arc;

use tasker_store::{Claimed, Finish, JobState, Lease, Note};
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

impl Entry {
    fn end(&self) {
        self.context.token().cancel();
        self.handle.abort();
    }
}

/// What an attempt said, on its way to the store.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) note: Note,
    /// Who is told when it is there.
    pub(crate) by: Context,
}

/// The attempts at work, by lease.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    entries: HashMap<Lease, Entry>,
    /// Of those that are not at work any more and whose finish is not settled: the state of the jobs that they may have
    /// finished in a transaction of their own.
    sealed: HashMap<Lease, JobState>,
}

impl Roster {
    pub(crate) fn add(&mut self, job: Arc<Claimed>, context: Context, handle: AbortHandle) {
        let entry = Entry {
            job,
            context,
            handle,
        };
        self.entries.insert(entry.job.lease(), entry);
    }

    /// Takes an attempt that ended off the roster; `None` where it was given up before.
    pub(crate) fn remove(&mut self, lease: Lease) -> Option<Arc<Claimed>> {
        let entry = self.entries.remove(&lease)?;
        self.keep_seal(&entry);
        Some(entry.job)
    }

    /// The state of a job if the attempt under `lease` has finished it in a transaction that committed; `None` where
    /// there was none. To be asked until its finish is settled.
    pub(crate) fn sealed(&self, lease: Lease) -> Option<JobState> {
        let at_work = self.entries.get(&lease);
        let at_work = at_work.and_then(|entry| entry.context.sealed());
        at_work.or_else(|| self.sealed.get(&lease).copied())
    }

    /// The finish under `lease` is settled.
    pub(crate) fn settled(&mut self, lease: Lease) {
        self.sealed.remove(&lease);
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells the attempt under `lease` to end.
    pub(crate) fn cancel(&self, lease: Lease) {
        if let Some(entry) = self.entries.get(&lease) {
            entry.context.token().cancel();
        }
    }

    /// Tells every attempt to end.
    pub(crate) fn cancel_all(&self) {
        for entry in self.entries.values() {
            entry.context.token().cancel();
        }
    }

    /// The leases of the attempts at work.
    pub(crate) fn leases(&self) -> Vec<Lease> {
        self.entries.keys().copied().collect()
    }

    /// Drops every attempt, and gives the finish that hands its job back. A plain function cannot be dropped; its
    /// thread goes on, and whatever it returns is refused.
    pub(crate) fn give_up_all(&mut self) -> Vec<Finish> {
        let entries = std::mem::take(&mut self.entries).into_values();
        entries
            .map(|entry| {
                entry.end();
                self.keep_seal(&entry);
                give_up(&entry.job, &entry.context)
            })
            .collect()
    }

    /// Drops the attempts under these leases, where they are still at work; gives those leases.
    pub(crate) fn drop_those(&mut self, leases: &[Lease]) -> Vec<Lease> {
        let dropped = leases.iter().filter(|lease| {
            let entry = self.entries.remove(lease);
            entry.inspect(Entry::end).is_some()
        });
        dropped.copied().collect()
    }

    fn keep_seal(&mut self, entry: &Entry) {
        let seal = entry.context.sealed();
        self.sealed
            .extend(seal.map(|state| (entry.job.lease(), state)));
    }

    /// What the attempts said since the last call.
    pub(crate) fn send_notes(&self) -> Vec<Said> {
        self.entries
            .values()
            .filter_map(|entry| {
                let lease = entry.job.lease();
                let body = entry.context.send_note()?;
                Some(Said {
                    note: Note { lease, body },
                    by: entry.context.clone(),
                })
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
