//! The settler: the worker's one voice towards the store, and the owner of its slots.
//!
//! In: outcomes from the executors, news from the heartbeat, wakes from the store, the phase of a stop. Out:
//! exchanges, one at a time, and a new attempt for each job they bring. Invariants: claimed and unsettled jobs
//! never outnumber the slots; no claim is sent by a worker that is fenced or stopping; notes of an attempt are
//! sent before its finish.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{
    Claimed, Fate, Finish, JobState, Lease, Store, StoreError, Wake, Wakes, WorkerId,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Summary;
use super::doubt::Doubt;
use super::events::{Events, WorkerEvent};
use super::exchange::{Exchange, Exchanged, not_started, pause_after};
use super::executor::{Attempt, Done};
use super::heartbeat::News;
use super::phase::{Phase, Stopper};
use super::remaining::{self, Left};
use super::roster::{Roster, Said};
use super::slots::Slots;
use crate::client::Tasker;
use crate::task::{BoxFuture, Context};

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

/// How often a worker that has nothing to do looks for jobs by itself: from the first to the last, doubling.
#[derive(Clone, Copy, Debug)]
struct Looks {
    first: Duration,
    last: Duration,
}

/// Where nobody says that other processes wrote.
const OFTEN: Looks = Looks {
    first: Duration::from_millis(100),
    last: Duration::from_secs(2),
};
/// Where that is said within moments. What is lost on the way the lookout notices too.
const RARELY: Looks = Looks {
    first: Duration::from_secs(1),
    last: Duration::from_secs(30),
};
/// How often notes of running attempts are flushed.
const NOTE_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Settler {
    pub(crate) tasker: Tasker,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: WorkerId,
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

struct State {
    roster: Roster,
    finishes: Vec<Finish>,
    queues: HashMap<Lease, String>,
    unsent: Vec<Said>,
    doubt: Doubt,
    summary: Summary,
    done: mpsc::UnboundedSender<Done>,
    phase: watch::Receiver<Phase>,
    /// Whether the worker is on the store's list.
    alive: bool,
    /// Whether there may be jobs to claim.
    hungry: bool,
    /// Whether an exchange may have notes to send.
    chatty: bool,
    looks: Looks,
    look: Duration,
    look_at: Monotonic,
    failures: u32,
    /// When the exchange after one that failed may be made.
    retry_at: Option<Monotonic>,
    /// What ran when the worker was fenced, and when it drops what still does.
    fenced: Vec<Lease>,
    drop_at: Option<Monotonic>,
    /// When a stop goes on to its next phase.
    phase_ends: Option<Monotonic>,
    /// Whether the last outcomes are left unsaid.
    abandoned: bool,
}

impl Settler {
    /// Settles until the worker has stopped; gives the id it had last, and what it did.
    pub(crate) async fn run(mut self) -> Result<(WorkerId, Summary), StoreError> {
        let (done, mut dones) = mpsc::unbounded_channel();
        let mut phase = self.stopper.watch();
        let mut wakes = self.store.work_wakes();
        let mut notes = tokio::time::interval(NOTE_EVERY);
        let mut state = State::new(done, self.stopper.watch(), self.lease);
        let mut in_flight: Option<BoxFuture<'static, Exchanged>> = None;
        self.enter(&mut state);
        self.trust(&mut state, &wakes);
        loop {
            if in_flight.is_none() {
                in_flight = self.next_exchange(&mut state);
            }
            if state.abandoned || (in_flight.is_none() && state.is_over()) {
                return Ok((self.id, state.summary));
            }
            tokio::select! {
                Some(exchanged) = wait_for(&mut in_flight) => {
                    in_flight = None;
                    self.settled(&mut state, exchanged);
                    self.gather(&mut state, &mut dones).await;
                }
                Some(done) = dones.recv() => {
                    self.done(&mut state, done);
                    if in_flight.is_none() {
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
                () = tokio::time::sleep_until(state.next_deadline().into()) => self.due(&mut state).await,
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

    fn next_exchange(&self, state: &mut State) -> Option<BoxFuture<'static, Exchanged>> {
        if state.retry_at.is_some() {
            return None;
        }
        let compare = state.alive && state.doubt.is_due();
        if std::mem::take(&mut state.chatty) {
            state.unsent.extend(state.roster.send_notes());
        }
        let running = *state.phase.borrow() == Phase::Run && state.alive;
        let claim = if running && state.hungry && !compare {
            let freed = state
                .finishes
                .iter()
                .filter_map(|finish| state.queues.get(&finish.lease));
            self.slots.claim(freed.map(String::as_str), &self.known)
        } else {
            None
        };
        let nothing = claim.is_none() && state.finishes.is_empty() && state.unsent.is_empty();
        if nothing && !compare {
            return None;
        }
        // What wakes arrive from here on ask for another look.
        state.hungry &= claim.is_none();
        let finishes = std::mem::take(&mut state.finishes);
        let sealed = finishes.iter().filter_map(|finish| {
            let seal = state.roster.sealed(finish.lease);
            Some((finish.lease, seal?))
        });
        let exchange = Exchange {
            worker: self.id,
            notes: std::mem::take(&mut state.unsent),
            sealed: sealed.collect(),
            finishes,
            claim,
            resent: state.doubt.resent(),
            compare: compare.then(|| state.queues.keys().copied().collect()),
        };
        Some(Box::pin(exchange.carry_out(Arc::clone(&self.store))))
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
        match exchanged.error {
            Some(error) => {
                state.doubt.arose(&exchanged.unsettled);
                state.failures += 1;
                state.hungry = true;
                let pause = pause_after(state.failures);
                tracing::warn!(%error, ?pause, "the store did not settle; trying again");
                state.retry_at = Some(Monotonic::now() + pause);
            }
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
            state.hungry |= claimed as u32 >= exchanged.asked;
        }
        let is_ours = exchanged.worker == self.id;
        let idle = exchanged.asked > 0 && state.failures == 0 && !state.hungry;
        for job in exchanged.claimed.jobs {
            self.start(state, job, is_ours);
        }
        // Last: whoever stops an idle worker finds the jobs of this claim started, not on their way back.
        if idle {
            self.events.send(WorkerEvent::Idle);
        }
    }

    /// Starts a job, unless it `is_ours` no more: claimed by an incarnation that is over, whose lease nobody keeps.
    fn start(&mut self, state: &mut State, job: Claimed, is_ours: bool) {
        self.slots.take(&job.queue);
        state.queues.insert(job.lease(), job.queue.clone());
        let task = self.tasker.registry().get(&job.alias);
        let may_start = state.alive && is_ours;
        let (Some(task), Phase::Run, true) = (task, *state.phase.borrow(), may_start) else {
            // Claimed while the stop, or the end of the lease, was on its way.
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
                if busy {
                    // Another slot is held by the thread, after the one that the finish gives back.
                    self.slots.take(&job.queue);
                }
                state.finishes.push(*finish);
            }
            Done::Returned { queue } => self.slots.give_back(&queue),
        }
    }

    fn heard(&mut self, state: &mut State, news: News) -> Result<(), StoreError> {
        match news {
            News::Joined(id) => {
                self.id = id;
                state.alive = true;
                state.hungry = true;
                self.events.send(WorkerEvent::Joined(id));
            }
            News::Cancel(leases) => leases
                .into_iter()
                .for_each(|lease| state.roster.cancel(lease)),
            News::Fenced => {
                self.drop_fenced(state);
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

    /// Does what the nearest deadline asks for.
    async fn due(&mut self, state: &mut State) {
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
            if self.until_empty && state.is_idle() && *state.phase.borrow() == Phase::Run {
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

    fn lost(&self, lease: Lease) {
        tracing::warn!(job = %lease.job, "the lease of this job was lost; its outcome here does not count");
        self.events.send(WorkerEvent::LostLease(lease.job));
    }
}

impl State {
    fn new(
        done: mpsc::UnboundedSender<Done>,
        phase: watch::Receiver<Phase>,
        lease: Duration,
    ) -> Self {
        Self {
            doubt: Doubt::new(lease),
            roster: Roster::default(),
            finishes: Vec::new(),
            queues: HashMap::new(),
            unsent: Vec::new(),
            summary: Summary::default(),
            done,
            phase,
            alive: true,
            hungry: true,
            chatty: false,
            looks: OFTEN,
            look: OFTEN.first,
            look_at: Monotonic::now() + OFTEN.first,
            failures: 0,
            retry_at: None,
            fenced: Vec::new(),
            drop_at: None,
            phase_ends: None,
            abandoned: false,
        }
    }

    fn is_idle(&self) -> bool {
        self.roster.is_empty() && self.finishes.is_empty()
    }

    fn is_over(&self) -> bool {
        *self.phase.borrow() != Phase::Run && self.is_idle()
    }

    fn next_deadline(&self) -> Monotonic {
        // One that is due is made by the next exchange, whenever that may be made.
        let compare_at = Some(self.doubt.compare_at()).filter(|at| *at > Monotonic::now());
        let others = [self.drop_at, self.phase_ends, self.retry_at, compare_at];
        others
            .into_iter()
            .flatten()
            .fold(self.look_at, Monotonic::min)
    }

    /// The last outcomes could not be handed over in time. Their leases end with the worker's, so the jobs run
    /// again: at least once, as promised.
    fn give_up_on_the_store(&mut self) {
        tracing::error!(
            jobs = self.queues.len(),
            "stopping without the store's answer"
        );
        self.abandoned = true;
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

async fn wait_for(in_flight: &mut Option<BoxFuture<'static, Exchanged>>) -> Option<Exchanged> {
    match in_flight {
        Some(exchange) => Some(exchange.await),
        None => None,
    }
}

impl Summary {
    fn count(&mut self, outcome: &tasker_store::Outcome, state: JobState) {
        use tasker_store::Outcome;
        match (state, outcome) {
            (JobState::Succeeded, _) => self.succeeded += 1,
            (JobState::Failed, _) => self.failed += 1,
            (JobState::Canceled, _) => self.canceled += 1,
            (_, Outcome::Released) => self.released += 1,
            (_, Outcome::Snoozed { .. }) => self.snoozed += 1,
            _ => self.retried += 1,
        }
    }
}
