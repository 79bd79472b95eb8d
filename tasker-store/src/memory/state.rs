//! What the store holds: the rows in plain maps, and the indexes over them.
//!
//! Invariants: a job changes through [`State::edit`] only, which keeps every index in step, and its state
//! through [`State::make`] only, which takes the legal moves from [`Move`]. Soft-deleted jobs are in no index
//! but those of the pruner and of the history of schedules, so nothing else can come upon them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use uuid::Uuid;

use super::holds::Holds;
use super::jobs::until;
use crate::attempt::{Attempt, LogLine};
use crate::clock::{Instant, after};
use crate::job::{Job, JobId, Keep, Retention};
use crate::lease::{Lease, Worker, WorkerId};
use crate::limits;
use crate::schedule::{Schedule, ScheduleId};
use crate::settle::Failure;
use crate::state::{JobState, Move};
use crate::task::{Task, canonical_alias};
use crate::wake::Wake;

/// How long a soft-deleted job is kept.
const KEEP_DELETED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A job with all that belongs to it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) job: Job,
    pub(super) retention: Retention,
    /// Under which number its worker holds it, if it was not to start at once.
    pub(super) held: Option<i64>,
    /// The digest of its key, and when it holds it; cleared where it must not take it again.
    pub(super) unique: Option<(Uuid, crate::unique::Holds)>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) log: Vec<LogLine>,
}

impl Record {
    /// Leaves the trace of a failed attempt.
    pub(super) fn fail(&mut self, failure: Failure, now: Instant) {
        let job = &mut self.job;
        let message = limits::cut(&failure.message, limits::ERROR).into_owned();
        self.attempts.push(Attempt {
            attempt: job.attempt,
            token: job.token,
            worker: job.worker,
            started_at: job.started_at,
            ended_at: now,
            kind: failure.kind,
            message: message.clone(),
        });
        job.error = Some(message);
    }

    /// The digest of the key it holds now.
    pub(super) fn held_key(&self) -> Option<Uuid> {
        let (key, holds) = self.unique?;
        let is_held = holds.is_held(self.job.state, self.job.token > 0);
        is_held.then_some(key)
    }

    /// When the pruner may take it.
    fn prune_at(&self) -> Option<Instant> {
        if let Some(deleted) = self.job.deleted_at {
            return Some(after(deleted, KEEP_DELETED));
        }
        match self.retention.after(self.job.state) {
            Keep::For(time) => self.job.finished_at.map(|ended| after(ended, time)),
            Keep::Forever => None,
        }
    }
}

/// The ready jobs of one task in one queue: what a claim takes or leaves as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) queue: String,
    /// The canonical alias.
    pub(super) alias: String,
}

/// A ready job's place in the order of claims: priority, due time, number.
pub(super) type Place = (Reverse<i16>, Instant, i64);

/// A worker on the list.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) worker: Worker,
    pub(super) lease: Duration,
    /// The highest number of a job it held and has started.
    pub(super) started: i64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// By number; the last number given is kept apart, since numbers are never given twice.
    pub(super) jobs: BTreeMap<i64, Record>,
    pub(super) last_number: i64,
    pub(super) numbers: HashMap<JobId, i64>,

    pub(super) ready: BTreeMap<Lane, BTreeSet<Place>>,
    pub(super) waiting: BTreeSet<(Instant, i64)>,
    pub(super) running: BTreeMap<WorkerId, BTreeSet<i64>>,
    pub(super) unfinished: BTreeMap<ScheduleId, BTreeSet<i64>>,
    /// The ended jobs of each schedule, deleted ones included.
    pub(super) ended: BTreeMap<ScheduleId, BTreeSet<(Instant, i64)>>,
    pub(super) prunable: BTreeSet<(Instant, i64)>,
    /// The keys that are held, by their digests.
    pub(super) keys: HashMap<Uuid, i64>,

    /// Every queue that ever had a job or was paused; the value says whether it is paused.
    pub(super) queues: BTreeMap<String, bool>,
    /// By canonical alias.
    pub(super) tasks: BTreeMap<String, Task>,
    /// By name.
    pub(super) schedules: BTreeMap<String, Schedule>,
    pub(super) members: BTreeMap<WorkerId, Member>,
    pub(super) holds: Holds,

    news: News,
}

#[derive(Debug, Default)]
struct News {
    finished: Vec<JobId>,
    ready: bool,
    /// The earliest due time that a waiting job got.
    due: Option<Instant>,
    control: bool,
}

impl State {
    /// Changes one job and keeps the indexes in step.
    pub(super) fn edit<R>(&mut self, number: i64, change: impl FnOnce(&mut Record) -> R) -> R {
        let mut record = (self.jobs.remove(&number)).expect("numbers come from the indexes");
        self.index(&record, false);
        let answer = change(&mut record);
        self.index(&record, true);
        self.jobs.insert(number, record);
        answer
    }

    /// Makes a move, after `change` has set what decides where it leads; the error is the state from which it
    /// is not legal. A job that ends is stamped, and removed at once where it is not to be kept.
    pub(super) fn make(
        &mut self,
        number: i64,
        step: Move,
        now: Instant,
        change: impl FnOnce(&mut Record),
    ) -> Result<JobState, JobState> {
        let from = self.jobs[&number].job.state;
        if !step.is_legal_from(from) {
            return Err(from);
        }
        let state = self.edit(number, |record| {
            change(record);
            let job = &mut record.job;
            job.state = step.target(job.due_at <= now, job.attempt);
            job.finished_at = job.state.is_final().then_some(now);
            job.state
        });
        let record = &self.jobs[&number];
        if state.is_final() {
            self.news.finished.push(record.job.id);
            if record.retention.after(state) == Keep::For(Duration::ZERO) {
                self.remove(number);
            }
        } else if state == JobState::Queued {
            self.tell_ready();
        }
        Ok(state)
    }

    /// Puts a new record in.
    pub(super) fn insert(&mut self, record: Record) {
        let number = record.job.number;
        self.numbers.insert(record.job.id, number);
        self.queues.entry(record.job.queue.clone()).or_default();
        self.index(&record, true);
        self.jobs.insert(number, record);
    }

    /// Forgets a job with all that belongs to it.
    pub(super) fn remove(&mut self, number: i64) {
        if let Some(record) = self.jobs.remove(&number) {
            self.index(&record, false);
            self.numbers.remove(&record.job.id);
        }
    }

    /// The number of the job that runs under this very lease.
    pub(super) fn held(&self, lease: Lease) -> Option<i64> {
        let number = *self.numbers.get(&lease.job)?;
        let job = &self.jobs[&number].job;
        (job.state == JobState::Running && job.token == lease.token).then_some(number)
    }

    /// Whether the task is known and disabled; `alias` in any spelling.
    pub(super) fn is_disabled(&self, alias: &str) -> bool {
        let task = self.tasks.get(&canonical_alias(alias));
        task.is_some_and(|task| !task.enabled)
    }

    pub(super) fn tell_ready(&mut self) {
        self.news.ready = true;
    }

    pub(super) fn tell_control(&mut self) {
        self.news.control = true;
    }

    /// What listeners should hear of the call that just ended.
    pub(super) fn take_news(&mut self, now: Instant) -> impl Iterator<Item = Wake> + use<> {
        let news = std::mem::take(&mut self.news);
        (news.finished.into_iter().map(Wake::Finished))
            .chain(news.ready.then_some(Wake::Ready))
            .chain(news.due.map(|due| Wake::Due(until(due, now))))
            .chain(news.control.then_some(Wake::Control))
    }

    fn index(&mut self, record: &Record, present: bool) {
        let job = &record.job;
        if let Some(at) = record.prune_at() {
            mark(&mut self.prunable, (at, job.number), present);
        }
        if let (Some(occurrence), Some(at)) = (job.occurrence, job.finished_at) {
            let place = (at, job.number);
            mark_in(&mut self.ended, occurrence.schedule, place, present);
        }
        if job.deleted_at.is_some() {
            return;
        }
        if let Some(key) = record.held_key() {
            let other = match present {
                true => self.keys.insert(key, job.number),
                false => self.keys.remove(&key).filter(|&held| held != job.number),
            };
            debug_assert_eq!(other, None, "job {} meets itself only", job.number);
        }
        if let Some(occurrence) = job.occurrence.filter(|_| !job.state.is_final()) {
            mark_in(
                &mut self.unfinished,
                occurrence.schedule,
                job.number,
                present,
            );
        }
        match job.state {
            JobState::Queued => {
                let lane = Lane {
                    queue: job.queue.clone(),
                    alias: canonical_alias(&job.alias),
                };
                let place = (Reverse(job.priority), job.due_at, job.number);
                mark_in(&mut self.ready, lane, place, present);
            }
            JobState::Scheduled | JobState::Retrying => {
                mark(&mut self.waiting, (job.due_at, job.number), present);
                if present && self.news.due.is_none_or(|due| job.due_at < due) {
                    self.news.due = Some(job.due_at);
                }
            }
            JobState::Running => {
                let worker = job.worker.expect("a claim names its worker");
                mark_in(&mut self.running, worker, job.number, present);
            }
            JobState::Paused | JobState::Succeeded | JobState::Failed | JobState::Canceled => {}
        }
    }
}

fn mark<T: Ord>(set: &mut BTreeSet<T>, item: T, present: bool) {
    if present {
        set.insert(item);
    } else {
        set.remove(&item);
    }
}

/// As [`mark`], in the set under `key`; no empty set stays behind.
fn mark_in<K: Ord + Clone, T: Ord>(
    map: &mut BTreeMap<K, BTreeSet<T>>,
    key: K,
    item: T,
    present: bool,
) {
    let set = map.entry(key.clone()).or_default();
    mark(set, item, present);
    if set.is_empty() {
        map.remove(&key);
    }
}
