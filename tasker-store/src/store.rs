//! The contract between the runtime and a backend: what a worker, a client and the maintenance need.
//!
//! In: jobs, outcomes, schedules. Out: answers that say what became of each. Reading and administration are
//! in [`crate::Admin`]. What must hold for every method:
//!
//! - No method takes the caller's clock. Due times go in as [`crate::Due`]; "now" is the store's.
//! - A method is one transaction: it happens as a whole or not at all, and a process that dies during the
//!   call leaves one of the two. When the call returns, the change survives SIGKILL.
//! - A write by an attempt carries its [`Lease`]; a stale one changes nothing and is answered `Stale`.
//! - A method may be called again after an error with [`crate::StoreError::is_transient`].
//! - States change by [`crate::Move`] only.
//!
//! How each method maps onto the stores that are no SQL database, as the test of the seam:
//!
//! | method | Redis: one Lua script | NATS JetStream: job = KV record, its revision = token, stream = ready index |
//! |---|---|---|
//! | `open` | write and compare one key with the layout's version | create the buckets and the stream where they are missing |
//! | `detach`, `close` | a client of its own, let go | a connection of its own, drained |
//! | `enqueue` | `HSET` per job, `ZADD` to the ready or due set; `SET NX` of a unique key, deleted by whatever lets it go | KV create, first of the unique key where there is one, then publish with the job's id as message id, so that a repeat is one message |
//! | `declare` | `HSET` per task and schedule; the sweep of unseen ones in the same script | KV update per task and schedule, by revision |
//! | `join`, `beat`, `leave` | one hash per worker, scored by the end of its lease in a set | KV record per worker, by revision |
//! | `settle` | per finish: compare token, move between sets; per claim: `ZPOPMIN` from the ready sets, `HINCRBY` token | per finish: KV update at the revision, then ack; per claim: pull a batch, KV update at the revision read, nak what is not ours |
//! | `unheard` | the worker's set of running jobs, less the known | the worker's running records, by a KV watch on its prefix, less the known |
//! | `release` | the finish branch of `settle` | KV update, then nak with the delay |
//! | `note` | compare token, `RPUSH` and trim | compare revision, publish to the job's log subject |
//! | `promote` | `ZRANGEBYSCORE` due, move to ready | pull due records from the index of due times (a KV watch with the time in the key), publish |
//! | `rescue` | leases over, per worker its set of running jobs | records of workers whose lease is over, KV update of their jobs, publish |
//! | `prune` | `ZRANGEBYSCORE` on the set of finished jobs | KV purge of records past their time |
//! | `outlook` | the first member of each of those sets | the first key of each of those indexes |
//! | `due`, `fire` | set scored by `next_run_at`; compare version, `ZADD`, enqueue | KV record per schedule; update at its revision decides who enqueues |
//! | `hold`, `extend`, `let_go` | `SET NX PX` with a counter for the token | KV create, update and delete at the revision |
//! | `job` | `HGETALL` | KV get |
//! | `wakes`, `work_wakes` | pub/sub, a lost connection is a gap | a KV watch, a reconnect is a gap |
//!
//! What cannot map is a declared [`crate::Capability`]: JetStream has no transaction over several records, so its
//! `fire` and `enqueue` of many are made whole by repeats with the same ids, and it has neither `Transactions`
//! nor `Queries`; Redis has `Queries` by sets it keeps for them, and no `Transactions`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::admin::Admin;
use crate::capability::Capabilities;
use crate::clock::Due;
use crate::error::Result;
use crate::job::{Enqueued, Job, JobRef, NewJob};
use crate::lease::{Beat, Held, Lease, NewWorker, WorkerId};
use crate::outlook::Outlook;
use crate::schedule::{DueSchedules, Fire, Fired};
use crate::settle::{Claimed, Fate, Note, Settle, Settled, Sweep};
use crate::task::{Declaration, Diff};
use crate::wake::Wakes;

/// Whether opening a store may change its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Migrate {
    /// Bring the schema up to date. Several processes may do so at once: one applies each step, the others wait.
    #[default]
    Up,
    /// Only check that it is; [`crate::ErrorKind::Schema`] where it is not.
    Check,
}

/// A place where jobs and schedules are kept.
#[async_trait]
pub trait Store: Admin + Any + fmt::Debug + Send + Sync + 'static {
    /// What this backend is and can do.
    fn capabilities(&self) -> Capabilities;

    /// Makes the store ready for use. To be called once before anything else; harmless when repeated.
    async fn open(&self, migrate: Migrate) -> Result<()>;

    /// A second handle on the same store with connections of its own, for a thread that runs a runtime of its
    /// own. The heartbeat uses it: handlers that hold every connection, or block every thread, must not stop it.
    async fn detach(&self) -> Result<Arc<dyn Store>>;

    /// Does what waits to be written and closes the connections of this handle, so that a file is left whole and
    /// without a journal beside it. The next call opens others. Harmless when repeated; without it nothing that
    /// a call returned is lost.
    async fn close(&self) -> Result<()>;

    /// Puts jobs into the store: all of them, or none on an error. The answers come in the order given. A job
    /// whose task is disabled, or that is over the [`crate::limits`], is [`Enqueued::Refused`]; the others of the
    /// call are taken. Aliases are compared by [`crate::canonical_alias`], here and everywhere. A job whose id is
    /// in the store already is answered as it was the first time, so that a call may be repeated.
    /// A job due now is `queued` at once, any other `scheduled`.
    ///
    /// Of unique jobs, the first in the order given takes the key, and each later one, in this call or another, meets
    /// it while it is held: what becomes of it then is [`crate::Unique::on_conflict`], and the answer names the holder.
    /// A disabled task comes before a key, an id before both. See [`crate::Unique`] for what a key is, and when it is
    /// held; a conflict is no error, and holds up no other job.
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>>;

    /// Mirrors a binary's tasks and schedules. Inserts what is new; updates what changed; marks all of it as
    /// seen now. A changed rule or zone clears `next_run_at`. A schedule that was `retired` becomes `active`
    /// again, without what waited; one an operator paused stays paused; one that is `broken` and changed becomes `active`, and so does
    /// one that is `completed` and has a new rule or zone. Schedules from code, `active` or `broken`, that nobody
    /// has declared for `retire_after` become `retired`. Whether a task is enabled is
    /// left alone, and so is a soft deletion. A schedule of the declaration whose name one created at run time has is
    /// not taken: [`Diff::taken`].
    async fn declare(&self, declaration: Declaration) -> Result<Diff>;

    /// Announces a worker. Its lease begins now. Those it [replaces](NewWorker::replaces) are off the list from then on, as if
    /// found dead by [`Store::rescue`]: their next beat is [`Beat::Lost`], and the next sweep takes their jobs back, however
    /// long their leases would have been. Who that is the caller decides: the store compares neither names nor processes.
    async fn join(&self, worker: NewWorker) -> Result<()>;

    /// Extends a worker's lease to now plus its length, and says which of its jobs should end. A worker whose
    /// lease is over, but whom nobody has declared dead yet, is alive again.
    async fn beat(&self, worker: WorkerId) -> Result<Beat>;

    /// Takes a worker off the list. Jobs still under its lease are released, as by [`Store::release`], due now.
    /// Harmless when it is not there.
    async fn leave(&self, worker: WorkerId) -> Result<()>;

    /// Records outcomes and claims jobs, in one transaction.
    ///
    /// Finishes come first, in order; each is applied where the job is `running` under that very lease, else
    /// [`Fate::Stale`]. `Succeeded`, `Failed` and `Canceled` end the job and start its retention; with a
    /// retention of zero it is gone when this returns. `Retry` keeps the attempt spent; `Snoozed` and
    /// `Released` give it back. A job whose cancel was requested ends `canceled` whatever the outcome, with its
    /// output kept. Every outcome but `Succeeded`, `Snoozed` and `Released` leaves an [`crate::Attempt`].
    /// `started_at` of an ended job stays; `error` is the message of the latest failure, and is cleared by
    /// nothing.
    ///
    /// Follow-ups are enqueued with their finish, once all finishes of the call are recorded; those of a disabled task
    /// are taken and parked, one that meets a unique key is treated as it asks and nobody is told, and one over the
    /// [`crate::limits`] makes the whole call [`crate::ErrorKind::Invalid`]. `Released` is as [`Store::release`],
    /// due now.
    ///
    /// The claim takes at most `limit` jobs that are `queued`, not soft-deleted, whose queue is not paused,
    /// whose task is not disabled and is among `known`: higher priority first, then due time, then number,
    /// over all the queues asked for. Each becomes `running` under a token one higher than its last, with
    /// one more attempt spent and `started_at` now. A worker whose lease is over claims nothing. Two claims
    /// never take the same job.
    ///
    /// Of the jobs claimed all after the first [`Claim::start`](crate::Claim::start) are held: they are `running` too, but not
    /// started, until a settle with [`Settle::started`](crate::Settle::started) at or above their number has returned. A held job whose worker dies, or leaves,
    /// goes back with its attempt, whatever kind it is and as often as that happens.
    async fn settle(&self, settle: Settle) -> Result<Settled>;

    /// The jobs `running` under the lease of `worker` that are not among `known`, each as its claim gave it, in the order
    /// they should start. Changes nothing.
    ///
    /// For a worker whose settle failed: it may have been carried out with its answer lost on the way, and nobody rescues
    /// jobs whose worker lives. Since a call that is given up here may still arrive there, it is to be asked again from time to
    /// time. Not while a settle of the same worker is under way, whose jobs it would give too.
    async fn unheard(&self, worker: WorkerId, known: Vec<Lease>) -> Result<Vec<Claimed>>;

    /// Gives running jobs back: `queued` where `due` has come, else waiting for it. The attempt is given back.
    /// A job whose cancel was requested becomes `canceled`; one that must not be started twice `failed`
    /// (kind `interrupted`); in both cases the attempt stays spent.
    async fn release(&self, leases: Vec<Lease>, due: Due) -> Result<Vec<Fate>>;

    /// Keeps progress and log lines of running attempts. Stale ones are dropped and told so. At most
    /// [`crate::limits::LINES`] lines are kept for one attempt by the writer; the store does not count.
    async fn note(&self, notes: Vec<Note>) -> Result<Vec<Fate>>;

    /// Makes at most `limit` waiting jobs (`scheduled`, `retrying`) whose time has come `queued`.
    /// `next_in` is the time until the next one is due.
    async fn promote(&self, limit: u32) -> Result<Sweep>;

    /// Takes back at most `limit` running jobs whose worker is dead: its lease is over, or it is not on the
    /// list. Each gets an [`crate::Attempt`] of kind `worker_lost` that names the worker, and becomes `queued`; or
    /// `failed` where its attempts are used up or it must not be started twice; or `canceled` where that was
    /// requested. One that was held and not started is `queued` with its attempt given back, at once and beyond the limit,
    /// since a worker holds few; only where its cancel was requested it is as the others. Its due time, and so its place, stays. A worker found dead is off the list from then on, so that its next beat is
    /// [`Beat::Lost`]. Needs to know nothing of the task. Several rescuers may run at once.
    /// `next_in` is the time until the next lease is over.
    async fn rescue(&self, limit: u32) -> Result<Sweep>;

    /// Deletes at most `limit` finished jobs past their retention, with all that belongs to them, unique keys included.
    /// `next_in` is the time until the next one is.
    async fn prune(&self, limit: u32) -> Result<Sweep>;

    /// What the sweeps and the schedule runner have to do now and next, in one question that changes nothing. Where jobs are
    /// ready, the listeners of this handle are told so.
    async fn outlook(&self) -> Result<Outlook>;

    /// At most `limit` active schedules that are due or have no next occurrence yet, and such as have an occurrence that
    /// waits no longer. Deleted ones and those of a disabled task are left out.
    async fn due(&self, limit: u32) -> Result<DueSchedules>;

    /// Makes one step of each of several schedules, those that are still `active` at `version`: enqueues the jobs that its
    /// [`crate::Overlap`] lets through, keeps the one that waits, and writes where the schedule stands next; all in one
    /// transaction, with the answers in the order given. With jobs, `last_run_at` becomes the planned instant of the last one
    /// enqueued and `executions` grows by their number; for jobs that are left out or wait, neither changes. Jobs over
    /// `max_executions` are left out, and a schedule that has made so many is `completed`, whatever comes next. A
    /// `completed` schedule with an occurrence that waits may make the step that enqueues it. A job that meets a unique key is
    /// treated as it asks, and counts as left out. A job over the [`crate::limits`] makes the call
    /// [`crate::ErrorKind::Invalid`]. No schedule comes twice.
    async fn fire_all(&self, steps: Vec<Fire>) -> Result<Vec<Fired>>;

    /// [`Store::fire_all`] for one schedule.
    async fn fire(&self, fire: Fire) -> Result<Fired> {
        let fired = self.fire_all(vec![fire]).await?.pop();
        Ok(fired.unwrap_or(Fired::Stale))
    }

    /// Takes the named lease for `ttl` if nobody holds it, the caller included.
    async fn hold(&self, name: &str, holder: WorkerId, ttl: Duration) -> Result<Held>;

    /// Extends the caller's hold to now plus `ttl`; `No` where it is over or not the caller's.
    async fn extend(&self, name: &str, holder: WorkerId, token: i64, ttl: Duration)
    -> Result<Held>;

    /// Ends the caller's hold. Harmless when it is over.
    async fn let_go(&self, name: &str, holder: WorkerId, token: i64) -> Result<()>;

    /// One job with its progress, soft-deleted or not; `None` where it is unknown or pruned.
    async fn job(&self, job: JobRef) -> Result<Option<Job>>;

    /// News from the store, as far as it can tell. Nothing may be built on their arrival alone: after one, and
    /// now and then without one, look again.
    fn wakes(&self) -> Wakes;

    /// The same without the ends of jobs, for whoever looks for work: a store need not tell other processes of
    /// ends that nobody waits for.
    fn work_wakes(&self) -> Wakes;

    /// For the two methods that are generic over the application's connection and so cannot be here.
    fn as_any(&self) -> &dyn Any;
}
