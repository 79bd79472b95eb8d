//! Reading: what operators, the command line and pages ask. Nothing here writes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::sea_query::{Asterisk, Expr, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, Order,
    QueryFilter, QueryOrder, QueryResult, QuerySelect, Select, TryGetable, Value,
};
use uuid::Uuid;

use crate::attempt::{Attempt, LogLine};
use crate::clock::{Instant, from_micros, to_micros};
use crate::error::{Result, StoreError};
use crate::job::{Job, JobId, JobRef};
use crate::lease::{Lease, Worker, WorkerId};
use crate::limits::COUNTED;
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
use crate::sql::outlook::{self, sooner};
use crate::state::JobState;
use crate::task::{Task, canonical_alias};

/// A statement takes a bounded number of values.
pub(crate) const AT_ONCE: usize = 1_000;

/// A place to look for jobs.
struct Home {
    conditions: Vec<SimpleExpr>,
    /// Whether they come by their numbers there.
    in_order: bool,
}

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
        let find = |home: Home| {
            let mut find = self.like(&query);
            for condition in home.conditions {
                find = find.filter(condition);
            }
            // As no column, so that the planner looks at these jobs only, and not at all from the newest on.
            let number = match home.in_order {
                true => job::Column::Number.into_expr(),
                false => Expr::cust("(number + 0)"),
            };
            if let Some(before) = query.before {
                find = find.filter(number.clone().lt(before));
            }
            let find = find.order_by(number, Order::Desc);
            QuerySelect::query(&mut find.limit(u64::from(query.limit))).take()
        };
        // One statement, or a job that moves meanwhile would be seen in none of its states.
        let mut all: Option<SelectStatement> = None;
        for home in self.homes(&query) {
            let part = Query::select()
                .column(Asterisk)
                .from_subquery(find(home), "part")
                .take();
            match &mut all {
                None => all = Some(part),
                Some(all) => drop(all.union(UnionType::All, part)),
            }
        }
        let all = all.expect("there is a place to look for any query");
        let all = self.dialect.backend.build(&all);
        let found = job::Model::find_by_statement(all)
            .all(&self.connection)
            .await;
        let mut rows = found.map_err(|e| self.failed(e))?;
        rows.sort_by_key(|row| Reverse(row.number));
        rows.truncate(query.limit as usize);
        self.with_progress(rows).await
    }

    /// Where to look for jobs: everywhere, or where those of each state are.
    fn homes(&self, query: &JobQuery) -> Vec<Home> {
        let homes = &self.dialect.statements.homes;
        let is = |state: &JobState| job::Column::State.eq(state.as_str());
        if query.include_deleted || query.states.is_empty() || query.holds.is_some() {
            let states = query.states.iter().map(|state| state.as_str());
            return vec![Home {
                conditions: match query.states.is_empty() {
                    true => Vec::new(),
                    false => vec![job::Column::State.is_in(states)],
                },
                in_order: true,
            }];
        }
        let mut states = query.states.clone();
        states.sort_unstable();
        states.dedup();
        let home = |state: &JobState| match state {
            JobState::Queued => Home {
                conditions: vec![Expr::cust(homes.queued)],
                in_order: false,
            },
            JobState::Scheduled | JobState::Retrying => Home {
                conditions: vec![Expr::cust(homes.waiting), is(state)],
                in_order: false,
            },
            JobState::Running => Home {
                conditions: vec![Expr::cust(homes.running)],
                in_order: false,
            },
            JobState::Paused | JobState::Failed | JobState::Canceled => Home {
                conditions: vec![Expr::cust(format!("{} = '{state}'", homes.aside))],
                in_order: true,
            },
            JobState::Succeeded => Home {
                conditions: vec![is(state)],
                in_order: true,
            },
        };
        states.iter().map(home).collect()
    }

    /// The jobs that meet the conditions of `query`, but those on states.
    fn like(&self, query: &JobQuery) -> Select<job::Entity> {
        let mut find = job::Entity::find();
        if !query.include_deleted {
            find = find.filter(job::Column::DeletedAt.is_null());
        }
        if let Some(alias) = &query.alias {
            find = find.filter(job::Column::Task.eq(canonical_alias(alias)));
        }
        if let Some(queue) = &query.queue {
            find = find.filter(job::Column::Queue.eq(queue));
        }
        if let Some(tag) = &query.tag {
            let has_tag = self.dialect.statements.has_tag;
            find = find.filter(Expr::cust_with_values(has_tag, [tag.as_str()]));
        }
        if let Some(key) = query.holds {
            find = find
                .filter(job::Column::UniqueKey.eq(key))
                .filter(Expr::cust(self.dialect.statements.holds_key));
        }
        find
    }

    async fn with_progress(&self, rows: Vec<job::Model>) -> Result<Vec<Job>> {
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
        let words = self.dialect.statements.count_queues;
        let (mut unsuccessful, mut latest) = (HashMap::<JobState, u64>::new(), 0);
        for row in self.rows(words, [i64::from(COUNTED).into()]).await? {
            let (name, state): (String, String) = (self.get(&row, 1)?, self.get(&row, 2)?);
            let jobs = self.get::<i64>(&row, 3)?.unsigned_abs();
            let part: i64 = self.get(&row, 0)?;
            if part == 2 {
                latest += jobs;
                if state != JobState::Succeeded.as_str() {
                    continue;
                }
            }
            let state: JobState = state.parse().map_err(|reason: String| {
                StoreError::new(crate::ErrorKind::Corrupt, self.op, reason)
            })?;
            if part == 1 {
                *unsuccessful.entry(state).or_default() += jobs;
            }
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
        let bound = u64::from(COUNTED);
        let more = latest >= bound || unsuccessful.values().any(|jobs| *jobs >= bound);
        let told = queues.into_values().map(|queue| Queue { more, ..queue });
        Ok(told.collect())
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

    /// Schedules whose rows this binary can read. A newer release may say what it cannot: those are that one's to fire, and
    /// hold up no other.
    pub(crate) fn readable(&self, rows: Vec<schedule::Model>) -> Vec<Schedule> {
        let mut schedules = Vec::with_capacity(rows.len());
        for row in rows {
            let name = row.name.clone();
            match row.into_schedule(self.op) {
                Ok(schedule) => schedules.push(schedule),
                Err(error) => tracing::warn!(schedule = name, %error, "passed over a schedule"),
            }
        }
        schedules
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
        let mut ids: Vec<Uuid> = rows
            .iter()
            .map(|row| self.get(row, 0))
            .collect::<Result<_>>()?;
        let mut waits = false;
        for row in self.rows(words.waiting_schedules, []).await? {
            let id = self.get(&row, 0)?;
            match self.get(&row, 1)? {
                true if !ids.contains(&id) => ids.push(id),
                true => {}
                false => waits = true,
            }
        }
        let more = ids.len() > limit as usize;
        ids.truncate(limit as usize);
        let find = schedule::Entity::find().filter(schedule::Column::Id.is_in(ids));
        let find = find
            .order_by_asc(schedule::Column::NextRunAt)
            .order_by_asc(schedule::Column::Name);
        let found = find
            .all(&self.connection)
            .await
            .map_err(|e| self.failed(e))?;
        let schedules = self.readable(found);
        let next = self.rows(words.next_schedule, [at]).await?;
        let next: Option<i64> = next
            .first()
            .map(|row| self.get(row, 0))
            .transpose()?
            .flatten();
        let next = next.map(|next| (from_micros(next) - now).to_std().unwrap_or_default());
        Ok(DueSchedules {
            now,
            schedules,
            more,
            next_in: sooner(waits, next),
        })
    }

    pub(crate) async fn rows<const N: usize>(
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

    pub(crate) fn get<T: TryGetable>(&self, row: &QueryResult, column: usize) -> Result<T> {
        get(self.op, row, column)
    }

    pub(crate) fn failed(&self, error: DbErr) -> StoreError {
        failed(self.op, error)
    }
}
