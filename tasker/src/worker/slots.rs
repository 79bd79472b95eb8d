//! Slots: how many more jobs a worker may take, in all and from each queue.
//!
//! A slot is taken by a claimed job and given back when its outcome is in the store, so a store that is slower
//! than the handlers slows the claims, and memory stays bounded.

use std::collections::HashMap;

use tasker_store::{Claim, Queues};

/// The slots of one worker.
#[derive(Debug)]
pub(crate) struct Slots {
    total: u32,
    taken: u32,
    queues: Vec<(String, Option<u32>)>,
    by_queue: HashMap<String, u32>,
}

impl Slots {
    /// `total` slots; with `queues`, only these queues are served, each by at most its own number of slots.
    pub(crate) fn new(total: u32, queues: Vec<(String, Option<u32>)>) -> Self {
        Self {
            total,
            taken: 0,
            queues,
            by_queue: HashMap::new(),
        }
    }

    pub(crate) fn take(&mut self, queue: &str) {
        self.taken += 1;
        if !self.queues.is_empty() {
            *self.by_queue.entry(queue.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn give_back(&mut self, queue: &str) {
        self.taken = self.taken.saturating_sub(1);
        if let Some(taken) = self.by_queue.get_mut(queue) {
            *taken = taken.saturating_sub(1);
        }
    }

    /// The claim that fills the free slots and those the queues in `freed` are about to give back; `None`
    /// where there is none.
    ///
    /// Asked for already are `asked`, by which `added` more will be taken than are: what is finished on the same way
    /// still counts as taken, and its place as filled. Where queues have slots of their own nobody knows from which those
    /// will come, so nothing else is asked for meanwhile.
    pub(crate) fn claim<'a>(
        &self,
        freed: impl Iterator<Item = &'a str>,
        known: &std::sync::Arc<[String]>,
        asked: u32,
        added: u32,
    ) -> Option<Claim> {
        if asked > 0 && self.queues.iter().any(|(_, own)| own.is_some()) {
            return None;
        }
        let mut back = 0;
        let mut back_by_queue: HashMap<&str, u32> = HashMap::new();
        for queue in freed {
            back += 1;
            *back_by_queue.entry(queue).or_default() += 1;
        }
        let limit = (self.total + back).saturating_sub(self.taken + added);
        let queues = if self.queues.is_empty() {
            Queues::All
        } else {
            let free = |name: &str, own: u32| {
                let taken = self.by_queue.get(name).copied().unwrap_or_default();
                let back = back_by_queue.get(name).copied().unwrap_or_default();
                (own + back).saturating_sub(taken).min(limit)
            };
            let only = self.queues.iter().filter_map(|(name, own)| {
                let free = own.map_or(limit, |own| free(name, own));
                (free > 0).then(|| (name.clone(), free))
            });
            Queues::Only(only.collect())
        };
        let none = limit == 0 || matches!(&queues, Queues::Only(only) if only.is_empty());
        (!none).then(|| Claim {
            queues,
            limit,
            known: std::sync::Arc::clone(known),
            start: u32::MAX,
            held: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn limits(slots: &Slots, freed: &[&str]) -> Option<(u32, Vec<(String, u32)>)> {
        let known: Arc<[String]> = Arc::from([]);
        slots
            .claim(freed.iter().copied(), &known, 0, 0)
            .map(|claim| match claim.queues {
                Queues::All => (claim.limit, Vec::new()),
                Queues::Only(only) => (claim.limit, only),
            })
    }

    #[test]
    fn free_slots_are_claimed_and_no_more() {
        let mut slots = Slots::new(2, Vec::new());
        assert_eq!(limits(&slots, &[]), Some((2, vec![])));
        slots.take("a");
        slots.take("a");
        assert_eq!(limits(&slots, &[]), None);
        assert_eq!(limits(&slots, &["a"]), Some((1, vec![])));
        slots.give_back("a");
        assert_eq!(limits(&slots, &[]), Some((1, vec![])));
    }

    #[test]
    fn what_is_under_way_is_counted_once() {
        let mut slots = Slots::new(4, Vec::new());
        (0..4).for_each(|_| slots.take("a"));
        let known: Arc<[String]> = Arc::from([]);
        let limit = |freed: &[&str], asked, added| {
            let claim = slots.claim(freed.iter().copied(), &known, asked, added);
            claim.map(|claim| claim.limit)
        };
        // Two are being finished and replaced, and two more can be.
        assert_eq!(limit(&["a", "a"], 2, 0), Some(2));
        assert_eq!(limit(&["a", "a"], 3, 1), Some(1));
        assert_eq!(limit(&[], 2, 0), None);
    }

    #[test]
    fn a_queue_has_at_most_its_own_slots() {
        let queues = vec![("mail".to_owned(), Some(1)), ("default".to_owned(), None)];
        let mut slots = Slots::new(3, queues);
        slots.take("mail");
        assert_eq!(limits(&slots, &[]), Some((2, vec![("default".into(), 2)])));
        let both = vec![("mail".into(), 1), ("default".into(), 3)];
        assert_eq!(limits(&slots, &["mail"]), Some((3, both)));
    }
}
