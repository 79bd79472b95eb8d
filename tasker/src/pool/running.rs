//! [`Running`]: who is served by which worker. Each worker has a place here for as long as it lives, so that a change
//! costs neither a search nor an allocation.

use std::sync::Arc;

use super::work::Waiting;

/// Work that runs, by the place of its worker.
#[derive(Default)]
pub(super) struct Running {
    places: Vec<Option<Arc<dyn Waiting>>>,
    /// Those that belong to no worker.
    free: Vec<usize>,
    count: usize,
}

impl Running {
    /// A place for a new worker.
    pub(super) fn place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        })
    }

    /// The worker of this place is gone; what it served, if anything.
    pub(super) fn vacate(&mut self, place: usize) -> Option<Arc<dyn Waiting>> {
        self.free.push(place);
        self.remove(place)
    }

    pub(super) fn insert(&mut self, place: usize, waiting: Arc<dyn Waiting>) {
        let before = self.places[place].replace(waiting);
        self.count += usize::from(before.is_none());
    }

    pub(super) fn remove(&mut self, place: usize) -> Option<Arc<dyn Waiting>> {
        let removed = self.places[place].take();
        self.count -= usize::from(removed.is_some());
        removed
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<dyn Waiting>> {
        self.places.iter().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}
