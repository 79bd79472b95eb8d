//! Named leases: one holder at a time across processes, for as long as it beats.
//!
//! In: a store and a name. Out: a [`Hold`], whose [`Shutdown`] fires when the lease is lost. Invariants: no connection is
//! held while one is waited for, or while it is held; a holder that cannot beat gives itself up before the store gives
//! the lease to another. The beat runs on the application's runtime: code that blocks all its threads loses the lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tasker_store::{Held, Store, StoreError, Wake, WorkerId};
use tokio::time::Instant as Monotonic;

use super::failure::Failure;
use super::shutdown::{Bound, Shutdown, carried};
use crate::client::Tasker;
use crate::error::{Error, Result};
use crate::worker::heartbeat::Pulse;

/// How long a lease that was given back elsewhere waits for being noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A lease that one process at a time can hold. Made by [`Tasker::lease`].
///
/// ```standalone_crate
/// use tasker::Tasker;
/// use tasker::lifecycle::Shutdown;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let tasker = Tasker::connect("memory:").await?;
/// let hold = tasker.lease("nightly").hold(&Shutdown::current()).await?;
/// assert!(tasker.lease("nightly").try_hold(&Shutdown::current()).await?.is_none());
/// hold.let_go().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct NamedLease {
    tasker: Tasker,
    name: String,
    length: Duration,
}

impl NamedLease {
    pub(crate) fn new(tasker: &Tasker, name: String) -> Self {
        Self {
            tasker: tasker.clone(),
            name,
            length: Duration::from_secs(30),
        }
    }

    /// How long after its last beat a holder counts as dead, at least 1 s. Default: 30 s. It beats six times as often.
    #[must_use]
    pub fn length(mut self, length: Duration) -> Self {
        self.length = length;
        self
    }

    /// Holds it, if nobody else does. The hold's token fires with `shutdown`, too.
    ///
    /// # Errors
    ///
    /// The store fails, or the length is below 1 s.
    pub async fn try_hold(&self, shutdown: &Shutdown) -> Result<Option<Hold>> {
        if self.length < Duration::from_secs(1) {
            return Err(Error::Setup("a lease lasts at least 1s".into()));
        }
        let store = Arc::clone(self.tasker.store().await?);
        Ok(self.attempt(store, shutdown).await?)
    }

    /// Waits until it can be held. While the store cannot be reached, it is tried again.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](super::Cancelled) where `shutdown` fires before; the store fails for good, or the length is below 1 s.
    pub async fn hold(&self, shutdown: &Shutdown) -> Result<Hold, Failure> {
        let mut wakes = self.tasker.store().await.map_err(Failure::new)?.wakes();
        loop {
            shutdown.check().map_err(Failure::new)?;
            match self.try_hold(shutdown).await {
                Ok(Some(hold)) => return Ok(hold),
                Ok(None) => {}
                Err(Error::Store(error)) if error.is_transient() => {
                    tracing::warn!(lease = self.name, %error, "could not take a lease; trying again");
                }
                Err(error) => return Err(Failure::new(error)),
            }
            let freed = async { while !matches!(wakes.next().await, Wake::Control | Wake::Gap) {} };
            let look = tokio::time::timeout(LOOK_EVERY, freed);
            let _ = shutdown
                .run_until_cancelled(look)
                .await
                .map_err(Failure::new)?;
        }
    }

    async fn attempt(
        &self,
        store: Arc<dyn Store>,
        shutdown: &Shutdown,
    ) -> Result<Option<Hold>, StoreError> {
        let holder = WorkerId::generate();
        let beaten = Monotonic::now();
        let Held::Yes { token } = store.hold(&self.name, holder, self.length).await? else {
            return Ok(None);
        };
        let held = Arc::new(Holding {
            store,
            name: self.name.clone(),
            holder,
            token,
            shutdown: shutdown.child(),
            is_over: AtomicBool::new(false),
        });
        let beating = Arc::clone(&held);
        let pulse = Pulse::of(self.length);
        let beat = carried(async move { beating.beat(pulse, beaten).await });
        Ok(Some(Hold {
            held,
            _beat: Bound(tokio::spawn(beat)),
        }))
    }
}

/// A named lease in one's hands. Dropped, it is given back soon; where there is no runtime, or the store does not
/// answer, it ends by itself.
#[derive(Debug)]
pub struct Hold {
    held: Arc<Holding>,
    _beat: Bound<()>,
}

#[derive(Debug)]
struct Holding {
    store: Arc<dyn Store>,
    name: String,
    holder: WorkerId,
    token: i64,
    shutdown: Shutdown,
    /// Given back, or lost.
    is_over: AtomicBool,
}

impl Hold {
    /// Fires when the lease is lost, and with the [`Shutdown`] under which it was taken: what depends on the lease
    /// should end.
    pub fn shutdown(&self) -> &Shutdown {
        &self.held.shutdown
    }

    /// The number of this hold, which only grows for a name: what is written elsewhere under the lease can carry it, so
    /// that a later holder's writes are told from an earlier one's.
    pub fn token(&self) -> i64 {
        self.held.token
    }

    /// Gives it back. Harmless when repeated, and when it is lost.
    pub async fn let_go(&self) {
        self.held.let_go().await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let held = Arc::clone(&self.held);
        if !held.is_over.load(Ordering::SeqCst)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { held.let_go().await });
        }
    }
}

impl Holding {
    /// Keeps the lease until it is lost.
    async fn beat(&self, pulse: Pulse, mut beaten: Monotonic) {
        let mut wait = pulse.every;
        loop {
            tokio::time::sleep(wait).await;
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let sent = Monotonic::now();
            let end = beaten + pulse.lease.saturating_sub(pulse.fence);
            let extended = (self.store).extend(&self.name, self.holder, self.token, pulse.lease);
            wait = match tokio::time::timeout_at(end, extended).await {
                Ok(Ok(Held::Yes { .. })) => {
                    beaten = sent;
                    pulse.every
                }
                Ok(Ok(Held::No)) => return self.lost(),
                Ok(Err(error)) if Monotonic::now() + pulse.retry < end => {
                    tracing::warn!(lease = self.name, %error, "could not extend a lease; trying again");
                    pulse.retry
                }
                Ok(Err(_)) | Err(_) => return self.lost(),
            };
        }
    }

    fn lost(&self) {
        if !self.is_over.swap(true, Ordering::SeqCst) {
            tracing::warn!(lease = self.name, "a lease was lost");
            self.shutdown.cancel();
        }
    }

    async fn let_go(&self) {
        if self.is_over.swap(true, Ordering::SeqCst) {
            return;
        }
        self.shutdown.cancel();
        if let Err(error) = (self.store)
            .let_go(&self.name, self.holder, self.token)
            .await
        {
            tracing::warn!(lease = self.name, %error, "could not give a lease back; it will end by itself");
        }
    }
}
