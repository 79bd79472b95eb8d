//! Schedules as operators and applications change them, and the jobs that are made of them by hand.
//!
//! Each finds the row, locked where others may write meanwhile, lets [`Schedule`] decide, and writes it as a whole.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::clock::from_micros;
use crate::error::Result;
use crate::job::{Enqueued, JobId, NewJob};
use crate::schedule::{
    NewSchedule, Schedule, ScheduleChange, ScheduleId, ScheduleSource, ScheduleState,
};
use crate::sql::enqueue::{Disabled, NewRow, NewRows, insert};
use crate::sql::entity::{job, named, schedule};
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::schedule::{add, write};
use crate::wake::Wake;

/// `Admin::create_schedule`.
pub(crate) struct CreateSchedule {
    pub(crate) new: NewSchedule,
    pub(crate) draft: bool,
}

#[async_trait]
impl Operation for CreateSchedule {
    const NAME: &'static str = "create_schedule";
    type Answer = ScheduleChange;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<ScheduleChange> {
        let named = schedule::Column::Name.eq(&self.new.name);
        if let Some(there) = find(tx, named).await? {
            return Ok(ScheduleChange::Not(Box::new(there)));
        }
        let state = match self.draft {
            true => ScheduleState::Draft,
            false => ScheduleState::Active,
        };
        let new = Schedule::new(self.new.clone(), ScheduleSource::Runtime, state, tx.now);
        add(tx, &new).await?;
        // Another may have been faster.
        let named = schedule::Column::Name.eq(&self.new.name);
        Ok(match find(tx, named).await? {
            Some(there) if there.id != new.id => ScheduleChange::Not(Box::new(there)),
            _ => {
                tx.tell(Wake::Control);
                ScheduleChange::Done(Box::new(new))
            }
        })
    }
}

/// `Admin::update_schedule`.
pub(crate) struct UpdateSchedule {
    pub(crate) schedule: ScheduleId,
    pub(crate) version: i64,
    pub(crate) to: NewSchedule,
    pub(crate) state: Option<ScheduleState>,
}

#[async_trait]
impl Operation for UpdateSchedule {
    const NAME: &'static str = "update_schedule";
    type Answer = ScheduleChange;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<ScheduleChange> {
        let found = find(tx, schedule::Column::Id.eq(self.schedule.0)).await?;
        changed(tx, found, |schedule| {
            let fits = schedule.version == self.version && schedule.deleted_at.is_none();
            if fits {
                schedule.update(self.to.clone(), self.state);
            }
            fits
        })
        .await
    }
}

/// `Admin::delete_schedule`.
pub(crate) struct DeleteSchedule {
    pub(crate) name: String,
    pub(crate) deleted: bool,
}

#[async_trait]
impl Operation for DeleteSchedule {
    const NAME: &'static str = "delete_schedule";
    type Answer = ScheduleChange;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<ScheduleChange> {
        let found = find(tx, schedule::Column::Name.eq(&self.name)).await?;
        let now = tx.now;
        changed(tx, found, |schedule| schedule.delete(self.deleted, now)).await
    }
}

/// `Admin::erase_schedule`.
pub(crate) struct EraseSchedule(pub(crate) String);

#[async_trait]
impl Operation for EraseSchedule {
    const NAME: &'static str = "erase_schedule";
    type Answer = bool;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<bool> {
        let delete =
            schedule::Entity::delete_many().filter(schedule::Column::Name.eq(self.0.as_str()));
        let deleted = delete
            .exec(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        tx.tell(Wake::Control);
        Ok(deleted.rows_affected > 0)
    }
}

/// `Admin::pause_schedule`.
pub(crate) struct PauseSchedule {
    pub(crate) name: String,
    pub(crate) paused: bool,
}

#[async_trait]
impl Operation for PauseSchedule {
    const NAME: &'static str = "pause_schedule";
    type Answer = bool;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<bool> {
        let found = find(tx, schedule::Column::Name.eq(&self.name)).await?;
        let change = changed(tx, found, |schedule| schedule.pause(self.paused)).await?;
        Ok(matches!(change, ScheduleChange::Done(_)))
    }
}

/// `Admin::enqueue_for`.
pub(crate) struct EnqueueFor {
    pub(crate) schedule: ScheduleId,
    pub(crate) jobs: NewRows,
}

impl EnqueueFor {
    pub(crate) fn new(schedule: ScheduleId, jobs: Vec<NewJob>) -> Self {
        Self {
            schedule,
            jobs: NewRows::new(jobs),
        }
    }
}

#[async_trait]
impl Operation for EnqueueFor {
    const NAME: &'static str = "enqueue_for";
    type Answer = Option<Vec<Enqueued>>;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Self::Answer> {
        // Its lock is what those wait for who ask for the same jobs.
        let found = find(tx, schedule::Column::Id.eq(self.schedule.0)).await?;
        let Some(mut schedule) = found.filter(|schedule| schedule.deleted_at.is_none()) else {
            return Ok(None);
        };
        let ids: Vec<Uuid> = self.jobs.rows.iter().map(|row| row.job.id.0).collect();
        let mut there = there(tx, &ids).await?;
        let new: Vec<&NewRow> = (self.jobs.rows.iter())
            .filter(|row| !there.contains_key(&row.job.id.0))
            .collect();
        let mut written = insert(tx, &new, Disabled::Refused).await?.into_iter();
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            answers.extend(match there.remove(&id) {
                Some(answer) => Some(answer),
                None => written.next(),
            });
        }
        let made = (answers.iter())
            .filter(|answer| matches!(answer, Enqueued::New { .. }))
            .count();
        schedule.extra_jobs += i64::try_from(made).expect("a call has few jobs");
        write(tx, (&schedule).into()).await?;
        Ok(Some(answers))
    }
}

/// Those of these jobs that are in the store.
async fn there(tx: &Exchange<'_>, ids: &[Uuid]) -> Result<HashMap<Uuid, Enqueued>> {
    /// A statement takes a bounded number of values.
    const AT_ONCE: usize = 1_000;
    let mut there = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let find = job::Entity::find()
            .select_only()
            .columns([job::Column::Id, job::Column::Number, job::Column::State])
            .filter(job::Column::Id.is_in(ids.iter().copied()));
        let rows: Vec<(Uuid, i64, String)> =
            (find.into_tuple().all(tx.connection()).await).map_err(|e| tx.failed(e))?;
        for (id, number, state) in rows {
            let answer = Enqueued::Existing {
                id: JobId(id),
                number,
                state: named(tx.op, &state)?,
            };
            there.insert(id, answer);
        }
    }
    Ok(there)
}

/// The schedule that `which` says, locked.
async fn find(tx: &Exchange<'_>, which: SimpleExpr) -> Result<Option<Schedule>> {
    let find = schedule::Entity::find().filter(which).lock_exclusive();
    let found = find.one(tx.connection()).await.map_err(|e| tx.failed(e))?;
    found.map(|row| row.into_schedule(tx.op)).transpose()
}

/// Changes a schedule, where it lets itself be.
async fn changed(
    tx: &mut Exchange<'_>,
    found: Option<Schedule>,
    change: impl FnOnce(&mut Schedule) -> bool,
) -> Result<ScheduleChange> {
    let Some(mut schedule) = found else {
        return Ok(ScheduleChange::Unknown);
    };
    if !change(&mut schedule) {
        return Ok(ScheduleChange::Not(Box::new(schedule)));
    }
    write(tx, (&schedule).into()).await?;
    tx.tell(Wake::Control);
    Ok(ScheduleChange::Done(Box::new(schedule)))
}

/// Keeps what these jobs of schedules came to, which are about to go.
pub(crate) async fn remember_outcomes(tx: &Exchange<'_>, numbers: &[i64]) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let ended = job::Entity::find()
        .select_only()
        .columns([
            job::Column::Schedule,
            job::Column::FinishedAt,
            job::Column::State,
            job::Column::Error,
        ])
        .filter(job::Column::Number.is_in(numbers.iter().copied()))
        .filter(job::Column::Schedule.is_not_null())
        .filter(job::Column::FinishedAt.is_not_null());
    type Row = (Uuid, i64, String, Option<String>);
    let rows: Vec<Row> =
        (ended.into_tuple().all(tx.connection()).await).map_err(|e| tx.failed(e))?;
    // By schedule, so that those who lock several do so in one order.
    let mut latest: BTreeMap<Uuid, Row> = BTreeMap::new();
    for row in rows {
        let known = latest.entry(row.0).or_insert_with(|| row.clone());
        if known.1 < row.1 {
            *known = row;
        }
    }
    for (id, (_, at, state, error)) in latest {
        let found = find(tx, schedule::Column::Id.eq(id)).await?;
        let Some(mut schedule) = found else {
            continue;
        };
        schedule.ended(from_micros(at), named(tx.op, &state)?, error);
        write(tx, (&schedule).into()).await?;
    }
    Ok(())
}
