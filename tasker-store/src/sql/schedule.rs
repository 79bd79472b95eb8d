//! Declaring tasks and schedules, and the steps of schedules.

use std::collections::HashMap;

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect, Set,
};
use uuid::Uuid;

use crate::clock::{after, from_micros, to_micros};
use crate::error::Result;
use crate::job::Enqueued;
use crate::job::NewJob;
use crate::schedule::{Fire, Fired, NewSchedule, ScheduleId, ScheduleState, Then};
use crate::sql::enqueue::{Disabled, NewRow, NewRows, insert, json};
use crate::sql::entity::{schedule, task};
use crate::sql::exchange::{Exchange, Operation};
use crate::task::{Declaration, Diff, NewTask, canonical_alias};
use crate::wake::Wake;

/// `Store::declare`.
pub(crate) struct Declare(pub(crate) Declaration);

#[async_trait]
impl Operation for Declare {
    const NAME: &'static str = "declare";
    type Answer = Diff;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Diff> {
        let changed_tasks = declare_tasks(tx, &self.0.tasks).await?;
        let rows = schedule::Entity::find()
            .order_by_asc(schedule::Column::Name)
            .lock_exclusive()
            .all(tx.connection())
            .await;
        let mut known: HashMap<String, schedule::Model> = rows
            .map_err(|e| tx.failed(e))?
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        let mut diff = Diff::default();
        for new in &self.0.schedules {
            let row = match known.remove(&new.name) {
                None => {
                    diff.added.push(new.name.clone());
                    let row = first(tx, new);
                    let insert = schedule::Entity::insert(row.clone().into_active_model());
                    insert
                        .exec_without_returning(tx.connection())
                        .await
                        .map_err(|e| tx.failed(e))?;
                    row
                }
                Some(old) => again(tx, old, new, &mut diff).await?,
            };
            known.insert(row.name.clone(), row);
        }
        diff.retired = self.retire(tx, known.into_values()).await?;
        if changed_tasks || diff != Diff::default() {
            tx.tell(Wake::Control);
        }
        Ok(diff)
    }
}

impl Declare {
    /// Retires what nobody has declared for long. A held or completed schedule stays what it is, so that it does
    /// not come back as an active one.
    async fn retire(
        &self,
        tx: &Exchange<'_>,
        rows: impl Iterator<Item = schedule::Model> + Send,
    ) -> Result<Vec<String>> {
        let mut retired = Vec::new();
        for row in rows {
            let may = [ScheduleState::Active, ScheduleState::Broken]
                .iter()
                .any(|state| state.as_str() == row.state);
            let until = after(from_micros(row.seen_at), self.0.retire_after);
            if may && until <= tx.now && row.seen_at < tx.micros() {
                retired.push(row.name.clone());
                let version = row.version + 1;
                let mut row = row.into_active_model();
                row.state = Set(ScheduleState::Retired.as_str().into());
                row.version = Set(version);
                row.update(tx.connection())
                    .await
                    .map_err(|e| tx.failed(e))?;
            }
        }
        retired.sort();
        Ok(retired)
    }
}

/// Mirrors tasks; says whether one is new or changed.
async fn declare_tasks(tx: &Exchange<'_>, tasks: &[NewTask]) -> Result<bool> {
    let rows = task::Entity::find()
        .all(tx.connection())
        .await
        .map_err(|e| tx.failed(e))?;
    let mut known: HashMap<String, task::Model> = rows
        .into_iter()
        .map(|row| (row.task.clone(), row))
        .collect();
    let mut changed = false;
    for new in tasks {
        let key = canonical_alias(&new.alias);
        let before = known.get(&key);
        let mut row = task::Model {
            task: key.clone(),
            alias: new.alias.clone(),
            title: new.title.clone(),
            description: new.description.clone(),
            queue: new.queue.clone(),
            params: new.params.clone(),
            shape: new.shape,
            origin: new.origin.clone(),
            enabled: before.is_none_or(|before| before.enabled),
            seen_at: before.and_then(|before| before.seen_at),
        };
        changed |= before != Some(&row);
        row.seen_at = Some(tx.micros());
        let written = task::Entity::insert(row.clone().into_active_model()).on_conflict(
            OnConflict::column(task::Column::Task)
                .update_columns([
                    task::Column::Alias,
                    task::Column::Title,
                    task::Column::Description,
                    task::Column::Queue,
                    task::Column::Params,
                    task::Column::Shape,
                    task::Column::Origin,
                    task::Column::SeenAt,
                ])
                .to_owned(),
        );
        written
            .exec_without_returning(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        known.insert(key, row);
    }
    Ok(changed)
}

fn first(tx: &Exchange<'_>, new: &NewSchedule) -> schedule::Model {
    schedule::Model {
        id: ScheduleId::generate().0,
        name: new.name.clone(),
        alias: new.alias.clone(),
        task: canonical_alias(&new.alias),
        rule: new.rule.clone(),
        tz: new.tz.clone(),
        params: new.params.clone(),
        catch_up: json(&new.catch_up),
        overlap: json(&new.overlap),
        state: ScheduleState::Active.as_str().into(),
        error: None,
        created_at: tx.micros(),
        next_run_at: None,
        last_run_at: None,
        executions: 0,
        seen_at: tx.micros(),
        version: 1,
    }
}

/// Declares a schedule that is known; gives its row as it is now.
async fn again(
    tx: &Exchange<'_>,
    old: schedule::Model,
    new: &NewSchedule,
    diff: &mut Diff,
) -> Result<schedule::Model> {
    let mut now = schedule::Model {
        alias: new.alias.clone(),
        task: canonical_alias(&new.alias),
        rule: new.rule.clone(),
        tz: new.tz.clone(),
        params: new.params.clone(),
        catch_up: json(&new.catch_up),
        overlap: json(&new.overlap),
        ..old.clone()
    };
    let changed = now != old;
    let moved = (&now.rule, &now.tz) != (&old.rule, &old.tz);
    let revived = match old.clone().into_schedule(tx.op)?.state {
        ScheduleState::Retired => true,
        ScheduleState::Broken => changed,
        // It came to the end of another rule.
        ScheduleState::Completed => moved,
        ScheduleState::Draft | ScheduleState::Active | ScheduleState::Paused => false,
    };
    now.seen_at = tx.micros();
    if moved {
        now.next_run_at = None;
    }
    if revived {
        now.state = ScheduleState::Active.as_str().into();
        now.error = None;
    }
    if changed || revived {
        now.version += 1;
        diff.changed.push(new.name.clone());
    }
    write(tx, now.clone()).await?;
    Ok(now)
}

/// Writes all columns of a schedule's row.
pub(crate) async fn write(tx: &Exchange<'_>, row: schedule::Model) -> Result<()> {
    let mut row = row.into_active_model().reset_all();
    row.id = ActiveValue::Unchanged(row.id.take().expect("a row has its id"));
    row.update(tx.connection())
        .await
        .map_err(|e| tx.failed(e))?;
    Ok(())
}

/// `Store::fire`.
pub(crate) struct Step {
    schedule: ScheduleId,
    version: i64,
    jobs: NewRows,
    /// The planned instants of the jobs, in microseconds.
    planned: Vec<Option<i64>>,
    skip_if_unfinished: bool,
    then: Then,
}

impl Step {
    pub(crate) fn new(fire: Fire) -> Result<Self> {
        let Fire {
            schedule,
            version,
            jobs,
            skip_if_unfinished,
            then,
        } = fire;
        let planned = jobs.iter().map(planned).collect();
        let jobs = NewRows::strict(Self::NAME, jobs)?;
        Ok(Self {
            schedule,
            version,
            jobs,
            planned,
            skip_if_unfinished,
            then,
        })
    }
}

fn planned(job: &NewJob) -> Option<i64> {
    job.occurrence.map(|occurrence| to_micros(occurrence.at))
}

#[async_trait]
impl Operation for Step {
    const NAME: &'static str = "fire";
    type Answer = Fired;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Fired> {
        let id: Uuid = self.schedule.0;
        let found = schedule::Entity::find_by_id(id)
            .lock_exclusive()
            .one(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        let current = found.filter(|row| {
            row.version == self.version && row.state == ScheduleState::Active.as_str()
        });
        let Some(mut row) = current else {
            return Ok(Fired::Stale);
        };
        let left_out = self.skip_if_unfinished
            && tx
                .single::<bool>(tx.words().unfinished, [id.into()])
                .await?
                .unwrap_or(false);
        let jobs: Vec<&NewRow> = if left_out {
            Vec::new()
        } else {
            self.jobs.rows.iter().collect()
        };
        let mut made = 0;
        for (answer, planned) in insert(tx, &jobs, Disabled::Refused)
            .await?
            .iter()
            .zip(&self.planned)
        {
            if matches!(answer, Enqueued::New { .. }) {
                made += 1;
                row.last_run_at = planned.or(row.last_run_at);
            }
        }
        row.version += 1;
        row.executions += i64::try_from(made).expect("a step has few jobs");
        row.next_run_at = None;
        match &self.then {
            Then::Next(at) => row.next_run_at = Some(to_micros(*at)),
            Then::Completed => row.state = ScheduleState::Completed.as_str().into(),
            Then::Broken(reason) => {
                row.state = ScheduleState::Broken.as_str().into();
                row.error = Some(reason.clone());
                tx.tell(Wake::Control);
            }
        }
        write(tx, row).await?;
        Ok(Fired::Applied { jobs: made })
    }
}
