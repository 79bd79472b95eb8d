//! The desk: what the tasks of a writer work with, and the next ones after them: where the store is, the connection that
//! writes, its time, and whom to tell of news.
//!
//! In: what is to be begun and committed. Out: exchanges, and the news they made. Invariants: a connection that was given up is
//! not used again (see `turn`). Read next: `writer`.

use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tokio::sync::watch;

use crate::clock::{Clock, Instant};
use crate::error::{Result, StoreError};
use crate::sql::address::{Address, IDLE};
use crate::sql::batch::Batch;
use crate::sql::dialect::{Dialect, Lanes};
use crate::sql::exchange::{Exchange, Seen};
use crate::sql::fault::{failed, is_busy};
use crate::sql::link::Link;
use crate::sql::outbox::{News, Outbox};
use crate::sql::patience::Patience;
use crate::sql::server_clock::ServerClock;
use crate::sql::session::Session;
use crate::sql::writer::ROUND;
use crate::wake::{Wake, Waker};

/// How long a batch may take on a server before its connection counts as dead. Longer than any batch should take; a
/// connection whose packets go nowhere says nothing by itself for minutes.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The same for a sign of life, of which there are to be several within a lease: it changes one row, and may be repeated.
const BEAT_WITHIN: Duration = Duration::from_secs(5);
/// The same for everything else that is neither an enqueue nor a settle: sweeps and changes of the schema may be long.
const SWEEP_WITHIN: Duration = Duration::from_secs(60);
/// How long a connection that is given up may take to close.
pub(crate) const CLOSED_WITHIN: Duration = Duration::from_secs(1);

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
    pub(crate) async fn disconnect_from(&self, turn: u64) {
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

    /// Begins a transaction, waiting for others that hold the lock, and reconnecting once.
    pub(crate) async fn begin(&self, patience: Patience) -> Result<Exchange<'static>, Unbegun> {
        self.begin_with(None, false, patience).await
    }

    /// The same over a connection that the caller keeps, where there is such a thing. A `direct` exchange has no transaction.
    pub(crate) async fn begin_with(
        &self,
        mut own: Option<&mut Own>,
        direct: bool,
        mut patience: Patience,
    ) -> Result<Exchange<'static>, Unbegun> {
        let mut reconnected = false;
        loop {
            let turn = self.turn();
            match self.begin_once(own.as_deref_mut(), direct).await {
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

    async fn begin_once(
        &self,
        own: Option<&mut Own>,
        direct: bool,
    ) -> Result<Exchange<'static>, Unbegun> {
        let begun = self.try_begin(own, direct);
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

    async fn try_begin(
        &self,
        own: Option<&mut Own>,
        direct: bool,
    ) -> Result<Exchange<'static>, DbErr> {
        if self.dialect.clock.is_none() {
            let (connection, now) = (self.connection().await?, || self.clock.now());
            return Exchange::begin(&connection, self.dialect, now, &self.seen).await;
        }
        let now = self.now().await?;
        let link = match own {
            _ if self.address.is_pooled() => self.link().await?,
            #[cfg(feature = "server")]
            Some(own) => {
                let session = own.take(self).await?;
                Link::over(session, self.dialect.backend, direct).await?
            }
            _ => {
                // Only a connection that is kept can do without a transaction.
                let _ = direct;
                let connection = self.connection().await?;
                return Exchange::begin(&connection, self.dialect, || now, &self.seen).await;
            }
        };
        Ok(Exchange::over(link, self.dialect, now, &self.seen))
    }

    /// Begins a transaction that the migrator can use.
    pub(crate) async fn begin_migration(&self) -> Result<Exchange<'static>> {
        let Some((before, _)) = self.address.around_migration() else {
            let begun = self.begin(Patience::new()).await;
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

    /// Commits, and tells the news. Gives the connection, where it was the writer's.
    pub(crate) async fn commit(
        self: &Arc<Self>,
        exchange: Exchange<'static>,
    ) -> Result<Option<Session>> {
        self.look_again(exchange.look_again);
        let (news, session) = exchange.commit().await?;
        if let Some(outbox) = &self.outbox {
            outbox.post(self, &news);
        }
        let is_awaited = self.waker.is_awaited();
        for wake in news {
            if is_awaited || !matches!(wake, Wake::Finished(_)) {
                self.waker.wake(wake);
            }
        }
        Ok(session)
    }

    /// Has the workers of this process look for ready jobs after `pause`, where there is one.
    pub(crate) fn look_again(self: &Arc<Self>, pause: Option<Duration>) {
        let Some(pause) = pause else { return };
        let desk = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(desk) = desk.upgrade() {
                desk.waker.wake(Wake::Ready);
            }
        });
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
    pub(crate) async fn out_of_patience(&self, patience: Duration, turn: u64) {
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
    pub(crate) fn patience(&self, batch: &Batch) -> Duration {
        match self.dialect.lanes {
            // Who waits for a lock waits in the database, and [`Patience`] bounds that.
            Lanes::One => Duration::MAX,
            Lanes::Several { .. } if batch.is_hot() => ANSWER_WITHIN,
            Lanes::Several { .. } if batch.is_small() => BEAT_WITHIN,
            Lanes::Several { .. } => SWEEP_WITHIN,
        }
    }
}

/// The connection that a task of the writer keeps from batch to batch; none where the database is no server.
#[derive(Debug, Default)]
pub(crate) struct Own {
    session: Option<Session>,
    /// Which connection of the desk's it was taken from.
    turn: u64,
}

impl Own {
    /// Takes it for a batch; another where there is none, or where it leads to a server that was given up.
    #[cfg(feature = "server")]
    async fn take(&mut self, desk: &Desk) -> Result<Session, DbErr> {
        if self.turn != desk.turn() {
            self.close().await;
        }
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        self.turn = desk.turn();
        Session::open(&desk.connection().await?).await
    }

    /// Keeps it after a batch.
    pub(crate) fn keep(&mut self, session: Option<Session>) {
        self.session = session;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// Waits until it is of no more use: for long nobody has asked for it, or its server was given up.
    pub(crate) async fn outlived(&self, desk: &Desk) {
        let mut turns = desk.turn.subscribe();
        let given_up = turns.wait_for(|now| *now != self.turn);
        let _ = tokio::time::timeout(IDLE, given_up).await;
    }

    /// Gives it up.
    pub(crate) async fn close(&mut self) {
        #[cfg(feature = "server")]
        if let Some(session) = self.session.take() {
            // A server that does not answer is not waited for.
            let _ = tokio::time::timeout(CLOSED_WITHIN, session.close()).await;
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
