//! Settling: outcomes in, claimed jobs out; and giving jobs back, which `release` and `leave` do too.
//!
//! Three statements record any number of outcomes: `succeed` for the plain case, `end` for other attempts that end
//! their job, `give_back` for those after which it goes on. Where a settle is nothing but successes and a claim, as most
//! are, and the database can, one statement does all of it (see `fused`). All are fenced by (id, token, running) and decide by the row itself whether a cancel
//! was requested. What follows from an outcome (attempts, notes, jobs, deletion) is written only where it applied.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use sea_orm::QueryResult;
use uuid::Uuid;

use crate::attempt::FailureKind;
use crate::clock::Due;
use crate::error::Result;
use crate::lease::{Lease, WorkerId};
use crate::settle::{Claim, Fate, Settle, Settled};
use crate::sql::batch::Asked;
use crate::sql::claim::{Claiming, LOOKED, Looked, claim};
use crate::sql::dialect::{Dialect, Returning};
use crate::sql::enqueue::{Disabled, NewRow, NewRows, array, insert, json};
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::finishing::{Finishing, INTERRUPTED, Row, cut_message, end_row, give_back_row};
use crate::sql::fused::fused;
use crate::sql::note::{Noted, write_notes};
use crate::sql::prune::erase;
use crate::state::{JobState, Move};
use crate::wake::Wake;

/// A settle, ready to be written.
pub(crate) struct Settling {
    pub(super) worker: WorkerId,
    pub(super) finishes: Vec<Finishing>,
    pub(super) started: Option<i64>,
    pub(super) claim: Option<Claiming>,
}

impl Settling {
    pub(crate) fn new(settle: Settle) -> Result<Self> {
        let worker = settle.worker;
        Ok(Self {
            worker,
            started: settle.started,
            finishes: settle
                .finishes
                .into_iter()
                .map(Finishing::new)
                .collect::<Result<_>>()?,
            claim: settle
                .claim
                .filter(|claim: &Claim| claim.limit > 0)
                .map(|claim| Claiming::new(worker, claim)),
        })
    }

    /// Whether it is nothing but successes and a claim, and the database takes that in one statement.
    pub(crate) fn is_plain(&self, dialect: &Dialect) -> bool {
        let success = |finish: &Finishing| {
            matches!(finish.row, Row::Success(_))
                && finish.note.is_none()
                && finish.follow_ups.rows.is_empty()
        };
        dialect.statements.settle.is_some() && self.finishes.iter().all(success)
    }

    /// How many rows it may touch.
    pub(crate) fn rows(&self) -> usize {
        self.finishes.len() + self.claim.as_ref().map_or(0, Claiming::limit)
    }
}

/// What a finish came to: the job's row, and whether it is to be deleted at once.
#[derive(Clone, Copy)]
pub(super) struct Applied {
    number: i64,
    pub(super) state: JobState,
    expired: bool,
}

/// The settles of a batch: all finishes, then each claim.
pub(crate) async fn run(
    tx: &mut Exchange<'_>,
    asked: &mut [Asked<Settling, Settled>],
) -> Result<()> {
    if let [one] = asked
        && one.request.is_plain(tx.dialect())
    {
        one.answer = Some(fused(tx, &one.request).await?);
        return Ok(());
    }
    let (fates, mut looked) = {
        let finishes: Vec<&Finishing> = asked
            .iter()
            .flat_map(|asked| &asked.request.finishes)
            .collect();
        let claim = match &*asked {
            [one] => one.request.claim.as_ref(),
            _ => None,
        };
        finish_before(tx, &finishes, claim).await?
    };
    let mut fates = fates.into_iter();
    for asked in asked {
        let fates = fates.by_ref().take(asked.request.finishes.len()).collect();
        let started = match asked.request.started {
            Some(held) => {
                let values = [asked.request.worker.0.into(), held.into()];
                tx.change(tx.words().mark_started, values).await? > 0
            }
            None => false,
        };
        let jobs = match &asked.request.claim {
            Some(claiming) => claim(tx, claiming, looked.take()).await?,
            None => Vec::new(),
        };
        asked.answer = Some(Settled {
            fates,
            started,
            jobs,
        });
    }
    Ok(())
}

/// Of two finishes under one lease the second is stale, whatever the first came to.
pub(super) fn firsts(finishes: &[&Finishing]) -> Vec<bool> {
    let mut leases = HashSet::with_capacity(finishes.len());
    finishes
        .iter()
        .map(|finish| leases.insert(finish.lease))
        .collect()
}

/// Records outcomes; gives the fate of each, in order.
pub(crate) async fn finish(tx: &mut Exchange<'_>, finishes: &[&Finishing]) -> Result<Vec<Fate>> {
    let (fates, _) = finish_before(tx, finishes, None).await?;
    Ok(fates)
}

/// The same before `claim`; gives what that has to know first, where it could be asked on the way.
async fn finish_before(
    tx: &mut Exchange<'_>,
    finishes: &[&Finishing],
    claim: Option<&Claiming>,
) -> Result<(Vec<Fate>, Option<Looked>)> {
    if finishes.is_empty() {
        return Ok((Vec::new(), None));
    }
    let first = firsts(finishes);
    let (mut plain, mut ends, mut given_back) = (Vec::new(), Vec::new(), Vec::new());
    for (finish, _) in finishes.iter().zip(&first).filter(|(_, first)| **first) {
        match &finish.row {
            Row::Success(None) if tx.words().succeed.is_some() => plain.push(finish.lease),
            Row::Success(output) => {
                ends.push(end_row(
                    finish.lease,
                    Move::Succeed,
                    output.as_deref(),
                    None,
                ));
            }
            Row::End(row) => ends.push(row.clone()),
            Row::GiveBack(row) => given_back.push(row.clone()),
        }
    }
    let mut applied = HashMap::with_capacity(finishes.len());
    succeed(tx, &plain, &mut applied).await?;
    let looked = match (&tx.words().claim, claim) {
        (Some(words), Some(claim)) if !ends.is_empty() => {
            let plain = finishes
                .iter()
                .all(|finish| matches!(finish.row, Row::Success(None)));
            let text = if plain { words.succeed } else { words.end };
            Some(end_and_look(tx, (text, words.ended), &ends, claim, &mut applied).await?)
        }
        _ => {
            record(tx, tx.words().end, &ends, &mut applied).await?;
            None
        }
    };
    record(tx, tx.words().give_back, &given_back, &mut applied).await?;
    let applied: Vec<Option<Applied>> = finishes
        .iter()
        .zip(&first)
        .map(|(finish, first)| applied.get(&finish.lease).copied().filter(|_| *first))
        .collect();
    follow(tx, finishes, &applied).await?;
    let fates = (applied.iter())
        .map(|applied| applied.map_or(Fate::Stale, |applied| Fate::Applied(applied.state)));
    Ok((fates.collect(), looked))
}

/// Ends jobs that succeeded and returned nothing, and gathers those that were.
async fn succeed(
    tx: &Exchange<'_>,
    leases: &[Lease],
    applied: &mut HashMap<Lease, Applied>,
) -> Result<()> {
    let Some(words) = &tx.words().succeed else {
        return Ok(());
    };
    for leases in leases.chunks(words.most()) {
        let rows = leases
            .iter()
            .flat_map(|lease| [lease.job.0.into(), lease.token.into()])
            .collect();
        let now = vec![tx.micros().into(), tx.micros().into()];
        let (words, values) = words.statement(now, 2, rows);
        gather(tx, tx.rows(words, values).await?, 0, applied)?;
    }
    Ok(())
}

/// Writes rows and gathers what was applied.
async fn record(
    tx: &Exchange<'_>,
    words: Returning,
    rows: &[String],
    applied: &mut HashMap<Lease, Applied>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let values = vec![array(rows).into(), tx.micros().into()];
    gather(tx, tx.returning(words, values).await?, 0, applied)
}

/// Ends jobs, and looks at what became of them together with what `claim` has to know.
async fn end_and_look(
    tx: &Exchange<'_>,
    (end, ended): (&'static str, &'static str),
    rows: &[String],
    claim: &Claiming,
    applied: &mut HashMap<Lease, Applied>,
) -> Result<Looked> {
    let rows = array(rows);
    let values = [rows.as_str().into(), tx.micros().into()];
    tx.change(end, values).await?;
    let values = std::iter::once(rows.into()).chain(claim.values(tx));
    let (mut looked, mut rows) = (Looked::default(), Vec::new());
    for row in tx.rows(ended, values.collect::<Vec<_>>()).await? {
        if !looked.take(tx, &row)? {
            rows.push(row);
        }
    }
    gather(tx, rows, LOOKED, applied)?;
    Ok(looked)
}

/// Reads number, id, token, state and whether the retention is over, from column `at` on.
pub(super) fn gather(
    tx: &Exchange<'_>,
    rows: Vec<QueryResult>,
    at: usize,
    applied: &mut HashMap<Lease, Applied>,
) -> Result<()> {
    for row in rows {
        let lease = Lease {
            job: crate::job::JobId(tx.get::<Uuid>(&row, at + 1)?),
            token: tx.get(&row, at + 2)?,
        };
        let state: String = tx.get(&row, at + 3)?;
        let state = state.parse().map_err(|reason: String| {
            crate::StoreError::new(crate::ErrorKind::Corrupt, tx.op, reason)
        })?;
        applied.insert(
            lease,
            Applied {
                number: tx.get(&row, at)?,
                state,
                expired: tx.get(&row, at + 4)?,
            },
        );
    }
    Ok(())
}

/// What follows from the outcomes that applied.
async fn follow(
    tx: &mut Exchange<'_>,
    finishes: &[&Finishing],
    applied: &[Option<Applied>],
) -> Result<()> {
    let mut attempts = Vec::new();
    let mut noted = Vec::new();
    let mut expired = Vec::new();
    let mut jobs: Vec<&NewRow> = Vec::new();
    for (finish, applied) in finishes.iter().zip(applied) {
        let Some(applied) = applied else { continue };
        jobs.extend(&finish.follow_ups.rows);
        match applied.state {
            state if state.is_final() => tx.tell(Wake::Finished(finish.lease.job)),
            JobState::Queued => tx.tell(Wake::Ready),
            JobState::Scheduled | JobState::Retrying => {
                let due = finish.due.resolve(tx.now);
                tx.tell_due(due);
            }
            _ => {}
        }
        if applied.expired {
            expired.push(applied.number);
            continue;
        }
        if let Some(failure) = &finish.failure {
            attempts.push((
                applied.number,
                failure.kind.as_str(),
                cut_message(&failure.message),
            ));
        } else if finish.cut && applied.state == JobState::Failed {
            attempts.push((
                applied.number,
                FailureKind::Interrupted.as_str(),
                INTERRUPTED.into(),
            ));
        }
        if let Some(body) = &finish.note {
            let refunded = u32::from(finish.refunds && !applied.state.is_final());
            noted.push(Noted {
                number: applied.number,
                body,
                refunded,
            });
        }
    }
    if !attempts.is_empty() {
        tx.change(
            tx.words().record_attempts,
            [json(&attempts).into(), tx.micros().into()],
        )
        .await?;
    }
    write_notes(tx, &noted).await?;
    erase(tx, &expired).await?;
    // Nobody is there to be told of a refusal: a follow-up of a disabled task is taken and parked.
    insert(tx, &jobs, Disabled::Taken).await?;
    Ok(())
}

/// Gives running jobs back, under their leases.
pub(crate) struct GiveBack {
    finishes: Vec<Finishing>,
}

impl GiveBack {
    /// Jobs cut short; those that must not be started twice fail.
    pub(crate) fn released(leases: Vec<Lease>, due: Due) -> Self {
        Self::new(leases, due, true)
    }

    /// Jobs that were claimed and never started.
    pub(crate) fn unstarted(leases: Vec<Lease>) -> Self {
        Self::new(leases, Due::Now, false)
    }

    fn new(leases: Vec<Lease>, due: Due, cut: bool) -> Self {
        let finishes = leases
            .into_iter()
            .map(|lease| Finishing {
                lease,
                row: give_back_row(
                    lease,
                    if cut { Move::Release } else { Move::Snooze },
                    due,
                    cut.then_some(INTERRUPTED),
                ),
                failure: None,
                due,
                refunds: true,
                cut,
                note: None,
                follow_ups: NewRows { rows: Vec::new() },
            })
            .collect();
        Self { finishes }
    }
}

#[async_trait]
impl Operation for GiveBack {
    const NAME: &'static str = "release";
    type Answer = Vec<Fate>;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Vec<Fate>> {
        let finishes: Vec<&Finishing> = self.finishes.iter().collect();
        finish(tx, &finishes).await
    }
}
