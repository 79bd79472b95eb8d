//! The writer: one task that owns the connection that writes.
//!
//! In: operations, each with the sender of its reply. Out: the replies, after the commit. Whatever waits when the
//! writer is free goes into one transaction: natural group commit, without a timer, so a lone call costs one
//! round trip and a crowd shares one. Where such a batch fails, each of its operations is run alone, so that a bad
//! one fails by itself.
//!
//! Invariants: an operation whose caller has gone before it was begun is left out; a claim whose caller went
//! meanwhile is undone by the next batch. The task starts with the first call, on the runtime that makes it, and
//! ends with the store; where it dies (a panic, a runtime shut down) the next call starts another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::DatabaseConnection;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::batch::{self, Batch, Request};
use crate::sql::dialect::Dialect;
use crate::sql::exchange::{Exchange, Seen, failed};
use crate::sql::patience::Patience;
use crate::sql::sqlite::{self, Address};
use crate::wake::{Wake, Waker};

/// How many calls may wait; further ones wait for a place.
const WAITING: usize = 4096;

/// The sending side: starts the task and talks to it.
#[derive(Debug)]
pub(crate) struct Writer {
    desk: Arc<Desk>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    sender: mpsc::Sender<Request>,
    task: JoinHandle<()>,
}

/// What a writer task works with, and the next one after it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) address: Address,
    pub(crate) dialect: &'static Dialect,
    pub(crate) clock: Clock,
    pub(crate) waker: Waker,
    connection: tokio::sync::Mutex<Option<DatabaseConnection>>,
    seen: Mutex<Seen>,
}

impl Desk {
    pub(crate) fn new(
        address: Address,
        dialect: &'static Dialect,
        clock: Clock,
        waker: Waker,
    ) -> Self {
        Self {
            address,
            dialect,
            clock,
            waker,
            connection: tokio::sync::Mutex::new(None),
            seen: Mutex::default(),
        }
    }

    /// The connection that writes, opened where there is none.
    pub(crate) async fn connection(&self) -> Result<DatabaseConnection> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = &*slot {
            return Ok(connection.clone());
        }
        let connection = sqlite::write_connection(&self.address).await?;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Closes it; the next use opens another. One in memory is kept, since its content would go with it.
    pub(crate) async fn disconnect(&self) {
        if self.address.file.is_none() {
            return;
        }
        if let Some(connection) = self.connection.lock().await.take() {
            // It is of no use any more, whatever closing it says.
            let _ = connection.close().await;
        }
    }

    /// Begins a transaction with the write lock, waiting for others that hold it, and reconnecting once.
    pub(crate) async fn begin(&self) -> Result<Exchange> {
        let mut patience = Patience::new();
        let mut reconnected = false;
        loop {
            let connection = self.connection().await?;
            let seen = std::mem::take(&mut *self.seen());
            let error =
                match Exchange::begin(&connection, self.dialect, || self.clock.now(), seen).await {
                    Ok(exchange) => return Ok(exchange),
                    Err((error, seen)) => {
                        *self.seen() = seen;
                        error
                    }
                };
            if sqlite::is_busy(&error) {
                if !patience.wait().await {
                    return Err(failed("write", error));
                }
            } else if reconnected {
                return Err(failed("write", error));
            } else {
                reconnected = true;
                self.disconnect().await;
            }
        }
    }

    /// Commits, and tells the news.
    pub(crate) async fn commit(&self, exchange: Exchange) -> Result<()> {
        let (news, seen) = exchange.commit().await?;
        *self.seen() = seen;
        if self.waker.is_heard() {
            news.into_iter().for_each(|wake| self.waker.wake(wake));
        }
        Ok(())
    }

    /// Undoes what was begun.
    pub(crate) async fn roll_back(&self, exchange: Exchange) {
        let seen = exchange.roll_back().await;
        *self.seen() = seen;
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            running: Mutex::new(None),
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
            let sender = self.sender(op)?;
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

    /// Ends the task when it has done what waits.
    pub(crate) async fn stop(&self) {
        let running = self.lock().take();
        if let Some(Running { sender, task }) = running {
            drop(sender);
            // A task that panicked has stopped too.
            let _ = task.await;
        }
    }

    fn sender(&self, op: &'static str) -> Result<mpsc::Sender<Request>> {
        let mut running = self.lock();
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
        let task = runtime.spawn(write(self.desk.clone(), receiver));
        *running = Some(Running {
            sender: sender.clone(),
            task,
        });
        Ok(sender)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task: gather, write, answer, until nobody can ask any more.
async fn write(desk: Arc<Desk>, mut requests: mpsc::Receiver<Request>) {
    let mut left: VecDeque<Request> = VecDeque::new();
    loop {
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
        while !batch.is_full() {
            match left.pop_front().map_or_else(|| requests.try_recv(), Ok) {
                Ok(request) => batch.add(request),
                Err(_) => break,
            }
        }
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
async fn carry_out(desk: &Desk, mut batch: Batch) -> Vec<Request> {
    batch.drop_abandoned();
    if batch.is_empty() {
        return Vec::new();
    }
    match attempt(desk, &mut batch).await {
        Ok(()) => batch.answer(),
        Err(Attempt::NotBegun(error)) => batch.fail(&error),
        Err(Attempt::Failed(error)) if batch.len() == 1 => batch.fail(&error),
        Err(Attempt::Failed(_)) => {
            let mut left = Vec::new();
            for mut alone in batch.split() {
                match attempt(desk, &mut alone).await {
                    Ok(()) => left.extend(alone.answer()),
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
    NotBegun(StoreError),
    Failed(StoreError),
}

async fn attempt(desk: &Desk, batch: &mut Batch) -> Result<(), Attempt> {
    let mut exchange = desk.begin().await.map_err(Attempt::NotBegun)?;
    match batch.run(&mut exchange).await {
        Ok(()) => desk.commit(exchange).await.map_err(Attempt::Failed),
        Err(error) => {
            desk.roll_back(exchange).await;
            Err(Attempt::Failed(error))
        }
    }
}

fn stopped(op: &'static str) -> StoreError {
    StoreError::new(
        ErrorKind::Unavailable,
        op,
        "the store's writer stopped before it answered: call again",
    )
}

/// Asks the writer whether others have written: the task of `watch`.
pub(crate) async fn others_wrote(desk: &Desk, known: &mut Option<i64>) -> bool {
    let Ok(connection) = desk.connection().await else {
        return true;
    };
    let Ok(version) = sqlite::data_version(&connection).await else {
        return true;
    };
    known
        .replace(version)
        .is_some_and(|before| before != version)
}

/// Tells everybody that something may have been missed.
pub(crate) fn tell_gap(desk: &Desk) {
    desk.waker.wake(Wake::Gap);
}
