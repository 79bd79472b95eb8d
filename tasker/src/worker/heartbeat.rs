//! The heartbeat: keeps a worker's lease alive from a thread of its own.
//!
//! In: the store and what the worker is. Out: [`News`] for the settler. The thread runs its own small runtime
//! over its own connection, so neither handlers that block every thread of the application nor ones that hold
//! every connection stop it.
//!
//! It also owns the worker's identity. When the store says the worker is lost, or when no beat got through
//! until shortly before the lease ends, the incarnation is over: the settler is told, and a new one joins.
//! A beat that fails is tried again well before the lease ends, so a short trouble harms nobody.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{Beat, Lease, NewWorker, Store, StoreError, WorkerId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::identity;

/// When the worker beats, and what that means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulse {
    /// How long a beat keeps the lease alive. Default: 30 s.
    pub(crate) lease: Duration,
    /// How long between beats. Default: 5 s.
    pub(crate) every: Duration,
    /// How long after a failed beat it is tried again. Default: 1 s.
    pub(crate) retry: Duration,
    /// How long before the end of the lease the worker gives itself up. Default: 5 s.
    pub(crate) fence: Duration,
}

impl Pulse {
    /// The defaults, in proportion, for another length of the lease.
    pub(crate) fn of(lease: Duration) -> Self {
        Self {
            lease,
            every: lease / 6,
            retry: (lease / 30).min(Duration::from_secs(1)),
            fence: lease / 6,
        }
    }
}

/// What the heartbeat tells the settler.
#[derive(Debug)]
pub(crate) enum News {
    /// The worker is on the list, under this id.
    Joined(WorkerId),
    /// These attempts should end.
    Cancel(Vec<Lease>),
    /// The incarnation is over; another `Joined` follows.
    Fenced,
    /// The first join failed for good.
    Refused(StoreError),
}

/// How long closing its connection may take at the end.
const CLOSING: Duration = Duration::from_millis(500);

/// A heartbeat at work. It ends when `stop` fires.
pub(crate) struct Heartbeat {
    pub(crate) news: mpsc::UnboundedReceiver<News>,
    pub(crate) stop: CancellationToken,
    /// Fires when the thread is done.
    pub(crate) done: CancellationToken,
}

/// Starts the thread. `worker` is what joins; its id is replaced for each incarnation.
pub(crate) fn start(
    store: Arc<dyn Store>,
    worker: NewWorker,
    pulse: Pulse,
) -> std::io::Result<Heartbeat> {
    let (sender, news) = mpsc::unbounded_channel();
    let (stop, done) = (CancellationToken::new(), CancellationToken::new());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread_stop = stop.clone();
    let guard = done.clone().drop_guard();
    thread::Builder::new()
        .name("tasker-heartbeat".into())
        .spawn(move || {
            let _done = guard;
            runtime.block_on(async {
                let Some(own) = thread_stop
                    .run_until_cancelled(own_handle(&store, pulse, &sender))
                    .await
                else {
                    return;
                };
                let Some(own) = own else { return };
                let beating = beat_for_ever(own.as_ref(), worker, pulse, sender);
                thread_stop.run_until_cancelled(beating).await;
                // Left open, a file keeps its journal beside it; that is no reason to hold up the process.
                let _ = tokio::time::timeout(CLOSING, own.close()).await;
            });
            // A connection may still be closing; it must not hold up the process.
            runtime.shutdown_background();
        })?;
    Ok(Heartbeat { news, stop, done })
}

async fn beat_for_ever(
    store: &dyn Store,
    mut worker: NewWorker,
    pulse: Pulse,
    news: mpsc::UnboundedSender<News>,
) {
    let mut first = true;
    loop {
        worker.id = WorkerId::generate();
        let id = worker.id;
        // Counted from before the call: the store's lease cannot end earlier than ours.
        let joined = loop {
            let before = Monotonic::now();
            match join(store, &mut worker, first).await {
                Ok(()) => break before,
                Err(error) if first && !error.is_transient() => {
                    let _ = news.send(News::Refused(error));
                    return;
                }
                Err(error) => tracing::warn!(%error, "could not join; trying again"),
            }
            tokio::time::sleep(pulse.retry).await;
        };
        first = false;
        let _ = news.send(News::Joined(id));
        live(store, id, joined, pulse, &news).await;
        tracing::warn!(worker = %id, "this worker's lease is over; joining anew");
        let _ = news.send(News::Fenced);
    }
}

/// Puts the worker on the list, in the place of those that it finds there and that are gone.
async fn join(store: &dyn Store, worker: &mut NewWorker, first: bool) -> Result<(), StoreError> {
    let listed = store.workers().await?;
    identity::place(worker, &listed, first);
    store.join(worker.clone()).await
}

/// Beats until the incarnation is over.
async fn live(
    store: &dyn Store,
    id: WorkerId,
    joined: Monotonic,
    pulse: Pulse,
    news: &mpsc::UnboundedSender<News>,
) {
    let mut alive_at = joined;
    // From the beginning of a call that got through to that of the next: one that took long must not be all of the lease.
    let until_next = |begun: Monotonic| pulse.every.saturating_sub(begun.elapsed());
    let mut wait = until_next(joined);
    loop {
        tokio::time::sleep(wait).await;
        let before = Monotonic::now();
        let limit = (alive_at + pulse.lease - pulse.fence).saturating_duration_since(before);
        match tokio::time::timeout(limit, store.beat(id)).await {
            Ok(Ok(Beat::Alive { cancel })) => {
                alive_at = before;
                wait = until_next(before);
                if !cancel.is_empty() {
                    let _ = news.send(News::Cancel(cancel));
                }
            }
            Ok(Ok(Beat::Lost)) => return,
            Ok(Err(error)) => {
                tracing::warn!(worker = %id, %error, "a heartbeat failed; trying again");
                wait = pulse.retry;
            }
            Err(_) => {}
        }
        if alive_at.elapsed() + pulse.fence >= pulse.lease {
            return;
        }
    }
}

/// A handle with connections of its own; `None` where there will never be one.
async fn own_handle(
    store: &Arc<dyn Store>,
    pulse: Pulse,
    news: &mpsc::UnboundedSender<News>,
) -> Option<Arc<dyn Store>> {
    loop {
        match store.detach().await {
            Ok(own) => return Some(own),
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "no connection for the heartbeat; trying again");
                tokio::time::sleep(pulse.retry).await;
            }
            Err(error) => {
                let _ = news.send(News::Refused(error));
                return None;
            }
        }
    }
}
