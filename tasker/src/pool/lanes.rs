//! [`Lanes`]: the places in a pool's queue, so many for each priority. Who has none waits, or goes without.

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use super::error::Error;
use super::queue::Priority;

pub(super) struct Lanes {
    normal: Semaphore,
    high: Semaphore,
}

impl Lanes {
    pub(super) fn new(normal: usize, high: usize) -> Self {
        let places = |places: usize| Semaphore::new(places.min(Semaphore::MAX_PERMITS));
        Self {
            normal: places(normal),
            high: places(high),
        }
    }

    /// Waits for a place, in order of arrival.
    pub(super) async fn place(&self, priority: Priority) -> Result<SemaphorePermit<'_>, Error> {
        let place = self.lane(priority).acquire().await;
        place.map_err(|_| Error::Stopped)
    }

    /// A place, if there is one.
    pub(super) fn try_place(&self, priority: Priority) -> Result<SemaphorePermit<'_>, Error> {
        let place = self.lane(priority).try_acquire();
        place.map_err(|error| match error {
            TryAcquireError::Closed => Error::Stopped,
            TryAcquireError::NoPermits => Error::Full,
        })
    }

    /// Gives back a place whose permit was forgotten when its work was queued.
    pub(super) fn free(&self, priority: Priority) {
        self.lane(priority).add_permits(1);
    }

    /// No more places for anybody.
    pub(super) fn close(&self) {
        self.normal.close();
        self.high.close();
    }

    fn lane(&self, priority: Priority) -> &Semaphore {
        match priority {
            Priority::Normal => &self.normal,
            Priority::High => &self.high,
        }
    }
}
