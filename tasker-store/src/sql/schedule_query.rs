//! Reading schedules. How the job of each that ended last came out is looked up with them, so that no end of a job has
//! to write to its schedule.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::clock::from_micros;
use crate::error::Result;
use crate::query::ScheduleQuery;
use crate::schedule::{Schedule, ScheduleId};
use crate::sql::entity::{job, named, schedule, task};
use crate::sql::query::{AT_ONCE, Reader};
use crate::task::canonical_alias;

impl Reader {
    pub(crate) async fn schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>> {
        let mut find = schedule::Entity::find();
        if !query.include_deleted {
            find = find.filter(schedule::Column::DeletedAt.is_null());
        }
        if !query.states.is_empty() {
            let states = query.states.iter().map(|state| state.as_str());
            find = find.filter(schedule::Column::State.is_in(states));
        }
        if let Some(alias) = &query.alias {
            find = find.filter(schedule::Column::Task.eq(canonical_alias(alias)));
        }
        let rows = find
            .order_by_asc(schedule::Column::Name)
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let found = self.readable(rows);
        let queues = match query.queue {
            Some(_) => self.queues_of_tasks().await?,
            None => HashMap::new(),
        };
        let mut selected = query.select(found.into_iter(), |task| queues.get(task).cloned());
        self.add_outcomes(&mut selected, None).await?;
        Ok(selected)
    }

    pub(crate) async fn schedule(&self, name: &str) -> Result<Option<Schedule>> {
        let find = schedule::Entity::find().filter(schedule::Column::Name.eq(name));
        let found = find.one(&self.connection).await;
        let Some(row) = found.map_err(|e| self.failed(e))? else {
            return Ok(None);
        };
        let mut found = [row.into_schedule(self.op)?];
        let id = found[0].id;
        self.add_outcomes(&mut found, Some(id)).await?;
        let [found] = found;
        Ok(Some(found))
    }

    /// The queue of each task, by the form of its alias that is compared.
    async fn queues_of_tasks(&self) -> Result<HashMap<String, String>> {
        let find = task::Entity::find()
            .select_only()
            .columns([task::Column::Task, task::Column::Queue]);
        let rows: Vec<(String, String)> =
            (find.into_tuple().all(&self.connection).await).map_err(|e| self.failed(e))?;
        Ok(rows.into_iter().collect())
    }

    /// Adds what is known of ended jobs, where `only` is given of that one schedule.
    async fn add_outcomes(
        &self,
        schedules: &mut [Schedule],
        only: Option<ScheduleId>,
    ) -> Result<()> {
        if schedules.is_empty() {
            return Ok(());
        }
        let words = self.dialect.statements.ended;
        let mut ended: HashMap<i64, Uuid> = HashMap::new();
        for row in self.rows(words, [only.map(|only| only.0).into()]).await? {
            if let Some(number) = self.get::<Option<i64>>(&row, 1)? {
                ended.insert(number, self.get(&row, 0)?);
            }
        }
        let mut places: HashMap<Uuid, &mut Schedule> = schedules
            .iter_mut()
            .map(|schedule| (schedule.id.0, schedule))
            .collect();
        let mut numbers: Vec<i64> = (ended.iter())
            .filter(|(_, schedule)| places.contains_key(schedule))
            .map(|(number, _)| *number)
            .collect();
        numbers.sort_unstable();
        for numbers in numbers.chunks(AT_ONCE) {
            let find = job::Entity::find()
                .select_only()
                .columns([
                    job::Column::Number,
                    job::Column::FinishedAt,
                    job::Column::State,
                    job::Column::Error,
                ])
                .filter(job::Column::Number.is_in(numbers.iter().copied()));
            type Row = (i64, Option<i64>, String, Option<String>);
            let rows: Vec<Row> =
                (find.into_tuple().all(&self.connection).await).map_err(|e| self.failed(e))?;
            for (number, at, state, error) in rows {
                // One that is run once more has not ended.
                if let Some(at) = at
                    && let Some(schedule) = places.get_mut(&ended[&number])
                {
                    schedule.ended(from_micros(at), named(self.op, &state)?, error);
                }
            }
        }
        Ok(())
    }
}
