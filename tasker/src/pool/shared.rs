//! [`Shared`]: the state of a pool, and how work and workers find each other.
//!
//! ```text
//! submit ── place in the queue ──→ admit ──→ an idle worker? ── yes ─→ a new turn, spawned
//!                                            no: the queue
//! a worker that is free ─→ next ──→ work in the queue? ── yes ─→ its next turn
//!                                   no: the shelf, or the end where the pool stops
//! ```
//!
//! There is no task per idle worker: a turn is spawned when work meets an idle worker, and goes on as long as there
//! is work. Invariants, under one lock that is never held across an await nor over a call of foreign code:
//! nobody is idle while work waits; `workers` is the number of slots, never above the maximum; work is in the queue, in
//! `running`, or answered. Read next: `serve` (a turn), `upkeep` (making and destroying), `stop`, `scale`.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::builder::Options;
use super::error::Error;
use super::lanes::Lanes;
use super::manager::Managed;
use super::metrics::{Event, Observer};
use super::queue::Priority;
use super::state::{Phase, State};
use super::work::{Queued, Waiting, Work};
use super::worker::{Slot, Worker};
use super::{health, scale, stop};

pub(super) struct Shared<T: Send + 'static> {
    pub(super) manager: Box<dyn Managed<T>>,
    pub(super) options: Options,
    pub(super) observer: Observer,
    state: Mutex<State<T>>,
    /// Places in the queue.
    pub(super) lanes: Lanes,
    /// The runtime the pool was first used in.
    runtime: OnceLock<Handle>,
    tracker: TaskTracker,
    /// Wakes the scaling from its rest.
    pub(super) pressed: Notify,
    /// Fires when a stop begins.
    pub(super) closing: CancellationToken,
    /// Fires when it has ended.
    pub(super) ended: CancellationToken,
}

/// A worker and what it is to do.
pub(super) type Turn<T> = (Worker<T>, Queued<T>);

impl<T: Send + 'static> Shared<T> {
    pub(super) fn new(manager: Box<dyn Managed<T>>, options: Options, observer: Observer) -> Self {
        Self {
            state: Mutex::new(State::new(options.starvation_bound)),
            lanes: Lanes::new(options.queue, options.high_queue),
            runtime: OnceLock::new(),
            tracker: TaskTracker::new(),
            pressed: Notify::new(),
            closing: CancellationToken::new(),
            ended: CancellationToken::new(),
            manager,
            options,
            observer,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing under the lock panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime the pool lives in: the one it was first used in.
    pub(super) fn runtime(&self) -> Result<&Handle, Error> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = Handle::try_current().map_err(|_| {
            Error::Setup("a pool must first be used inside a tokio runtime".to_owned())
        })?;
        Ok(self.runtime.get_or_init(|| runtime))
    }

    /// The same, where the pool was used at all.
    pub(super) fn used_runtime(&self) -> Option<&Handle> {
        self.runtime.get()
    }

    pub(super) fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        match self.runtime() {
            Ok(runtime) => drop(runtime.spawn(future)),
            // Nothing is spawned before the first use, which has found one.
            Err(error) => tracing::error!(target: "tasker::pool", %error, "nothing was spawned"),
        }
    }

    /// A place in the queue, waited for.
    pub(super) async fn place(&self, priority: Priority) -> Result<SemaphorePermit<'_>, Error> {
        self.runtime()?;
        self.lanes.place(priority).await
    }

    /// A place in the queue, if there is one.
    pub(super) fn try_place(&self, priority: Priority) -> Result<SemaphorePermit<'_>, Error> {
        self.runtime()?;
        self.lanes.try_place(priority)
    }

    /// Takes work in: to an idle worker, or into the queue.
    pub(super) fn admit(
        self: &Arc<Self>,
        queued: Queued<T>,
        priority: Priority,
        place: SemaphorePermit<'_>,
    ) -> Result<(), Error> {
        self.check_open()?;
        let mut state = self.lock();
        if state.phase != Phase::Open {
            drop(state);
            return Err(Error::Stopped);
        }
        state.tally.arrived += 1;
        if let Some(worker) = state.idle.pop() {
            let waiting: Arc<dyn Waiting> = Arc::clone(&queued.work) as _;
            state.running.insert(worker.slot.place, waiting);
            drop(state);
            drop(place);
            self.observer.record_at(Event::Arrived, queued.since);
            self.begin((worker, queued));
            return Ok(());
        }
        let since = queued.since;
        state.queue.push(priority, queued);
        place.forget();
        let starts = !std::mem::replace(&mut state.started, true);
        let missing = self.options.workers.max(1).saturating_sub(state.workers);
        let slots = self.slots(&mut state, missing);
        drop(state);
        self.observer.record_at(Event::Arrived, since);
        self.observer.emitter().queued(1.0);
        if starts {
            self.start_actors();
        }
        self.pressed.notify_one();
        self.hire(slots);
        Ok(())
    }

    /// What a free worker does next: `None` where it went to the shelf, or to its end. `ran` is how long it was
    /// busy.
    pub(super) fn next(
        self: &Arc<Self>,
        mut worker: Worker<T>,
        ran: Option<Duration>,
    ) -> Option<Turn<T>> {
        // Dropped after the lock: what it holds is the application's.
        let _ended;
        let mut state = self.lock();
        _ended = state.running.remove(worker.slot.place);
        state.tally.add(ran);
        if worker.slot.temporary {
            drop(state);
            self.retire(worker);
            return None;
        }
        let taken = match state.phase {
            Phase::Cut => None,
            Phase::Open | Phase::Draining => state.queue.pop(),
        };
        match taken {
            Some((queued, lane)) => {
                let waiting: Arc<dyn Waiting> = Arc::clone(&queued.work) as _;
                state.running.insert(worker.slot.place, waiting);
                drop(state);
                self.free_place(lane);
                Some((worker, queued))
            }
            None if state.phase == Phase::Open => {
                worker.idle_since = self.options.probe_every.map(|_| Instant::now());
                state.idle.push(worker);
                None
            }
            None => {
                drop(state);
                self.retire(worker);
                None
            }
        }
    }

    /// Lets a worker do what is next, in a task of its own.
    pub(super) fn release(self: &Arc<Self>, worker: Worker<T>, ran: Option<Duration>) {
        if let Some(turn) = self.next(worker, ran) {
            self.begin(turn);
        }
    }

    /// Begins a turn in a task of its own.
    pub(super) fn begin(self: &Arc<Self>, turn: Turn<T>) {
        // Boxed, since a spawn moves its future about, and this one has a kilobyte.
        self.spawn(Box::pin(Arc::clone(self).serve(turn)));
    }

    /// An idle worker for somebody outside the queue, or a slot to make a resource in.
    pub(super) fn borrow(
        self: &Arc<Self>,
        waiting: &Arc<dyn Waiting>,
    ) -> Result<Result<Worker<T>, Slot<T>>, Error> {
        self.runtime()?;
        self.check_open()?;
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Err(Error::Stopped);
        }
        let (place, found) = match state.idle.pop() {
            Some(worker) => (worker.slot.place, Ok(worker)),
            None => {
                state.temporary += 1;
                let slot = self.slot(&mut state, true);
                (slot.place, Err(slot))
            }
        };
        state.running.insert(place, Arc::clone(waiting));
        drop(state);
        self.observer.record(Event::Arrived);
        Ok(found)
    }

    /// Cancels work for its caller: answers it, tells it to end, and takes it out of the queue.
    pub(super) fn cancel(&self, work: &Arc<dyn Work<T>>) {
        let control = work.control();
        if !control.settle() {
            return;
        }
        self.observer.record(Event::Canceled);
        work.refuse(Error::Canceled);
        control.abort();
        let mut state = self.lock();
        let removed = state.queue.remove(|queued| Arc::ptr_eq(&queued.work, work));
        drop(state);
        if let Some((_, lane)) = removed {
            self.free_place(lane);
        }
    }

    /// Counts up to `wanted` new workers, as many as the maximum allows; the caller hires them.
    pub(super) fn slots(self: &Arc<Self>, state: &mut State<T>, wanted: usize) -> Vec<Slot<T>> {
        let room = self.options.max_workers.saturating_sub(state.workers);
        let count = wanted.min(room);
        state.workers += count;
        state.starting += count;
        let starting = |_| {
            let mut slot = self.slot(state, false);
            slot.starting = true;
            slot
        };
        (0..count).map(starting).collect()
    }

    /// Forgets a worker whose slot is gone.
    pub(super) fn forget(self: &Arc<Self>, slot: &Slot<T>) {
        let mut state = self.lock();
        let ended = state.running.vacate(slot.place);
        match slot.temporary {
            true => state.temporary -= 1,
            false => state.workers -= 1,
        }
        state.starting -= usize::from(slot.starting);
        // The last one may go while work waits: a `start` that was dropped, a resource whose drop panics. Revived
        // once, until a worker is there again, since in a runtime that has ended this would never end.
        let is_stranded = state.workers == 0 && !state.queue.is_empty();
        let revives = is_stranded && state.phase == Phase::Open && !state.revived;
        state.revived |= revives;
        let slots = self.slots(&mut state, usize::from(revives));
        // Nor is there anybody to answer what waits, then.
        let left = match is_stranded && state.phase == Phase::Open && !revives {
            true => state.queue.drain(),
            false => Vec::new(),
        };
        drop(state);
        drop(ended);
        self.hire(slots);
        for (queued, lane) in left {
            let control = queued.work.control();
            if control.settle() {
                self.observer.record(Event::Canceled);
                queued.work.refuse(Error::Stopped);
            }
            control.abort();
            self.free_place(lane);
        }
    }

    /// Whoever decides on the pool's behalf, from its first use on.
    pub(super) fn start_actors(self: &Arc<Self>) {
        if let Some(every) = self.options.scale_every
            && self.options.max_workers > self.options.workers
        {
            self.spawn(scale::run(Arc::clone(self), every));
        }
        if let Some(every) = self.options.probe_every {
            self.spawn(health::run(Arc::clone(self), every));
        }
        if let Some(token) = self.options.stop_on.clone() {
            self.spawn(stop::on(Arc::clone(self), token));
        }
    }

    /// Marks the pool as used; whether it was not before.
    pub(super) fn mark_started(&self) -> bool {
        !std::mem::replace(&mut self.lock().started, true)
    }

    fn check_open(&self) -> Result<(), Error> {
        match &self.options.stop_on {
            Some(token) if token.is_cancelled() => Err(Error::Stopped),
            _ => Ok(()),
        }
    }

    fn slot(self: &Arc<Self>, state: &mut State<T>, temporary: bool) -> Slot<T> {
        Slot {
            place: state.running.place(),
            temporary,
            starting: false,
            shared: Arc::downgrade(self),
            _alive: self.tracker.token(),
        }
    }

    /// Somebody has left the queue, and this lane if it was in one.
    pub(super) fn free_place(&self, lane: Option<Priority>) {
        self.observer.emitter().queued(-1.0);
        if let Some(priority) = lane {
            self.lanes.free(priority);
        }
    }
}
