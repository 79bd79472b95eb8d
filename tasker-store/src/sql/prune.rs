//! The sweeps of maintenance: what is due becomes ready, what lost its worker comes back, what is old goes.

use async_trait::async_trait;
use uuid::Uuid;

use crate::attempt::FailureKind;
use crate::clock::from_micros;
use crate::error::Result;
use crate::job::JobId;
use crate::settle::Sweep;
use crate::sql::enqueue::json;
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::schedule_changes::remember_outcomes;
use crate::state::JobState;
use crate::wake::Wake;

/// `Store::promote`.
pub(crate) struct Promote(pub(crate) u32);

#[async_trait]
impl Operation for Promote {
    const NAME: &'static str = "promote";
    type Answer = Sweep;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Sweep> {
        let values = vec![tx.micros().into(), i64::from(self.0).into()];
        let done = tx.returning(tx.words().promote, values).await?.len() as u64;
        if done > 0 {
            tx.tell(Wake::Ready);
        }
        let next: Option<Option<i64>> = tx.single(tx.words().next_due, []).await?;
        Ok(swept(tx, done, next.flatten()))
    }
}

/// `Store::rescue`.
pub(crate) struct Rescue(pub(crate) u32);

#[async_trait]
impl Operation for Rescue {
    const NAME: &'static str = "rescue";
    type Answer = Sweep;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Sweep> {
        // Before the list forgets who had started what.
        let given_back = unstart(tx, Uuid::nil()).await?;
        tx.change(tx.words().drop_dead, [tx.micros().into()])
            .await?;
        let values = vec![tx.micros().into(), i64::from(self.0).into()];
        let rows = tx.returning(tx.words().rescue, values).await?;
        let mut attempts = Vec::new();
        let mut expired = Vec::new();
        for row in &rows {
            let number: i64 = tx.get(row, 0)?;
            let state: String = tx.get(row, 2)?;
            let worker: Uuid = tx.get(row, 3)?;
            tx.tell(if state == JobState::Queued.as_str() {
                Wake::Ready
            } else {
                Wake::Finished(JobId(tx.get(row, 1)?))
            });
            if tx.get(row, 4)? {
                expired.push(number);
            } else {
                attempts.push((number, FailureKind::WorkerLost.as_str(), lost(worker)));
            }
        }
        if !attempts.is_empty() {
            let text = json(&attempts);
            tx.change(
                tx.words().record_attempts,
                [text.as_str().into(), tx.micros().into()],
            )
            .await?;
            tx.change(tx.words().set_errors, [text.into()]).await?;
        }
        erase(tx, &expired).await?;
        let orphaned: Option<bool> = tx.single(tx.words().orphaned, []).await?;
        let next: Option<Option<i64>> = tx.single(tx.words().next_lease, []).await?;
        let mut sweep = swept(tx, rows.len() as u64 + given_back, next.flatten());
        sweep.more = orphaned.unwrap_or(false);
        Ok(sweep)
    }
}

/// Gives back what dead workers, and this one, held and did not start; says how much.
pub(crate) async fn unstart(tx: &mut Exchange<'_>, worker: Uuid) -> Result<u64> {
    let values = [tx.micros().into(), worker.into()];
    let given_back = tx.change(tx.words().unstart, values).await?;
    if given_back > 0 {
        tx.tell(Wake::Ready);
    }
    Ok(given_back)
}

/// What is said of a job whose worker died.
fn lost(worker: Uuid) -> String {
    format!("worker {worker} died, or did not beat within its lease")
}

/// `Store::prune`.
pub(crate) struct Prune(pub(crate) u32);

#[async_trait]
impl Operation for Prune {
    const NAME: &'static str = "prune";
    type Answer = Sweep;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Sweep> {
        let values = [tx.micros().into(), i64::from(self.0).into()];
        let rows = tx.rows(tx.words().expired, values).await?;
        let (mut numbers, mut of_schedules) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            let number: i64 = tx.get(row, 0)?;
            numbers.push(number);
            if tx.get(row, 1)? {
                of_schedules.push(number);
            }
        }
        remember_outcomes(tx, &of_schedules).await?;
        erase(tx, &numbers).await?;
        let next: Option<Option<i64>> = tx.single(tx.words().next_prune, []).await?;
        Ok(swept(tx, numbers.len() as u64, next.flatten()))
    }
}

/// Deletes jobs with all that belongs to them.
pub(crate) async fn erase(tx: &Exchange<'_>, numbers: &[i64]) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let text = json(&numbers);
    let [belongings @ .., jobs] = tx.words().erase;
    let any = match tx.words().belongings {
        // A transaction of the caller may see the past, and what came since would stay for ever.
        Some(words) if !tx.is_callers() => {
            !tx.rows(words, [text.as_str().into()]).await?.is_empty()
        }
        _ => true,
    };
    for words in belongings.into_iter().filter(|_| any).chain([jobs]) {
        tx.change(words, [text.as_str().into()]).await?;
    }
    Ok(())
}

/// A sweep after which the next row is due at `next`.
fn swept(tx: &Exchange<'_>, done: u64, next: Option<i64>) -> Sweep {
    let next = next.map(from_micros);
    Sweep {
        done,
        more: next.is_some_and(|next| next <= tx.now),
        next_in: next.map(|next| (next - tx.now).to_std().unwrap_or_default()),
    }
}
