//! Claiming: ready jobs, in order, under a fresh token.
//!
//! One statement finds and takes them. It walks the ready index once per queue, passes over tasks that are
//! disabled or that the worker does not know (every alias that was ever enqueued has a row, so the few to leave
//! out can be named), and takes nothing where the worker's lease is over.
//!
//! Jobs of a task left out stay in the ready index, so each claim passes over those that stand before the jobs it takes. That is
//! cheap for thousands; for more there are `floors`, on servers.

use std::collections::HashMap;

use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::clock::{Instant, from_micros};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{JobId, Occurrence};
use crate::lease::WorkerId;
use crate::schedule::ScheduleId;
use crate::settle::{Claim, Claimed, Queues};
use crate::sql::dialect::PerQueue;
use crate::sql::enqueue::json;
use crate::sql::entity::count;
use crate::sql::exchange::Exchange;
use crate::sql::floors::{Position, Start};
use crate::task::canonical_alias;

/// A claim, ready to be written.
pub(crate) struct Claiming {
    worker: WorkerId,
    limit: u32,
    /// How many start at once.
    start: u32,
    /// The number of the job held last.
    held: i64,
    known: String,
    /// With the bound of each.
    only: Option<Vec<(String, u32)>>,
}

impl Claiming {
    pub(crate) fn new(worker: WorkerId, claim: Claim) -> Self {
        let known: Vec<String> = claim
            .known
            .iter()
            .map(|alias| canonical_alias(alias))
            .collect();
        let only = match claim.queues {
            Queues::All => None,
            Queues::Only(queues) => {
                let mut only: Vec<(String, u32)> = Vec::with_capacity(queues.len());
                for (name, most) in queues {
                    match only.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, bound)) => *bound = most,
                        None => only.push((name, most)),
                    }
                }
                Some(only)
            }
        };
        Self {
            worker,
            limit: claim.limit,
            start: claim.start,
            held: claim.held,
            known: json(&known),
            only,
        }
    }

    /// A claim of nothing, where a statement has a place for one.
    pub(crate) fn nothing(worker: WorkerId) -> Self {
        Self {
            worker,
            limit: 0,
            start: 0,
            held: 0,
            known: json(&[(); 0]),
            only: None,
        }
    }

    /// At most how many are wanted from `queue`.
    fn most(&self, queue: &str) -> u32 {
        match &self.only {
            None => self.limit,
            Some(only) => (only.iter())
                .find(|(name, _)| name == queue)
                .map_or(0, |(_, most)| self.limit.min(*most)),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit as usize
    }
}

/// How many columns a claim gives back for a job.
pub(crate) const CLAIMED: usize = 16;

impl Claiming {
    /// The parameters of a claim: six, or seven with the queues.
    pub(crate) fn values(&self, tx: &Exchange<'_>) -> Vec<Value> {
        let mut values = vec![
            tx.micros().into(),
            self.worker.0.into(),
            i64::from(self.limit).into(),
            self.known.as_str().into(),
            i64::from(self.start).into(),
            self.held.into(),
        ];
        values.extend(self.only.as_ref().map(|only| Value::from(json(only))));
        values
    }

    /// Where to begin, on a database whose statements can be told.
    pub(crate) fn start(&self, tx: &Exchange<'_>) -> Option<Start> {
        tx.words().slow_claim.map(|slow| tx.floors().start(slow))
    }
}

/// What a claim queue by queue has to know first.
#[derive(Default)]
pub(crate) struct Looked {
    /// The queues that have ready jobs.
    queues: Vec<String>,
    /// The tasks to leave alone.
    held_back: Vec<String>,
}

/// How many columns tell of it.
pub(crate) const LOOKED: usize = 2;

impl Looked {
    fn of(tx: &Exchange<'_>, rows: Vec<QueryResult>) -> Result<Self> {
        let mut looked = Self::default();
        for row in rows {
            looked.take(tx, &row)?;
        }
        Ok(looked)
    }

    /// Takes in a row; whether it is about this.
    pub(crate) fn take(&mut self, tx: &Exchange<'_>, row: &QueryResult) -> Result<bool> {
        match tx.get::<i64>(row, 0)? {
            0 => self.held_back.push(tx.get(row, 1)?),
            1 => self.queues.push(tx.get(row, 1)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Takes jobs, in the order they should start.
/// What has to be known first may have been `looked` for before.
pub(crate) async fn claim(
    tx: &mut Exchange<'_>,
    claiming: &Claiming,
    looked: Option<Looked>,
) -> Result<Vec<Claimed>> {
    if let Some(words) = &tx.words().claim {
        let looked = match looked {
            Some(looked) => looked,
            None => Looked::of(tx, tx.rows(words.look, claiming.values(tx)).await?)?,
        };
        return per_queue(tx, claiming, words, looked).await;
    }
    let words = match &claiming.only {
        None => tx.words().claim_all,
        Some(_) => tx.words().claim_only,
    };
    let mut values = claiming.values(tx);
    let start = claiming.start(tx);
    values.extend(start.as_ref().map(|start| Value::from(start.json())));
    let rows = tx.returning(words, values).await?;
    claimed(tx, claiming, start, &rows)
}

/// The same where a claim takes several statements.
async fn per_queue(
    tx: &mut Exchange<'_>,
    claiming: &Claiming,
    words: &PerQueue,
    Looked { queues, held_back }: Looked,
) -> Result<Vec<Claimed>> {
    let start = claiming.start(tx);
    let held_back = (!held_back.is_empty()).then(|| json(&held_back));
    let mut heads = Vec::new();
    for queue in queues {
        let most = claiming.most(&queue);
        if most > 0 {
            let words = match held_back {
                None => words.heads,
                Some(_) => words.heads_but,
            };
            let floor = start.as_ref().and_then(|start| start.floor(&queue));
            let (urgency, due_at, number) = floor.unwrap_or((i32::MIN, i64::MIN, 0));
            let values = [
                queue.into(),
                i64::from(most).into(),
                held_back.clone().into(),
                urgency.into(),
                due_at.into(),
                number.into(),
            ];
            heads.extend(tx.rows(words, values).await?);
        }
    }
    let mut jobs = claimed(tx, claiming, start, &heads)?;
    jobs.truncate(claiming.limit());
    if !jobs.is_empty() {
        for (place, job) in (1..).zip(&mut jobs) {
            job.held = (place > i64::from(claiming.start)).then_some(claiming.held + place);
        }
        let taken: Vec<_> = jobs.iter().map(|job| (job.number, job.held)).collect();
        let values: Vec<Value> = vec![
            json(&taken).into(),
            tx.micros().into(),
            claiming.worker.0.into(),
        ];
        tx.change(words.take, values).await?;
    }
    Ok(jobs)
}

/// The jobs of these rows, in the order they should start: no database gives them back in any. They are what a claim from
/// `start` took.
pub(crate) fn claimed(
    tx: &mut Exchange<'_>,
    claiming: &Claiming,
    start: Option<Start>,
    rows: &[QueryResult],
) -> Result<Vec<Claimed>> {
    let jobs = read_all(tx, rows)?;
    if let Some(start) = start {
        let mut firsts: HashMap<&str, Position> = HashMap::new();
        for (due_at, job) in &jobs {
            let place = (-i32::from(job.priority), *due_at, job.number);
            let first = firsts.entry(&job.queue).or_insert(place);
            *first = place.min(*first);
        }
        let wanted = jobs.len() < claiming.limit();
        tx.look_again = tx.floors().took(&start, wanted, firsts);
    }
    Ok(in_order(jobs))
}

fn read_all(tx: &Exchange<'_>, rows: &[QueryResult]) -> Result<Vec<(i64, Claimed)>> {
    rows.iter().map(|row| read(tx, row)).collect()
}

/// Jobs with their due times, in the order they should start.
pub(crate) fn in_order(mut jobs: Vec<(i64, Claimed)>) -> Vec<Claimed> {
    jobs.sort_unstable_by_key(|(due_at, job)| {
        (std::cmp::Reverse(job.priority), *due_at, job.number)
    });
    jobs.into_iter().map(|(_, job)| job).collect()
}

/// A job with its due time, from the columns the claim gives back.
fn read(tx: &Exchange<'_>, row: &QueryResult) -> Result<(i64, Claimed)> {
    let tags: String = tx.get(row, 10)?;
    let schedule: Option<Uuid> = tx.get(row, 13)?;
    let occurrence: Option<i64> = tx.get(row, 14)?;
    let job = Claimed {
        number: tx.get(row, 0)?,
        id: JobId(tx.get(row, 1)?),
        token: tx.get(row, 2)?,
        alias: tx.get(row, 3)?,
        queue: tx.get(row, 4)?,
        priority: tx.get(row, 5)?,
        params: tx.get(row, 6)?,
        attempt: count(tx.op, "attempt", tx.get(row, 7)?)?,
        max_attempts: (tx.get::<Option<i64>>(row, 8)?)
            .map(|most| count(tx.op, "bound on attempts", most))
            .transpose()?,
        at_most_once: tx.get(row, 9)?,
        tags: tags_from(tx.op, &tags)?,
        enqueued_at: from_micros(tx.get(row, 11)?),
        occurrence: occurrence_from(schedule, occurrence.map(from_micros)),
        held: tx.get(row, 15)?,
    };
    Ok((tx.get(row, 12)?, job))
}

/// The tags of a job from the text of their column.
pub(crate) fn tags_from(op: &'static str, text: &str) -> Result<Vec<String>> {
    if text == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|e| {
        StoreError::new(ErrorKind::Corrupt, op, "the tags of a job cannot be read").caused_by(e)
    })
}

/// The occurrence of a job from its two columns.
pub(crate) fn occurrence_from(schedule: Option<Uuid>, at: Option<Instant>) -> Option<Occurrence> {
    Some(Occurrence {
        schedule: ScheduleId(schedule?),
        at: at?,
    })
}
