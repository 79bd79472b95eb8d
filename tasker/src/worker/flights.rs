//! The exchanges under way: one at a time, or two where the store carries out calls side by side and there is enough
//! to say for both.
//!
//! In: exchanges. Out: what came of them, in the order in which they end. Invariants: an exchange that sends notes, or compares,
//! is the only one, so that no finish overtakes the notes of its attempt; what those under way may bring is counted, so that
//! together they never bring more than there is room for.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tasker_store::Store;

use super::exchange::{Exchange, Exchanged};
use crate::task::BoxFuture;

/// The fewest finishes that are worth an exchange beside another: fewer go with the next one.
const WORTH: usize = 16;

/// The exchanges under way.
pub(crate) struct Flights {
    /// The most at a time.
    most: usize,
    /// The most finishes in one of several.
    share: usize,
    under_way: FuturesUnordered<BoxFuture<'static, Exchanged>>,
    /// Whether the one under way is to be the only one.
    alone: bool,
    /// How many jobs they may bring, how many more than they finish, and how many of those start at once.
    pub(crate) asked: u32,
    pub(crate) added: u32,
    pub(crate) starting: u32,
}

impl Flights {
    /// For a worker that has claimed at most `capacity` jobs at a time.
    pub(crate) fn new(parallel: bool, capacity: u32) -> Self {
        let (most, share) = match parallel {
            true => (2, (capacity as usize).div_ceil(2).max(WORTH)),
            false => (1, usize::MAX),
        };
        Self {
            most,
            share,
            under_way: FuturesUnordered::new(),
            alone: false,
            asked: 0,
            added: 0,
            starting: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether an exchange with so many finishes may begin now.
    pub(crate) fn may_begin(&self, finishes: usize) -> bool {
        let worth = self.share.div_ceil(2).max(WORTH);
        self.is_empty() || (!self.alone && self.under_way.len() < self.most && finishes >= worth)
    }

    /// How many of so many finishes to put into the next one: half of what there is, where that leaves enough for another.
    pub(crate) fn share(&self, finishes: usize) -> usize {
        match self.most > 1 && self.is_empty() && finishes >= 2 * WORTH {
            true => finishes.div_ceil(2),
            false => finishes.min(self.share),
        }
    }

    /// Begins one.
    pub(crate) fn begin(&mut self, exchange: Exchange, store: Arc<dyn Store>) {
        self.alone = exchange.is_alone();
        self.asked += exchange.asked();
        self.added += exchange.added();
        self.starting += exchange.starting();
        self.under_way.push(Box::pin(exchange.carry_out(store)));
    }

    /// Waits for one to end; `None` where none is under way.
    pub(crate) async fn next(&mut self) -> Option<Exchanged> {
        let exchanged = self.under_way.next().await?;
        self.alone = false;
        self.asked -= exchanged.asked;
        self.added -= exchanged.added;
        self.starting -= exchanged.starting;
        Some(exchanged)
    }
}
