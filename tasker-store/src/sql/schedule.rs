//! Declaring tasks and schedules. Their steps are in `step`.

use std::collections::HashMap;

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel, QueryOrder, QuerySelect,
};

use crate::error::{Result, StoreError};
use crate::schedule::{Declared, Schedule};
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
        let mut known: HashMap<String, Schedule> = HashMap::new();
        // What a newer release wrote and this one cannot read is that one's, unless this one declares it.
        let mut unread: HashMap<String, StoreError> = HashMap::new();
        for row in rows.map_err(|e| tx.failed(e))? {
            let name = row.name.clone();
            match row.into_schedule(tx.op) {
                Ok(schedule) => drop(known.insert(name, schedule)),
                Err(error) => drop(unread.insert(name, error)),
            }
        }
        let mut diff = Diff::default();
        for new in &self.0.schedules {
            let name = new.name.clone();
            if let Some(error) = unread.remove(&name) {
                return Err(error);
            }
            let row = match known.remove(&name) {
                None => {
                    let row = Schedule::declared(new.clone(), tx.now);
                    add(tx, &row).await?;
                    diff.added.push(name.clone());
                    row
                }
                Some(mut row) => {
                    match row.declare(new.clone(), tx.now) {
                        Declared::Same => write(tx, (&row).into()).await?,
                        Declared::Changed => {
                            write(tx, (&row).into()).await?;
                            diff.changed.push(name.clone());
                        }
                        Declared::Taken => diff.taken.push(name.clone()),
                    }
                    row
                }
            };
            known.insert(name, row);
        }
        diff.retired = self.retire(tx, known.into_values()).await?;
        if changed_tasks || !diff.is_empty() {
            tx.tell(Wake::Control);
        }
        Ok(diff)
    }
}

impl Declare {
    /// Retires what nobody has declared for long.
    async fn retire(
        &self,
        tx: &Exchange<'_>,
        rows: impl Iterator<Item = Schedule> + Send,
    ) -> Result<Vec<String>> {
        let mut retired = Vec::new();
        for mut row in rows {
            if row.retire(self.0.retire_after, tx.now) {
                write(tx, (&row).into()).await?;
                retired.push(row.name);
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

/// Writes a new schedule's row, unless its name is taken meanwhile.
pub(crate) async fn add(tx: &Exchange<'_>, row: &Schedule) -> Result<()> {
    let insert = schedule::Entity::insert(schedule::Model::from(row).into_active_model());
    let conflict = OnConflict::column(schedule::Column::Name)
        .do_nothing_on([schedule::Column::Id])
        .to_owned();
    insert
        .on_conflict(conflict)
        .exec_without_returning(tx.connection())
        .await
        .map_err(|e| tx.failed(e))?;
    Ok(())
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
