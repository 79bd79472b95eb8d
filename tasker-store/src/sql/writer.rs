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
use std::time::{Duration, Instant as Monotonic};

use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::clock::{Clock, Instant};
use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::address::Address;
use crate::sql::batch::{self, Batch, Lane, Request};
use crate::sql::dialect::{Dialect, Lanes};
use crate::sql::exchange::{Exchange, Seen};
use crate::sql::fault::{failed, is_busy};
use crate::sql::link::Link;
use crate::sql::outbox::{News, Outbox};
use crate::sql::patience::Patience;
use crate::sql::server_clock::ServerClock;
use crate::wake::{Wake, Waker};

/// How many calls may wait; further ones wait for a place.
const WAITING: usize = 4096;

/// How long a batch may take on a server before its connection counts as dead. Longer than any batch should take; a
/// connection whose packets go nowhere says nothing by itself for minutes.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The same for a sign of life, of which there are to be several within a lease: it changes one row, and may be repeated.
const BEAT_WITHIN: Duration = Duration::from_secs(5);
/// The same for everything else that is neither an enqueue nor a settle: sweeps and changes of the schema may be long.
const SWEEP_WITHIN: Duration = Duration::from_secs(60);
/// How long a batch waits for somebody else's lock before it takes in what has come meanwhile and waits on.
const ROUND: Duration = Duration::from_secs(1);
/// How long a connection that is given up may take to close.
pub(crate) const CLOSED_WITHIN: Duration = Duration::from_secs(1);
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

/// What the tasks of a writer work with, and the next ones after them.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) address: Address,
    pub(crate) dialect: &'static Dialect,
    pub(crate) waker: Waker,
    pub(crate) clock: Clock,
    server_clock: ServerClock,
    connection: tokio::sync::Mutex<Option<DatabaseConnection>>,
    /// Which one it is, in the order they were opened: several may find the same one broken. Changes with the lock held.
    turn: watch::Sender<u64>,
    seen: Seen,
    /// What tells other processes; `None` where nothing can.
    pub(crate) outbox: Option<Outbox>,
}

impl Desk {
    pub(crate) fn new(address: Address, clock: Clock, waker: Waker) -> Self {
        Self {
            dialect: address.dialect(),
            outbox: address.tells_others().then(Outbox::default),
            address,
            clock,
            waker,
            server_clock: ServerClock::default(),
            connection: tokio::sync::Mutex::default(),
            turn: watch::Sender::new(0),
            seen: Seen::default(),
        }
    }

    /// The connection that writes, opened where there is none.
    pub(crate) async fn connection(&self) -> Result<DatabaseConnection, DbErr> {
        let mut open = self.connection.lock().await;
        if let Some(connection) = &*open {
            return Ok(connection.clone());
        }
        let connection = self.address.write_pool().await?;
        *open = Some(connection.clone());
        Ok(connection)
    }

    /// Which connection is the next to be used.
    pub(crate) fn turn(&self) -> u64 {
        *self.turn.borrow()
    }

    /// Closes it; the next use opens another. One in memory is kept, since its content would go with it.
    pub(crate) async fn disconnect(&self) {
        self.disconnect_from(self.turn()).await;
    }

    /// The same, unless another than that of `turn` is in use by now.
    async fn disconnect_from(&self, turn: u64) {
        if self.address.is_in_memory() {
            return;
        }
        let mut open = self.connection.lock().await;
        if self.turn() != turn {
            return;
        }
        self.turn.send_modify(|turn| *turn += 1);
        let left = open.take();
        drop(open);
        // Another server may answer next time, and have another clock.
        self.server_clock.forget();
        if let Some(connection) = left {
            // It is of no use any more, whatever closing it says. A server that does not answer is not waited for.
            let closing = async move { connection.close().await };
            let _ = tokio::time::timeout(CLOSED_WITHIN, closing).await;
        }
    }

    /// What is known to exist.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The store's time.
    pub(crate) async fn now(&self) -> Result<Instant, DbErr> {
        let (Clock::Store, Some(words)) = (&self.clock, self.dialect.clock) else {
            return Ok(self.clock.now());
        };
        if let Some(now) = self.server_clock.now() {
            return Ok(now);
        }
        let link = self.link().await?;
        let statement = Statement::from_string(self.dialect.backend, words);
        // The first answer of a connection comes late, since it is made first.
        for first in [true, false] {
            let asked = Monotonic::now();
            let row = link.query_one_raw(statement.clone()).await?;
            let micros = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
            if !first {
                return Ok(self.server_clock.set(micros, asked));
            }
        }
        unreachable!("the second answer was returned")
    }

    /// What single statements go over.
    async fn link(&self) -> Result<Link<'static>, DbErr> {
        self.address.link(self.connection().await?).await
    }

    /// Begins, waiting for others that hold the lock, and reconnecting once. A `direct` exchange has no transaction.
    pub(crate) async fn begin(
        &self,
        direct: bool,
        mut patience: Patience,
    ) -> Result<Exchange<'static>, Unbegun> {
        let mut reconnected = false;
        loop {
            let turn = self.turn();
            match self.begin_once(direct).await {
                Ok(exchange) => return Ok(exchange),
                Err(Unbegun::Locked(_)) if patience.wait().await => {}
                Err(Unbegun::Failed(_)) if !reconnected => {
                    reconnected = true;
                    self.disconnect_from(turn).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn begin_once(&self, direct: bool) -> Result<Exchange<'static>, Unbegun> {
        let begun = self.try_begin(direct);
        let begun = match self.address.is_in_memory() {
            // There is one connection: whoever has it has the lock.
            true => match tokio::time::timeout(ROUND, begun).await {
                Ok(begun) => begun,
                Err(_) => {
                    let waited = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
                    return Err(Unbegun::Locked(waited));
                }
            },
            false => begun.await,
        };
        begun.map_err(|error| match is_busy(&error) {
            true => Unbegun::Locked(error),
            false => Unbegun::Failed(error),
        })
    }

    async fn try_begin(&self, direct: bool) -> Result<Exchange<'static>, DbErr> {
        let connection = self.connection().await?;
        if self.dialect.clock.is_some() {
            let now = self.now().await?;
            if direct || self.address.is_pooled() {
                let link = self.address.link(connection).await?;
                return Ok(Exchange::over(link, self.dialect, now, &self.seen));
            }
            return Exchange::begin(&connection, self.dialect, || now, &self.seen).await;
        }
        Exchange::begin(&connection, self.dialect, || self.clock.now(), &self.seen).await
    }

    /// Begins a transaction that the migrator can use.
    pub(crate) async fn begin_migration(&self) -> Result<Exchange<'static>> {
        let Some((before, _)) = self.address.around_migration() else {
            let begun = self.begin(false, Patience::new()).await;
            return begun.map_err(|e| e.of("open"));
        };
        let begin = async {
            let (now, connection) = (self.now().await?, self.connection().await?);
            let tx = Exchange::begin(&connection, self.dialect, || now, &self.seen).await?;
            tx.connection().execute_unprepared(&before).await?;
            Ok(tx)
        };
        begin.await.map_err(|e| failed("open", e))
    }

    /// Commits it.
    pub(crate) async fn commit_migration(&self, exchange: Exchange<'static>) -> Result<()> {
        if let Some((_, after)) = self.address.around_migration() {
            let done = exchange.connection().execute_unprepared(after).await;
            done.map_err(|e| failed("open", e))?;
        }
        exchange.commit().await.map(drop)
    }

    /// Commits, and tells the news.
    pub(crate) async fn commit(self: &Arc<Self>, exchange: Exchange<'static>) -> Result<()> {
        let news = exchange.commit().await?;
        if let Some(outbox) = &self.outbox {
            outbox.post(self, &news);
        }
        let is_awaited = self.waker.is_awaited();
        for wake in news {
            if is_awaited || !matches!(wake, Wake::Finished(_)) {
                self.waker.wake(wake);
            }
        }
        Ok(())
    }

    /// Tells other processes.
    pub(crate) async fn announce(&self, news: &News) -> Result<(), DbErr> {
        match self.address.announcement(self.waker.id(), news) {
            Some(statement) => {
                let connection = self.connection().await?;
                connection.execute_raw(statement).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// Asks other processes to tell of the ends of jobs, where somebody here waits for some.
    pub(crate) fn say_awaited(self: &Arc<Self>) {
        if let Some(outbox) = self.outbox.as_ref().filter(|_| self.waker.is_awaited()) {
            outbox.say_awaited(self);
        }
    }

    /// Another process asks for that.
    #[cfg(feature = "postgres")]
    pub(crate) fn heard_awaited(&self) {
        if let Some(outbox) = &self.outbox {
            outbox.heard_awaited();
        }
    }

    /// Waits until a batch that was begun on the connection of `turn` should have been answered: after its own time, or, where
    /// that connection has been given up by somebody else, soon.
    async fn out_of_patience(&self, patience: Duration, turn: u64) {
        let given_up = async {
            let mut turns = self.turn.subscribe();
            // It cannot end before the desk does.
            let _ = turns.wait_for(|now| *now != turn).await;
            tokio::time::sleep(BEAT_WITHIN).await;
        };
        tokio::select! {
            () = tokio::time::sleep(patience) => {}
            () = given_up, if patience > ANSWER_WITHIN && self.dialect.lanes != Lanes::One => {}
        }
    }

    /// Within how long a batch must be answered.
    fn patience(&self, batch: &Batch) -> Duration {
        match self.dialect.lanes {
            // Who waits for a lock waits in the database, and [`Patience`] bounds that.
            Lanes::One => Duration::MAX,
            Lanes::Several { .. } if batch.is_hot() => ANSWER_WITHIN,
            Lanes::Several { .. } if batch.is_small() => BEAT_WITHIN,
            Lanes::Several { .. } => SWEEP_WITHIN,
        }
    }
}

/// Why nothing was begun.
#[derive(Debug)]
pub(crate) enum Unbegun {
    /// Somebody else has the lock.
    Locked(DbErr),
    Failed(DbErr),
}

impl Unbegun {
    /// The same as an error of the method `op`.
    pub(crate) fn of(self, op: &'static str) -> StoreError {
        let (Self::Locked(error) | Self::Failed(error)) = self;
        failed(op, error)
    }
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
    loop {
        let mut requests = requests.lock().await;
        let first = match left.pop_front() {
            Some(request) => request,
            None => match requests.recv().await {
                Some(request) => request,
                None => return,
            },
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
        left.extend(carry_out(&desk, batch).await);
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
async fn carry_out(desk: &Arc<Desk>, mut batch: Batch) -> Vec<Request> {
    batch.drop_abandoned();
    if batch.is_empty() {
        return Vec::new();
    }
    match attempt(desk, &mut batch).await {
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
                match attempt(desk, &mut alone).await {
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
async fn attempt(desk: &Arc<Desk>, batch: &mut Batch) -> Result<(), Attempt> {
    let (mut conflicts, mut reconnected) = (0, false);
    loop {
        let patience = desk.patience(batch);
        let turn = desk.turn();
        let done = tokio::select! {
            biased;
            done = attempt_once(desk, batch) => Some(done),
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

async fn attempt_once(desk: &Arc<Desk>, batch: &mut Batch) -> Result<(), Attempt> {
    let direct = batch.is_direct(desk.dialect);
    let begun = desk.begin(direct, Patience::of(ROUND)).await;
    let mut exchange = begun.map_err(|error| match error {
        Unbegun::Locked(_) => Attempt::Locked(error.of("write")),
        Unbegun::Failed(_) => Attempt::NotBegun(error.of("write")),
    })?;
    match batch.run(&mut exchange).await {
        Ok(()) => desk.commit(exchange).await.map_err(Attempt::Failed),
        Err(error) => {
            exchange.roll_back().await;
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
