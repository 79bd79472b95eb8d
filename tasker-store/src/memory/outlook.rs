//! What there is to do now and next: the first of each index.

use std::time::Duration;

use super::jobs::until;
use super::state::State;
use crate::clock::Instant;
use crate::outlook::Outlook;

impl State {
    pub(super) fn outlook(&mut self, now: Instant) -> Outlook {
        let ready = !self.ready.is_empty();
        if ready {
            self.tell_ready();
        }
        let first = |at: Option<Instant>| at.map(|at| until(at, now));
        let orphaned = (self.running.keys()).any(|worker| !self.members.contains_key(worker));
        let leases = self.members.values().map(|m| m.worker.lease_until);
        let schedules = self.due(1, now);
        Outlook {
            ready,
            promote_in: first(self.waiting.first().map(|&(at, _)| at)),
            rescue_in: match orphaned {
                true => Some(Duration::ZERO),
                false => first(leases.min()),
            },
            prune_in: first(self.prunable.first().map(|&(at, _)| at)),
            fire_in: match schedules.schedules.is_empty() {
                true => schedules.next_in,
                false => Some(Duration::ZERO),
            },
        }
    }
}
