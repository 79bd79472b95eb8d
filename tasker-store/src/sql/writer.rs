//! The writer: the tasks that write, each a batch at a time.
//!
//! In: operations, each with the sender of its reply. Out: the replies, after the commit. Whatever waits when a
//! task is free goes into one transaction: natural group commit, without a timer, so a lone call costs one
//! round trip and a crowd shares one. Where such a batch fails, each of its operations is run alone, so that a bad
//! one fails by itself. SQLite has one lock for all writing, so one task owns the connection that writes; a server
//! has a few for each kind of call ([`Lanes`]).
//!
//! Invariants: an operation whose caller has gone before it was begun is left out; a claim whose caller went
//! meanwhile is undone by the next batch. Tasks start with the first call, on the runtime that makes it, and
//! end with the store; where they die (a panic, a runtime shut down) the next call starts others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::batch::{self, Batch, Lane, Request};
use crate::sql::desk::{Desk, Own, Unbegun};
use crate::sql::dialect::Lanes;
use crate::sql::patience::Patience;

/// How many calls may wait; further ones wait for a place.
const WAITING: usize = 4096;

/// How long a batch waits for somebody else's lock before it takes in what has come meanwhile and waits on.
pub(crate) const ROUND: Duration = Duration::from_secs(1);
/// How often a batch that met a conflict with another transaction is begun again at once.
const CONFLICTS: u32 = 20;

/// The sending side: starts the tasks and talks to them.
#[derive(Debug)]
pub(crate) struct Writer {
    desk: Arc<Desk>,
    /// By [`Lane`]; where there is one for all, only the first is used.
    running: [Mutex<Option<Running>>; 3],
}

#[derive(Debug)]
struct Running {
    sender: mpsc::Sender<Request>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            running: [const { Mutex::new(None) }; 3],
        }
    }

    /// What the task works with.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Hands a request to the task.
    pub(crate) async fn send(&self, op: &'static str, mut request: Request) -> Result<()> {
        // A task that ends between the look and the send is replaced; one that ends each time is a failure.
        for _ in 0..3 {
            let sender = self.sender(op, request.lane())?;
            match sender.send(request).await {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(unsent)) => request = unsent,
            }
        }
        Err(stopped(op))
    }

    /// Waits for the answer to a request.
    pub(crate) async fn answer<A>(
        op: &'static str,
        reply: oneshot::Receiver<Result<A>>,
    ) -> Result<A> {
        reply.await.unwrap_or_else(|_| Err(stopped(op)))
    }

    /// Ends the tasks when they have done what waits.
    pub(crate) async fn stop(&self) {
        for lane in [Lane::Enqueue, Lane::Settle, Lane::Other] {
            let running = self.lock(lane).take();
            if let Some(Running { sender, tasks }) = running {
                drop(sender);
                for task in tasks {
                    // One that panicked has stopped too.
                    let _ = task.await;
                }
            }
        }
    }

    fn sender(&self, op: &'static str, lane: Lane) -> Result<mpsc::Sender<Request>> {
        let mut running = self.lock(lane);
        if let Some(running) = running
            .as_ref()
            .filter(|running| !running.sender.is_closed())
        {
            return Ok(running.sender.clone());
        }
        let runtime = Handle::try_current().map_err(|e| {
            StoreError::new(
                ErrorKind::Unsupported,
                op,
                "the store is used outside of a tokio runtime",
            )
            .caused_by(e)
        })?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        let tasks = match (self.desk.dialect.lanes, lane) {
            (Lanes::One, _) | (_, Lane::Other) => 1,
            (Lanes::Several { enqueue, .. }, Lane::Enqueue) => enqueue,
            (Lanes::Several { settle, .. }, Lane::Settle) => settle,
        };
        let tasks = (0..tasks)
            .map(|_| runtime.spawn(write(self.desk.clone(), Arc::clone(&receiver))))
            .collect();
        *running = Some(Running {
            sender: sender.clone(),
            tasks,
        });
        Ok(sender)
    }

    fn lock(&self, lane: Lane) -> std::sync::MutexGuard<'_, Option<Running>> {
        let lane = match self.desk.dialect.lanes {
            Lanes::One => 0,
            Lanes::Several { .. } => lane as usize,
        };
        self.running[lane]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task: gather, write, answer, until nobody can ask any more. While one writes, the next gathers.
async fn write(desk: Arc<Desk>, requests: Arc<tokio::sync::Mutex<mpsc::Receiver<Request>>>) {
    let lanes = desk.dialect.lanes;
    let mut left: VecDeque<Request> = VecDeque::new();
    let mut own = Own::default();
    loop {
        let next = async {
            let mut requests = requests.lock().await;
            let first = match left.pop_front() {
                Some(request) => Some(request),
                None => requests.recv().await,
            };
            (requests, first)
        };
        let (mut requests, first) = tokio::select! {
            biased;
            next = next => next,
            () = own.outlived(&desk), if own.is_open() => {
                own.close().await;
                continue;
            }
        };
        let Some(first) = first else {
            own.close().await;
            return;
        };
        // Those who were answered just now get a turn to ask again, so that they share the batch. A settle is a batch
        // already, and the jobs of its worker, in whose way it would wait, are many.
        if !matches!(first, Request::Settle(_)) {
            gather(&requests).await;
        }
        let mut batch = Batch::default();
        batch.add(first);
        while !batch.is_full(lanes) {
            match left.pop_front().map_or_else(|| requests.try_recv(), Ok) {
                Ok(request) => batch.add(request),
                Err(_) => break,
            }
        }
        drop(requests);
        left.extend(carry_out(&desk, &mut own, batch).await);
    }
}

/// Lets others run for as long as that brings further requests, and a lone one pass at once.
async fn gather(requests: &mpsc::Receiver<Request>) {
    let mut waiting = requests.len();
    loop {
        tokio::task::yield_now().await;
        let now = requests.len();
        if now <= waiting || now >= batch::OPERATIONS {
            return;
        }
        waiting = now;
    }
}

/// Writes a batch and answers it; gives what has to be done because a caller went away.
async fn carry_out(desk: &Arc<Desk>, own: &mut Own, mut batch: Batch) -> Vec<Request> {
    batch.drop_abandoned();
    if batch.is_empty() {
        return Vec::new();
    }
    match attempt(desk, own, &mut batch).await {
        Ok(()) => batch.answer(),
        Err(Attempt::Locked(error)) => batch.wait_on(&error),
        Err(Attempt::NotBegun(error)) => batch.fail(&error),
        // What cannot be reached fails alone too.
        Err(Attempt::Failed(error))
            if batch.len() == 1 || error.kind() == ErrorKind::Unavailable =>
        {
            batch.fail(&error)
        }
        Err(Attempt::Failed(_)) => {
            let mut left = Vec::new();
            for mut alone in batch.split() {
                match attempt(desk, own, &mut alone).await {
                    Ok(()) => left.extend(alone.answer()),
                    Err(Attempt::Locked(error)) => left.extend(alone.wait_on(&error)),
                    Err(Attempt::NotBegun(error) | Attempt::Failed(error)) => {
                        left.extend(alone.fail(&error))
                    }
                }
            }
            left
        }
    }
}

enum Attempt {
    /// Somebody else held the lock.
    Locked(StoreError),
    NotBegun(StoreError),
    Failed(StoreError),
}

/// Writes a batch; where it meets a conflict with another transaction, again, since that is gone by then; where its
/// connection broke, once more over another, if twice is as good as once.
async fn attempt(desk: &Arc<Desk>, own: &mut Own, batch: &mut Batch) -> Result<(), Attempt> {
    let (mut conflicts, mut reconnected) = (0, false);
    loop {
        let patience = desk.patience(batch);
        let turn = desk.turn();
        let done = tokio::select! {
            biased;
            done = attempt_once(desk, own, batch) => Some(done),
            () = desk.out_of_patience(patience, turn) => None,
        };
        let error = match done {
            Some(Err(Attempt::Failed(error))) if error.kind() == ErrorKind::Conflict => error,
            Some(Err(Attempt::Failed(error)))
                if error.kind() == ErrorKind::Unavailable && desk.dialect.lanes != Lanes::One =>
            {
                // The others of the pool have most likely broken too, and each would fail a batch.
                desk.disconnect_from(turn).await;
                if reconnected || !batch.is_repeatable() {
                    return Err(Attempt::Failed(error));
                }
                tracing::debug!(%error, "once more over another connection");
                reconnected = true;
                continue;
            }
            Some(done) => return done,
            None => {
                // What was sent may have arrived. The connection is given up: the answer would never be read.
                desk.disconnect_from(turn).await;
                return Err(Attempt::NotBegun(no_answer()));
            }
        };
        conflicts += 1;
        if conflicts > CONFLICTS {
            return Err(Attempt::Failed(error));
        }
        tracing::debug!(%error, conflicts, "another transaction was in the way; again");
        Patience::new().wait().await;
    }
}

async fn attempt_once(desk: &Arc<Desk>, own: &mut Own, batch: &mut Batch) -> Result<(), Attempt> {
    let direct = batch.is_direct(desk.dialect);
    let patience = Patience::of(ROUND);
    let begun = desk.begin_with(Some(own), direct, patience).await;
    let mut exchange = begun.map_err(|error| match error {
        Unbegun::Locked(_) => Attempt::Locked(error.of("write")),
        Unbegun::Failed(_) => Attempt::NotBegun(error.of("write")),
    })?;
    match batch.run(&mut exchange).await {
        Ok(()) => {
            let session = desk.commit(exchange).await.map_err(Attempt::Failed)?;
            own.keep(session);
            Ok(())
        }
        Err(error) => {
            desk.look_again(exchange.look_again);
            own.keep(exchange.roll_back().await);
            Err(Attempt::Failed(error))
        }
    }
}

fn no_answer() -> StoreError {
    StoreError::new(
        ErrorKind::Unavailable,
        "write",
        "the database did not answer in time: the connection is given up",
    )
}

fn stopped(op: &'static str) -> StoreError {
    StoreError::new(
        ErrorKind::Unavailable,
        op,
        "the store's writer stopped before it answered: call again",
    )
}
