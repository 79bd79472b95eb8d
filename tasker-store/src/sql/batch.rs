//! A batch: the operations that share one transaction, and how their answers find their callers.
//!
//! Enqueues are one statement together and so are finishes; a claim is one each, after them; everything else
//! runs in the order it came. Calls that wait at the same moment have no order among each other, so moving them is
//! nothing a caller can see.

use std::time::{Duration, Instant as Monotonic};

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::error::{ErrorKind, Result, StoreError};
use crate::job::Enqueued;
use crate::lease::Lease;
use crate::settle::Settled;
use crate::sql::dialect::{Dialect, Lanes};
use crate::sql::enqueue::{self, NewRows};
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::patience::SPAN;
use crate::sql::settle::{self, GiveBack, Settling};

/// The most operations of one batch.
pub(crate) const OPERATIONS: usize = 512;
/// The most rows after which a batch takes no further operation.
const ROWS: usize = 4_000;
/// How long an enqueue waits for somebody else's lock; everything else waits for [`SPAN`]. Where it is the caller's own
/// transaction that has the lock, it would be in vain for ever.
const ENQUEUE_SPAN: Duration = Duration::from_secs(5);

/// An operation on its way to the writer.
pub(crate) enum Request {
    Enqueue(Asked<NewRows, Vec<Enqueued>>),
    Settle(Asked<Settling, Settled>),
    Other(Box<dyn Ask>),
}

/// Which of a writer's lanes a request takes, where it has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Enqueue,
    Settle,
    Other,
}

impl Request {
    pub(crate) fn lane(&self) -> Lane {
        match self {
            Request::Enqueue(_) => Lane::Enqueue,
            Request::Settle(_) => Lane::Settle,
            Request::Other(_) => Lane::Other,
        }
    }

    /// Wraps an operation that shares no statement with others.
    pub(crate) fn of<O: Operation>(operation: O) -> (Self, oneshot::Receiver<Result<O::Answer>>) {
        let (asked, reply) = Asked::new(operation);
        (Request::Other(Box::new(asked)), reply)
    }
}

/// A request with its caller and, once it is carried out, its answer.
pub(crate) struct Asked<R, A> {
    pub(crate) request: R,
    pub(crate) answer: Option<A>,
    reply: oneshot::Sender<Result<A>>,
    since: Monotonic,
}

impl<R, A> Asked<R, A> {
    pub(crate) fn new(request: R) -> (Self, oneshot::Receiver<Result<A>>) {
        let (reply, receiver) = oneshot::channel();
        (
            Self {
                request,
                answer: None,
                reply,
                since: Monotonic::now(),
            },
            receiver,
        )
    }

    /// Answers; gives the answer back where the caller is gone.
    fn finish(self) -> Result<(), A> {
        match self.answer {
            Some(answer) => self.reply.send(Ok(answer)).map_err(|unsent| match unsent {
                Ok(answer) => answer,
                Err(_) => unreachable!("an answer was sent"),
            }),
            None => Ok(()),
        }
    }

    fn has_waited(&self, span: Duration) -> bool {
        self.since.elapsed() >= span
    }

    fn fail(self, error: &StoreError) {
        // A caller that is gone needs no error.
        let _ = self.reply.send(Err(error.shared()));
    }
}

/// An operation of any type, with its caller.
#[async_trait]
pub(crate) trait Ask: Send {
    fn is_abandoned(&self) -> bool;
    fn is_whole(&self) -> bool;
    fn has_waited(&self, span: Duration) -> bool;
    fn is_small(&self) -> bool;
    async fn run(&mut self, tx: &mut Exchange<'_>) -> Result<()>;
    fn answer(self: Box<Self>);
    fn fail(self: Box<Self>, error: &StoreError);
}

#[async_trait]
impl<O: Operation> Ask for Asked<O, O::Answer> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn is_whole(&self) -> bool {
        self.request.is_whole()
    }

    fn has_waited(&self, span: Duration) -> bool {
        Asked::has_waited(self, span)
    }

    fn is_small(&self) -> bool {
        self.request.is_small()
    }

    async fn run(&mut self, tx: &mut Exchange<'_>) -> Result<()> {
        tx.op = self.request.op();
        self.answer = Some(self.request.run(tx).await?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        // The change is made, whether or not its caller still waits.
        let _ = self.finish();
    }

    fn fail(self: Box<Self>, error: &StoreError) {
        Asked::fail(*self, error);
    }
}

/// Operations that share a transaction.
#[derive(Default)]
pub(crate) struct Batch {
    enqueues: Vec<Asked<NewRows, Vec<Enqueued>>>,
    settles: Vec<Asked<Settling, Settled>>,
    others: Vec<Box<dyn Ask>>,
    rows: usize,
}

impl Batch {
    pub(crate) fn add(&mut self, request: Request) {
        match request {
            Request::Enqueue(asked) => {
                self.rows += asked.request.rows.len();
                self.enqueues.push(asked);
            }
            Request::Settle(asked) => {
                self.rows += asked.request.rows();
                self.settles.push(asked);
            }
            Request::Other(asked) => self.others.push(asked),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.enqueues.len() + self.settles.len() + self.others.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it takes no further request. Where several lanes write, a settle is a batch of its own, so that each can be
    /// one statement, and so is anything that is neither settle nor enqueue.
    pub(crate) fn is_full(&self, lanes: Lanes) -> bool {
        let shared = lanes == Lanes::One || (self.settles.is_empty() && self.others.is_empty());
        !shared || self.len() >= OPERATIONS || self.rows >= ROWS
    }

    /// Whether somebody's work waits for it: it enqueues or settles.
    pub(crate) fn is_hot(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether it is a sign of life.
    pub(crate) fn is_small(&self) -> bool {
        matches!(self.others.as_slice(), [other] if other.is_small())
    }

    /// Whether carrying it out twice is as good as once: a job whose id is in the store is not taken again.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.settles.is_empty() && self.others.iter().all(|other| other.is_small())
    }

    /// Whether it needs no transaction: one statement is all of it, or what it does need not happen together.
    pub(crate) fn is_direct(&self, dialect: &Dialect) -> bool {
        if dialect.lanes == Lanes::One {
            return false;
        }
        match (self.settles.as_slice(), self.others.as_slice()) {
            ([], []) => {
                let unique = |asked: &Asked<NewRows, _>| asked.request.has_unique();
                self.rows <= dialect.statements.enqueue.most() && !self.enqueues.iter().any(unique)
            }
            ([settle], []) if self.enqueues.is_empty() => settle.request.is_plain(dialect),
            ([], [other]) if self.enqueues.is_empty() => !other.is_whole(),
            _ => false,
        }
    }

    /// Leaves out those nobody waits for any more.
    pub(crate) fn drop_abandoned(&mut self) {
        self.enqueues.retain(|asked| !asked.reply.is_closed());
        self.settles.retain(|asked| !asked.reply.is_closed());
        self.others.retain(|asked| !asked.is_abandoned());
    }

    /// Carries all of it out. The answers are kept until the commit.
    pub(crate) async fn run(&mut self, tx: &mut Exchange<'_>) -> Result<()> {
        if !self.enqueues.is_empty() {
            tx.op = "enqueue";
            enqueue::run(tx, &mut self.enqueues).await?;
        }
        if !self.settles.is_empty() {
            tx.op = "settle";
            settle::run(tx, &mut self.settles).await?;
        }
        for asked in &mut self.others {
            asked.run(tx).await?;
        }
        Ok(())
    }

    /// One batch for each operation.
    pub(crate) fn split(self) -> Vec<Batch> {
        let enqueues = self.enqueues.into_iter().map(Request::Enqueue);
        let settles = self.settles.into_iter().map(Request::Settle);
        let others = self.others.into_iter().map(Request::Other);
        enqueues
            .chain(settles)
            .chain(others)
            .map(|request| {
                let mut alone = Batch::default();
                alone.add(request);
                alone
            })
            .collect()
    }

    /// Gives the answers out. What comes back is to be carried out: jobs whose claimer is gone go back.
    pub(crate) fn answer(self) -> Vec<Request> {
        for asked in self.enqueues {
            // The jobs are in the store, whether or not their caller still waits.
            let _ = asked.finish();
        }
        let orphans: Vec<Lease> = self
            .settles
            .into_iter()
            .filter_map(|asked| asked.finish().err())
            .flat_map(|settled| settled.jobs.into_iter().map(|job| job.lease()))
            .collect();
        self.others.into_iter().for_each(Ask::answer);
        if orphans.is_empty() {
            return Vec::new();
        }
        vec![Request::Other(Box::new(Unheard(GiveBack::unstarted(
            orphans,
        ))))]
    }

    /// Somebody else holds the lock: tells those who have waited for long enough, and gives back the others, who wait on.
    pub(crate) fn wait_on(self, error: &StoreError) -> Vec<Request> {
        let mut left = Vec::new();
        for asked in self.enqueues {
            match asked.has_waited(ENQUEUE_SPAN) {
                true => asked.fail(&own_lock(error)),
                false => left.push(Request::Enqueue(asked)),
            }
        }
        for asked in self.settles {
            match asked.has_waited(SPAN) {
                true => asked.fail(error),
                false => left.push(Request::Settle(asked)),
            }
        }
        for asked in self.others {
            match asked.has_waited(SPAN) {
                true => asked.fail(error),
                false => left.push(Request::Other(asked)),
            }
        }
        left
    }

    /// Tells all of them that it failed.
    pub(crate) fn fail(self, error: &StoreError) -> Vec<Request> {
        self.enqueues
            .into_iter()
            .for_each(|asked| asked.fail(error));
        self.settles.into_iter().for_each(|asked| asked.fail(error));
        self.others.into_iter().for_each(|asked| asked.fail(error));
        Vec::new()
    }
}

/// What to say to an enqueue that has waited in vain.
fn own_lock(error: &StoreError) -> StoreError {
    let detail = format!(
        "the database's write lock was taken for {ENQUEUE_SPAN:?}: where your own transaction has it, put the job into \
         that with `.within(&tx)`; else end the transaction that keeps it"
    );
    StoreError::new(ErrorKind::Unavailable, "enqueue", detail).caused_by(error.shared())
}

/// An operation the writer gives itself.
struct Unheard(GiveBack);

#[async_trait]
impl Ask for Unheard {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn has_waited(&self, _: Duration) -> bool {
        // Nobody waits for it, but the jobs do.
        false
    }

    fn is_small(&self) -> bool {
        false
    }

    async fn run(&mut self, tx: &mut Exchange<'_>) -> Result<()> {
        self.0.run(tx).await.map(drop)
    }

    fn answer(self: Box<Self>) {}

    fn fail(self: Box<Self>, error: &StoreError) {
        // They stay under their worker's lease and come back with it.
        tracing::warn!(%error, "claimed jobs whose claimer went away could not be given back");
    }
}
