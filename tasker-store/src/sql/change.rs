//! What an operator changes: one job, a queue, a task, a schedule.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::admin::Changed;
use crate::clock::{after, from_micros, to_micros};
use crate::error::Result;
use crate::job::{JobId, Keep};
use crate::sql::entity::job::{Column, Standing};
use crate::sql::entity::{job, queue, task};
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::prune::erase;
use crate::state::{JobState, Move};
use crate::task::canonical_alias;
use crate::wake::Wake;

/// How long a soft-deleted job is kept.
const KEEP_DELETED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A change of one job.
pub(crate) struct ChangeJob {
    pub(crate) job: JobId,
    pub(crate) to: To,
}

/// What a job is to be changed to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    /// By one of the moves of an operator.
    Made(Move),
    /// Soft-deleted, or no longer so.
    Deleted(bool),
}

#[async_trait]
impl Operation for ChangeJob {
    const NAME: &'static str = "change a job";
    type Answer = Changed;

    fn op(&self) -> &'static str {
        match self.to {
            To::Made(Move::Cancel) => "cancel",
            To::Made(Move::Pause) => "pause",
            To::Made(Move::Resume) => "resume",
            To::Made(Move::Rerun) => "rerun",
            To::Made(_) => Self::NAME,
            To::Deleted(_) => "delete",
        }
    }

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Changed> {
        let found = job::Entity::find()
            .filter(Column::Id.eq(self.job.0))
            .select_only()
            .columns([
                Column::Number,
                Column::State,
                Column::Attempt,
                Column::DueAt,
                Column::FinishedAt,
                Column::DeletedAt,
                Column::KeepSucceeded,
                Column::KeepUnsuccessful,
            ])
            .lock_exclusive()
            .into_model::<Standing>()
            .one(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        let Some(standing) = found else {
            return Ok(Changed::Unknown);
        };
        let state = standing.state(tx.op)?;
        match self.to {
            To::Made(Move::Cancel) if state == JobState::Running => {
                tx.tell(Wake::Control);
                set(
                    tx,
                    standing.number,
                    [(Column::CancelRequested, true.into())],
                )
                .await?;
                Ok(Changed::Requested)
            }
            To::Made(by) if by.is_legal_from(state) => self.make(tx, by, &standing).await,
            To::Deleted(deleted) if state != JobState::Running => {
                delete(tx, deleted, &standing, state).await
            }
            To::Made(_) | To::Deleted(_) => Ok(Changed::Not(state)),
        }
    }
}

impl ChangeJob {
    async fn make(&self, tx: &mut Exchange<'_>, by: Move, standing: &Standing) -> Result<Changed> {
        let again = by == Move::Rerun;
        let is_due = again || standing.due_at <= tx.micros();
        let attempt = if again { 0 } else { standing.attempt };
        let state = by.target(is_due, u32::from(attempt > 0));
        let finished_at = state.is_final().then(|| tx.micros());
        if state.is_final() {
            tx.tell(Wake::Finished(self.job));
            if standing.retention().after(state) == Keep::For(Duration::ZERO) {
                erase(tx, &[standing.number]).await?;
                return Ok(Changed::Now(state));
            }
        }
        tell_of(tx, state, standing);
        if again {
            let columns = [
                (Column::Attempt, 0i64.into()),
                (Column::DueAt, tx.micros().into()),
                (Column::CancelRequested, false.into()),
                // Another may have its key by now, so this one must be without before it is back.
                (Column::UniqueKey, None::<Uuid>.into()),
            ];
            set(tx, standing.number, columns).await?;
        }
        let prune_at = prune_at(standing, state, finished_at, standing.deleted_at);
        let columns = [
            (Column::State, state.as_str().into()),
            (Column::FinishedAt, finished_at.into()),
            (Column::PruneAt, prune_at.into()),
        ];
        set(tx, standing.number, columns).await?;
        Ok(Changed::Now(state))
    }
}

async fn delete(
    tx: &mut Exchange<'_>,
    deleted: bool,
    standing: &Standing,
    state: JobState,
) -> Result<Changed> {
    let deleted_at = deleted.then(|| standing.deleted_at.unwrap_or(tx.micros()));
    let prune_at = prune_at(standing, state, standing.finished_at, deleted_at);
    let columns = [
        (Column::DeletedAt, deleted_at.into()),
        (Column::PruneAt, prune_at.into()),
    ];
    set(tx, standing.number, columns).await?;
    if deleted {
        // It stays without when it is restored: another may have it by then.
        let column = (Column::UniqueKey, None::<Uuid>.into());
        set(tx, standing.number, [column]).await?;
    }
    tx.tell(Wake::Control);
    if !deleted {
        tell_of(tx, state, standing);
    }
    Ok(Changed::Now(state))
}

/// Tells that a job is in `state`.
fn tell_of(tx: &mut Exchange<'_>, state: JobState, standing: &Standing) {
    match state {
        JobState::Queued => tx.tell(Wake::Ready),
        JobState::Scheduled | JobState::Retrying => tx.tell_due(from_micros(standing.due_at)),
        _ => tx.tell(Wake::Control),
    }
}

/// When a job that stands so may be pruned.
fn prune_at(
    standing: &Standing,
    state: JobState,
    finished_at: Option<i64>,
    deleted_at: Option<i64>,
) -> Option<i64> {
    let (since, keep) = match (deleted_at, standing.retention().after(state)) {
        (Some(deleted), _) => (deleted, KEEP_DELETED),
        (None, Keep::For(keep)) => (finished_at?, keep),
        (None, Keep::Forever) => return None,
    };
    Some(to_micros(after(from_micros(since), keep)))
}

async fn set<const N: usize>(
    tx: &Exchange<'_>,
    number: i64,
    columns: [(Column, sea_orm::Value); N],
) -> Result<()> {
    let mut update = job::Entity::update_many().filter(Column::Number.eq(number));
    for (column, value) in columns {
        update = update.col_expr(column, Expr::value(value));
    }
    update
        .exec(tx.connection())
        .await
        .map_err(|e| tx.failed(e))?;
    Ok(())
}

/// `Admin::pause_queue`.
pub(crate) struct PauseQueue {
    pub(crate) name: String,
    pub(crate) paused: bool,
}

#[async_trait]
impl Operation for PauseQueue {
    const NAME: &'static str = "pause_queue";
    type Answer = ();

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<()> {
        let row = queue::ActiveModel {
            name: Set(self.name.clone()),
            paused: Set(self.paused),
        };
        let again = OnConflict::column(queue::Column::Name)
            .update_column(queue::Column::Paused)
            .to_owned();
        let insert = queue::Entity::insert(row).on_conflict(again);
        insert
            .exec_without_returning(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        tx.tell(Wake::Control);
        if !self.paused {
            tx.tell(Wake::Ready);
        }
        Ok(())
    }
}

/// `Admin::enable_task`.
pub(crate) struct EnableTask {
    pub(crate) alias: String,
    pub(crate) enabled: bool,
}

#[async_trait]
impl Operation for EnableTask {
    const NAME: &'static str = "enable_task";
    type Answer = bool;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<bool> {
        let update = task::Entity::update_many()
            .col_expr(task::Column::Enabled, Expr::value(self.enabled))
            .filter(task::Column::Task.eq(canonical_alias(&self.alias)))
            // A task that only jobs speak of is not known.
            .filter(task::Column::SeenAt.is_not_null());
        let changed = update
            .exec(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?
            .rows_affected
            > 0;
        if changed {
            tx.tell(Wake::Control);
        }
        if changed && self.enabled {
            tx.tell(Wake::Ready);
        }
        Ok(changed)
    }
}
