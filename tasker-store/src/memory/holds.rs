//! Named leases: serialized work and elections.
//!
//! A name keeps its token counter when nobody holds it, so a token is never given twice.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::{Instant, after};
use crate::lease::{Held, WorkerId};

#[derive(Debug, Default)]
pub(super) struct Holds {
    names: HashMap<String, Name>,
}

#[derive(Debug, Default)]
struct Name {
    token: i64,
    /// Who holds it, and until when.
    held: Option<(WorkerId, Instant)>,
}

impl Name {
    fn is_held_by(&self, holder: WorkerId, token: i64, now: Instant) -> bool {
        self.token == token && self.held.is_some_and(|(by, end)| by == holder && now < end)
    }
}

impl Holds {
    pub(super) fn hold(
        &mut self,
        name: &str,
        holder: WorkerId,
        ttl: Duration,
        now: Instant,
    ) -> Held {
        let name = self.names.entry(name.to_owned()).or_default();
        if name.held.is_some_and(|(_, end)| now < end) {
            return Held::No;
        }
        name.token += 1;
        name.held = Some((holder, after(now, ttl)));
        Held::Yes { token: name.token }
    }

    pub(super) fn extend(
        &mut self,
        name: &str,
        holder: WorkerId,
        token: i64,
        ttl: Duration,
        now: Instant,
    ) -> Held {
        match self.names.get_mut(name) {
            Some(name) if name.is_held_by(holder, token, now) => {
                name.held = Some((holder, after(now, ttl)));
                Held::Yes { token }
            }
            _ => Held::No,
        }
    }

    pub(super) fn let_go(&mut self, name: &str, holder: WorkerId, token: i64) {
        if let Some(name) = self.names.get_mut(name)
            && name.token == token
            && name.held.is_some_and(|(by, _)| by == holder)
        {
            name.held = None;
        }
    }
}
