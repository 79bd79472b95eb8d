//! The settler: the worker's one voice towards the store, and the owner of its slots.
//!
//! In: outcomes from the executors, news from the heartbeat, wakes from the store, the phase of a stop. Out:
//! exchanges (see `flights`), and a new attempt for each job they bring. Invariants: running attempts never outnumber the
//! slots, and claimed and unsettled jobs never the slots and the prefetch; a job held in the `backlog` starts after its mark is
//! in the store; no claim is sent by a worker that is fenced or stopping; notes of an attempt are
//! sent before its finish.

use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{
    Capability, Claim, Claimed, Fate, Finish, Lease, Store, StoreError, Wake, Wakes, WorkerId,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Summary;
use super::events::{Events, WorkerEvent};
use super::exchange::{Exchange, Exchanged, not_started, pause_after};
use super::executor::{Attempt, Done};
use super::flights::Flights;
use super::heartbeat::News;
use super::phase::{Phase, Stopper};
use super::remaining::{self, Left};
use super::slots::Slots;
use super::state::{OFTEN, RARELY, State};
use crate::client::Tasker;
use crate::task::Context;

/// How long a stop waits in each phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For handlers to end in peace. Default: 25 s.
    pub(crate) grace: Duration,
    /// For handlers whose token fired. Default: 3 s.
    pub(crate) after_cancel: Duration,
    /// For the store to take the last outcomes.
    pub(crate) after_release: Duration,
}

/// How often notes of running attempts are flushed.
const NOTE_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Settler {
    pub(crate) tasker: Tasker,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: WorkerId,
    /// How many attempts run at a time, and how many jobs are held beyond them.
    pub(crate) concurrency: u32,
    pub(crate) prefetch: u32,
    pub(crate) slots: Slots,
    pub(crate) known: Arc<[String]>,
    pub(crate) events: Events,
    pub(crate) stopper: Stopper,
    pub(crate) news: mpsc::UnboundedReceiver<News>,
    pub(crate) patience: Patience,
    pub(crate) lease: Duration,
    pub(crate) fence: Duration,
    pub(crate) until_empty: bool,
}

impl Settler {
    /// Settles until the worker has stopped; gives the id it had last, and what it did.
    pub(crate) async fn run(mut self) -> Result<(WorkerId, Summary), StoreError> {
        let (done, mut dones) = mpsc::unbounded_channel();
        let mut phase = self.stopper.watch();
        let mut wakes = self.store.work_wakes();
        let mut notes = tokio::time::interval(NOTE_EVERY);
        let mut state = State::new(done, self.stopper.watch(), self.lease, self.prefetch);
        let parallel = self.store.capabilities().has(Capability::Parallel);
        let mut flights = Flights::new(parallel, self.concurrency + self.prefetch);
        self.enter(&mut state);
        self.trust(&mut state, &wakes);
        loop {
            while let Some(exchange) = self.next_exchange(&mut state, &flights) {
                flights.begin(exchange, Arc::clone(&self.store));
            }
            if state.abandoned || (flights.is_empty() && state.is_over()) {
                return Ok((self.id, state.summary));
            }
            tokio::select! {
                Some(exchanged) = flights.next() => {
                    self.settled(&mut state, exchanged);
                    self.gather(&mut state, &mut dones).await;
                }
                Some(done) = dones.recv() => {
                    self.done(&mut state, done);
                    if flights.is_empty() {
                        self.gather(&mut state, &mut dones).await;
                    }
                }
                Some(news) = self.news.recv() => self.heard(&mut state, news)?,
                wake = more_to_do(&mut wakes) => {
                    state.hungry = true;
                    if wake == Wake::Gap {
                        self.trust(&mut state, &wakes);
                    }
                }
                _ = notes.tick() => state.chatty = true,
                Ok(()) = phase.changed() => self.enter(&mut state),
                () = tokio::time::sleep_until(state.next_deadline().into()) => {
                    self.due(&mut state, flights.is_empty()).await;
                }
            }
        }
    }

    /// Looks as often by itself as wakes can be trusted. Whether everything has ended is never told.
    fn trust(&self, state: &mut State, wakes: &Wakes) {
        state.looks = match wakes.are_prompt() && !self.until_empty {
            true => RARELY,
            false => OFTEN,
        };
        state.look = state.looks.first;
        state.look_at = state.look_at.min(Monotonic::now() + state.look);
    }

    /// Lets attempts run for as long as that ends some, so that short ones, the newest too, go with the same exchange.
    /// Where none ends at once this costs one turn of the scheduler; there is no timer.
    async fn gather(&mut self, state: &mut State, dones: &mut mpsc::UnboundedReceiver<Done>) {
        loop {
            tokio::task::yield_now().await;
            let before = state.finishes.len();
            while let Ok(done) = dones.try_recv() {
                self.done(state, done);
            }
            if state.finishes.len() == before {
                return;
            }
        }
    }

    fn next_exchange(&self, state: &mut State, flights: &Flights) -> Option<Exchange> {
        if state.retry_at.is_some() || !flights.may_begin(state.finishes.len()) {
            return None;
        }
        let compare = state.alive && state.doubt.is_due();
        let to_say = compare || state.chatty || !state.unsent.is_empty() || state.failures > 0;
        if to_say && !flights.is_empty() {
            return None;
        }
        if std::mem::take(&mut state.chatty) {
            state.unsent.extend(state.roster.send_notes());
        }
        let running = *state.phase.borrow() == Phase::Run && state.alive && !compare;
        let rest = state
            .finishes
            .split_off(flights.share(state.finishes.len()));
        let finishes = std::mem::replace(&mut state.finishes, rest);
        let claim = match running && (state.hungry || state.flowing) {
            true => self.claim(state, &finishes, flights),
            false => None,
        };
        let free = state.free(self.concurrency);
        let started = match running {
            true => state.backlog.mark(free, Monotonic::now()),
            false => None,
        };
        let nothing = claim.is_none() && started.is_none() && finishes.is_empty();
        if nothing && state.unsent.is_empty() && !compare {
            return None;
        }
        // What wakes arrive from here on ask for another look.
        state.hungry &= claim.is_none();
        let sealed = finishes.iter().filter_map(|finish| {
            let seal = state.roster.sealed(finish.lease);
            Some((finish.lease, seal?))
        });
        Some(Exchange {
            worker: self.id,
            notes: std::mem::take(&mut state.unsent),
            sealed: sealed.collect(),
            finishes,
            started,
            claim,
            resent: state.doubt.resent(),
            compare: compare.then(|| state.queues.keys().copied().collect()),
        })
    }

    /// What to claim beside these finishes: what starts at once first, then what is held.
    fn claim(&self, state: &mut State, finishes: &[Finish], flights: &Flights) -> Option<Claim> {
        let queues = &state.queues;
        let freed = (finishes.iter()).filter_map(|finish| queues.get(&finish.lease));
        let freed = freed.map(String::as_str);
        let (asked, added) = (flights.asked, flights.added);
        let mut claim = self.slots.claim(freed, &self.known, asked, added)?;
        let spoken_for = state.backlog.len() + flights.starting;
        claim.start = state.free(self.concurrency).saturating_sub(spoken_for);
        state.backlog.number(&mut claim);
        Some(claim)
    }

    fn settled(&mut self, state: &mut State, exchanged: Exchanged) {
        for (finish, fate) in exchanged.settled {
            state.roster.settled(finish.lease);
            if let Some(queue) = state.queues.remove(&finish.lease) {
                self.slots.give_back(&queue);
            }
            state.doubt.settled(finish.lease);
            match fate {
                Fate::Applied(job) => {
                    state.summary.count(&finish.outcome, job);
                    self.events.send(WorkerEvent::Ended(finish.lease.job, job));
                }
                Fate::Stale => self.lost(finish.lease),
            }
        }
        for lease in exchanged.stale_notes {
            // One that came after the transaction that finished the job. If that is not what happened, its finish
            // will tell.
            if state.roster.sealed(lease).is_some() {
                continue;
            }
            state.roster.cancel(lease);
            self.lost(lease);
        }
        state.unsent.extend(exchanged.unsent);
        if exchanged.compared {
            state.doubt.compared(exchanged.claimed.jobs.len());
        }
        let is_ours = exchanged.worker == self.id;
        if is_ours && let Some(recorded) = exchanged.started {
            state.backlog.marked(recorded, Monotonic::now());
            if !recorded && exchanged.error.is_none() {
                // Off the list: the heartbeat will hear of it, and others have these jobs.
                self.drop_held(state);
            }
        }
        match exchanged.error {
            Some(error) => {
                let sent = exchanged.sent;
                state
                    .doubt
                    .arose(exchanged.unsettled.iter().filter(|_| sent));
                state.failures += 1;
                state.hungry = true;
                let pause = pause_after(state.failures);
                tracing::warn!(%error, ?pause, "the store did not settle; trying again");
                state.retry_at = Some(Monotonic::now() + pause);
            }
            // A comparison only reads: that it went well says nothing of what is to be written.
            None if exchanged.compared => {}
            None => state.failures = 0,
        }
        state.finishes.extend(exchanged.unsettled);
        let claimed = exchanged.claimed.jobs.len();
        if claimed > 0 {
            state.look = state.looks.first;
        }
        if exchanged.asked > 0 && state.failures == 0 {
            state.look_at = Monotonic::now() + state.look;
            // As many as were asked for: there may be more.
            state.flowing = claimed as u32 >= exchanged.asked;
            state.hungry |= state.flowing;
        }
        let idle = exchanged.asked > 0 && state.failures == 0 && !state.hungry;
        for job in exchanged.claimed.jobs {
            self.slots.take(&job.queue);
            state.queues.insert(job.lease(), job.queue.clone());
            let may_start = state.alive && is_ours && *state.phase.borrow() == Phase::Run;
            match (may_start, job.held) {
                (true, None) => self.start(state, job),
                (true, Some(_)) => state.backlog.hold(job),
                // Claimed while the stop, or the end of the lease, was on its way.
                (false, _) => state.finishes.push(not_started(job.lease())),
            }
        }
        self.start_held(state);
        // Last: whoever stops an idle worker finds the jobs of this claim started, not on their way back.
        if idle {
            self.events.send(WorkerEvent::Idle);
        }
    }

    /// Starts what is held, as far as slots are free and the store knows of it.
    fn start_held(&mut self, state: &mut State) {
        while state.free(self.concurrency) > 0
            && let Some(job) = state.backlog.next()
        {
            self.start(state, job);
        }
    }

    fn start(&mut self, state: &mut State, job: Claimed) {
        let Some(task) = self.tasker.registry().get(&job.alias) else {
            state.finishes.push(not_started(job.lease()));
            return;
        };
        let job = Arc::new(job);
        let context = Context::new(
            task.alias,
            Some(Arc::clone(&job)),
            CancellationToken::new(),
            Arc::clone(self.tasker.states()),
            self.tasker.clone(),
            false,
        );
        self.events.send(WorkerEvent::Started(job.id));
        let attempt = Attempt {
            task,
            job: Arc::clone(&job),
            context: context.clone(),
            phase: state.phase.clone(),
            done: state.done.clone(),
        };
        let handle = tokio::spawn(attempt.execute()).abort_handle();
        state.roster.add(job, context, handle);
    }

    fn done(&mut self, state: &mut State, done: Done) {
        match done {
            Done::Finished { finish, busy } => {
                // `None`: it was given up, and its finish with it.
                let Some(job) = state.roster.remove(finish.lease) else {
                    return;
                };
                state.backlog.ended();
                if busy {
                    // Another slot is held by the thread, after the one that the finish gives back.
                    self.slots.take(&job.queue);
                    state.busy += 1;
                }
                state.finishes.push(*finish);
            }
            Done::Returned { queue } => {
                self.slots.give_back(&queue);
                state.busy = state.busy.saturating_sub(1);
            }
        }
        self.start_held(state);
    }

    fn heard(&mut self, state: &mut State, news: News) -> Result<(), StoreError> {
        match news {
            News::Joined(id) => {
                self.id = id;
                state.alive = true;
                state.hungry = true;
                self.events.send(WorkerEvent::Joined(id));
            }
            News::Cancel(leases) => {
                for lease in leases {
                    match state.backlog.remove(lease) {
                        // The store makes it end canceled.
                        Some(_) => state.finishes.push(not_started(lease)),
                        None => state.roster.cancel(lease),
                    }
                }
            }
            News::Fenced => {
                self.drop_fenced(state);
                self.drop_held(state);
                state.alive = false;
                state.roster.cancel_all();
                state.fenced = state.roster.leases();
                state.drop_at = Some(Monotonic::now() + self.fence);
                self.events.send(WorkerEvent::Fenced);
            }
            News::Refused(error) => return Err(error),
        }
        Ok(())
    }

    /// Enters the phase of the stop that was asked for.
    fn enter(&mut self, state: &mut State) {
        let phase = *state.phase.borrow_and_update();
        if phase != Phase::Run {
            for job in state.backlog.take_all() {
                state.finishes.push(not_started(job.lease()));
            }
        }
        let patience = match phase {
            Phase::Run => return,
            Phase::Drain => self.patience.grace,
            Phase::Cancel => {
                state.roster.cancel_all();
                self.patience.after_cancel
            }
            Phase::Release => {
                for finish in state.roster.give_up_all() {
                    state.summary.forced = true;
                    state.finishes.push(finish);
                }
                self.patience.after_release
            }
        };
        state.phase_ends = Some(Monotonic::now() + patience);
    }

    /// Does what the nearest deadline asks for. The store is asked here only where nothing is under way: an exchange that
    /// is not attended to may hold the one connection that the answer would need.
    async fn due(&mut self, state: &mut State, nothing_under_way: bool) {
        let now = Monotonic::now();
        if state.retry_at.is_some_and(|at| at <= now) {
            state.retry_at = None;
        }
        if state.drop_at.is_some_and(|at| at <= now) {
            self.drop_fenced(state);
        }
        if state.phase_ends.is_some_and(|at| at <= now) {
            state.phase_ends = None;
            let phase = *state.phase.borrow();
            match phase {
                Phase::Run => {}
                Phase::Drain => self.stopper.advance(Phase::Cancel),
                Phase::Cancel => self.stopper.advance(Phase::Release),
                Phase::Release => state.give_up_on_the_store(),
            }
        }
        if state.look_at <= now {
            state.hungry = true;
            state.look = (state.look * 2).min(state.looks.last);
            state.look_at = now + state.look;
            let may_ask = nothing_under_way && state.is_idle();
            if self.until_empty && may_ask && *state.phase.borrow() == Phase::Run {
                self.stop_if_empty().await;
            }
        }
    }

    async fn stop_if_empty(&self) {
        match remaining::look(&self.tasker, &self.known).await {
            Ok(Left::Jobs) => {}
            Ok(Left::Parked(jobs)) => {
                if jobs > 0 {
                    tracing::warn!(
                        jobs,
                        "left in the queue: their queue is paused, or their task disabled or unknown here"
                    );
                }
                self.stopper.stop();
            }
            Err(error) => tracing::warn!(%error, "could not see whether the queue is empty"),
        }
    }

    /// Drops what has outlived its lease; not what was claimed since, under the new one.
    fn drop_fenced(&mut self, state: &mut State) {
        state.drop_at = None;
        // Others may have started these jobs, so nothing is handed back.
        for lease in state.roster.drop_those(&std::mem::take(&mut state.fenced)) {
            if let Some(queue) = state.queues.remove(&lease) {
                self.slots.give_back(&queue);
                state.hungry = true;
            }
        }
    }

    /// Drops what was held under a lease that is over: others have it.
    fn drop_held(&mut self, state: &mut State) {
        for job in state.backlog.take_all() {
            state.queues.remove(&job.lease());
            self.slots.give_back(&job.queue);
            state.hungry = true;
        }
    }

    fn lost(&self, lease: Lease) {
        tracing::warn!(job = %lease.job, "the lease of this job was lost; its outcome here does not count");
        self.events.send(WorkerEvent::LostLease(lease.job));
    }
}

/// Waits for news that there may be jobs to claim. Due times and ends of jobs are none, and must not turn the settler's
/// whole loop.
async fn more_to_do(wakes: &mut Wakes) -> Wake {
    loop {
        match wakes.next().await {
            Wake::Due(_) | Wake::Finished(_) => {}
            wake => return wake,
        }
    }
}
