//! Reading: what operators, the command line and pages ask. Nothing here writes.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, TryGetable, Value,
};
use uuid::Uuid;

use crate::attempt::{Attempt, LogLine};
use crate::clock::{Instant, from_micros, to_micros};
use crate::error::{Result, StoreError};
use crate::job::{Job, JobId, JobRef};
use crate::lease::{Lease, Worker, WorkerId};
use crate::outlook::Outlook;
use crate::query::JobQuery;
use crate::queue::Queue;
use crate::schedule::{DueSchedules, Schedule};
use crate::settle::Claimed;
use crate::sql::claim::in_order;
use crate::sql::dialect::Dialect;
use crate::sql::entity::{attempt, job, log, progress, queue, schedule, task, worker};
use crate::sql::exchange::{get, statement};
use crate::sql::fault::failed;
use crate::sql::link::Link;
use crate::sql::outlook;
use crate::state::JobState;
use crate::task::{Task, canonical_alias};

/// A statement takes a bounded number of values.
const AT_ONCE: usize = 1_000;

/// The connections that read, on behalf of one method.
pub(crate) struct Reader {
    pub(crate) connection: Link<'static>,
    pub(crate) dialect: &'static Dialect,
    /// The store method, for messages.
    pub(crate) op: &'static str,
}

impl Reader {
    pub(crate) async fn job(&self, job: JobRef) -> Result<Option<Job>> {
        let find = job::Entity::find();
        let find = match job {
            JobRef::Id(id) => find.filter(job::Column::Id.eq(id.0)),
            JobRef::Number(number) => find.filter(job::Column::Number.eq(number)),
        };
        let Some(row) = find
            .one(&self.connection)
            .await
            .map_err(|e| self.failed(e))?
        else {
            return Ok(None);
        };
        let progress = progress::Entity::find_by_id(row.number)
            .one(&self.connection)
            .await;
        let progress = progress.map_err(|e| self.failed(e))?;
        row.into_job(self.op, progress.as_ref()).map(Some)
    }

    /// The jobs that run under a worker's lease and are not among `known`. Where these are all, as they nearly
    /// always are, no job is read.
    pub(crate) async fn unheard(
        &self,
        worker: WorkerId,
        known: &HashSet<Lease>,
    ) -> Result<Vec<Claimed>> {
        let mut unheard = Vec::new();
        let words = self.dialect.statements.running;
        for row in self.rows(words, [worker.0.into()]).await? {
            let (job, token) = (self.get(&row, 0)?, self.get(&row, 1)?);
            let job = JobId(job);
            if !known.contains(&Lease { job, token }) {
                unheard.push(job.0);
            }
        }
        let mut jobs = Vec::with_capacity(unheard.len());
        for ids in unheard.chunks(AT_ONCE) {
            let find = job::Entity::find()
                .filter(job::Column::Id.is_in(ids.iter().copied()))
                .filter(job::Column::State.eq(JobState::Running.as_str()))
                .filter(job::Column::Worker.eq(worker.0));
            let rows = find.all(&self.connection).await;
            for row in rows.map_err(|e| self.failed(e))? {
                jobs.push((row.due_at, row.into_claimed(self.op)?));
            }
        }
        // One that ended and was claimed once more in between is known.
        jobs.retain(|(_, job)| !known.contains(&job.lease()));
        Ok(in_order(jobs))
    }

    pub(crate) async fn jobs(&self, query: JobQuery) -> Result<Vec<Job>> {
        let mut find = job::Entity::find();
        if !query.include_deleted {
            find = find.filter(job::Column::DeletedAt.is_null());
        }
        if !query.states.is_empty() {
            find = find
                .filter(job::Column::State.is_in(query.states.iter().map(|state| state.as_str())));
        }
        if let Some(alias) = &query.alias {
            find = find.filter(job::Column::Task.eq(canonical_alias(alias)));
        }
        if let Some(queue) = &query.queue {
            find = find.filter(job::Column::Queue.eq(queue));
        }
        if let Some(tag) = query.tag {
            find = find.filter(Expr::cust_with_values(
                self.dialect.statements.has_tag,
                [tag],
            ));
        }
        if let Some(key) = query.holds {
            find = find
                .filter(job::Column::UniqueKey.eq(key))
                .filter(Expr::cust(self.dialect.statements.holds_key));
        }
        if let Some(before) = query.before {
            find = find.filter(job::Column::Number.lt(before));
        }
        let find = find
            .order_by_desc(job::Column::Number)
            .limit(u64::from(query.limit));
        let rows = find
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let mut progress: HashMap<i64, progress::Model> = HashMap::new();
        for numbers in numbers.chunks(AT_ONCE) {
            let find = progress::Entity::find()
                .filter(progress::Column::Job.is_in(numbers.iter().copied()));
            let found = find
                .all(&self.connection)
                .await
                .map_err(|e| self.failed(e))?;
            progress.extend(found.into_iter().map(|row| (row.job, row)));
        }
        rows.into_iter()
            .map(|row| {
                let progress = progress.get(&row.number);
                row.into_job(self.op, progress)
            })
            .collect()
    }

    pub(crate) async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>> {
        let Some(number) = self.number(job).await? else {
            return Ok(Vec::new());
        };
        let find = attempt::Entity::find().filter(attempt::Column::Job.eq(number));
        let rows = find
            .order_by_asc(attempt::Column::Token)
            .all(&self.connection)
            .await;
        rows.map_err(|e| self.failed(e))?
            .into_iter()
            .map(|row| row.into_attempt(self.op))
            .collect()
    }

    pub(crate) async fn log(&self, job: JobId) -> Result<Vec<LogLine>> {
        let Some(number) = self.number(job).await? else {
            return Ok(Vec::new());
        };
        let find = log::Entity::find().filter(log::Column::Job.eq(number));
        let rows = find
            .order_by_asc(log::Column::Number)
            .all(&self.connection)
            .await;
        rows.map_err(|e| self.failed(e))?
            .into_iter()
            .map(|row| row.into_line(self.op))
            .collect()
    }

    async fn number(&self, job: JobId) -> Result<Option<i64>> {
        let find = job::Entity::find()
            .select_only()
            .column(job::Column::Number);
        let find = find.filter(job::Column::Id.eq(job.0)).into_tuple();
        find.one(&self.connection).await.map_err(|e| self.failed(e))
    }

    pub(crate) async fn queues(&self) -> Result<Vec<Queue>> {
        let rows = queue::Entity::find()
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let mut queues: BTreeMap<String, Queue> = rows
            .into_iter()
            .map(|row| {
                (
                    row.name.clone(),
                    Queue {
                        name: row.name,
                        paused: row.paused,
                        ..Queue::default()
                    },
                )
            })
            .collect();
        for row in self.rows(self.dialect.statements.count_queues, []).await? {
            let (name, state): (String, String) = (self.get(&row, 0)?, self.get(&row, 1)?);
            let jobs = self.get::<i64>(&row, 2)?.unsigned_abs();
            let state = state.parse().map_err(|reason: String| {
                StoreError::new(crate::ErrorKind::Corrupt, self.op, reason)
            })?;
            // A queue made since its name was read shows with the next question.
            let Some(queue) = queues.get_mut(&name) else {
                continue;
            };
            *match state {
                JobState::Scheduled => &mut queue.scheduled,
                JobState::Queued => &mut queue.queued,
                JobState::Running => &mut queue.running,
                JobState::Retrying => &mut queue.retrying,
                JobState::Paused => &mut queue.paused_jobs,
                JobState::Succeeded => &mut queue.succeeded,
                JobState::Failed => &mut queue.failed,
                JobState::Canceled => &mut queue.canceled,
            } = jobs;
        }
        Ok(queues.into_values().collect())
    }

    pub(crate) async fn workers(&self) -> Result<Vec<Worker>> {
        let find = worker::Entity::find()
            .order_by_asc(worker::Column::StartedAt)
            .order_by_asc(worker::Column::Id);
        let rows = find
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let mut running: HashMap<Uuid, u64> = HashMap::new();
        for row in self.rows(self.dialect.statements.count_running, []).await? {
            running.insert(self.get(&row, 0)?, self.get::<i64>(&row, 1)?.unsigned_abs());
        }
        rows.into_iter()
            .map(|row| {
                let running = running.get(&row.id).copied().unwrap_or(0);
                row.into_worker(self.op, running)
            })
            .collect()
    }

    pub(crate) async fn schedules(&self) -> Result<Vec<Schedule>> {
        let rows = schedule::Entity::find()
            .order_by_asc(schedule::Column::Name)
            .all(&self.connection)
            .await;
        rows.map_err(|e| self.failed(e))?
            .into_iter()
            .map(|row| row.into_schedule(self.op))
            .collect()
    }

    pub(crate) async fn tasks(&self) -> Result<Vec<Task>> {
        let find = task::Entity::find().filter(task::Column::SeenAt.is_not_null());
        let rows = find
            .order_by(task::Column::Alias, Order::Asc)
            .all(&self.connection)
            .await;
        Ok(rows
            .map_err(|e| self.failed(e))?
            .into_iter()
            .map(Task::from)
            .collect())
    }

    pub(crate) async fn unknown(&self) -> Result<Vec<(String, u64)>> {
        let rows = self.rows(self.dialect.statements.unknown, []).await?;
        rows.iter()
            .map(|row| Ok((self.get(row, 0)?, self.get::<i64>(row, 1)?.unsigned_abs())))
            .collect()
    }

    /// One statement: each of its columns is one of the questions that the sweeps ask after their work.
    pub(crate) async fn outlook(&self, now: Instant) -> Result<Outlook> {
        let rows = self
            .rows(outlook::question(self.dialect), outlook::values(now))
            .await?;
        match rows.first() {
            Some(row) => outlook::read(self.op, row, now),
            None => Ok(Outlook::default()),
        }
    }

    pub(crate) async fn due(&self, limit: u32, now: Instant) -> Result<DueSchedules> {
        let words = &self.dialect.statements;
        let at = Value::from(to_micros(now));
        let rows = self
            .rows(
                words.due_schedules,
                [at.clone(), (i64::from(limit) + 1).into()],
            )
            .await?;
        let ids: Vec<Uuid> = rows
            .iter()
            .take(limit as usize)
            .map(|row| self.get(row, 0))
            .collect::<Result<_>>()?;
        let find = schedule::Entity::find().filter(schedule::Column::Id.is_in(ids));
        let find = find
            .order_by_asc(schedule::Column::NextRunAt)
            .order_by_asc(schedule::Column::Name);
        let found = find
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let schedules = found
            .into_iter()
            .map(|row| row.into_schedule(self.op))
            .collect::<Result<_>>()?;
        let next = self.rows(words.next_schedule, [at]).await?;
        let next: Option<i64> = next
            .first()
            .map(|row| self.get(row, 0))
            .transpose()?
            .flatten();
        Ok(DueSchedules {
            now,
            schedules,
            more: rows.len() > limit as usize,
            next_in: next.map(|next| (from_micros(next) - now).to_std().unwrap_or_default()),
        })
    }

    async fn rows<const N: usize>(
        &self,
        words: impl Into<String>,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>> {
        let statement = statement(self.dialect, words.into(), values.to_vec());
        self.connection
            .query_all_raw(statement)
            .await
            .map_err(|e| self.failed(e))
    }

    fn get<T: TryGetable>(&self, row: &QueryResult, column: usize) -> Result<T> {
        get(self.op, row, column)
    }

    fn failed(&self, error: DbErr) -> StoreError {
        failed(self.op, error)
    }
}
