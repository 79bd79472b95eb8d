//! The steps of schedules: the jobs of what is due, and where each schedule stands then.
//!
//! However many schedules a call is about, it takes a handful of statements: the schedules are read under their locks, in the
//! order of their ids; then what is unfinished of those that ask; the jobs of all are inserted together, and all rows are
//! advanced by one statement. Only a cancel takes statements of its own. Two processes that make the same steps meet at the
//! first row: the second one reads the new versions and changes nothing.
//!
//! Measured with a build for debugging on two busy cores, two processes: a thousand schedules due in one second were all
//! fired 0.44 s after it on SQLite, 0.32 s on PostgreSQL, 0.40 s on MariaDB; on SQLite by at most nine statements of a call.

use std::collections::HashMap;

use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::clock::to_micros;
use crate::error::Result;
use crate::job::{Enqueued, JobId};
use crate::schedule::{Fire, Fired, Overlap, Schedule, Then, Waiting};
use crate::sql::change::{ChangeJob, To};
use crate::sql::enqueue::{Disabled, NewRow, NewRows, hex, insert, json, missed_column};
use crate::sql::entity::schedule;
use crate::sql::exchange::{Exchange, Operation};
use crate::state::Move;
use crate::wake::Wake;

/// `Store::fire_all`.
pub(crate) struct Steps(Vec<Step>);

struct Step {
    fire: Fire,
    /// The jobs of `fire`, which has none any more.
    jobs: NewRows,
}

/// A step that is to be made: what stays of its jobs, and where its schedule will stand.
struct Stood<'a> {
    made: &'a [NewRow],
    row: Schedule,
    waiting: Option<Waiting>,
    then: &'a Then,
}

impl Steps {
    pub(crate) fn new(steps: Vec<Fire>) -> Result<Self> {
        let steps = steps.into_iter().map(|mut fire| {
            let jobs = NewRows::strict(Self::NAME, std::mem::take(&mut fire.jobs))?;
            Ok(Step { fire, jobs })
        });
        Ok(Self(steps.collect::<Result<_>>()?))
    }
}

#[async_trait]
impl Operation for Steps {
    const NAME: &'static str = "fire";
    type Answer = Vec<Fired>;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Vec<Fired>> {
        let mut current = self.current(tx).await?;
        let unfinished = unfinished(tx, &self.0, &current).await?;
        let mut answers = vec![Fired::Stale; self.0.len()];
        let mut stood = Vec::with_capacity(current.len());
        for (place, step) in self.0.iter().enumerate() {
            let id = step.fire.schedule.0;
            if let Some(row) = current.remove(&id) {
                let before = unfinished.get(&id).map(Vec::as_slice).unwrap_or_default();
                stood.push((place, step.stand(tx, row, before).await?));
            }
        }
        let jobs: Vec<&NewRow> = stood.iter().flat_map(|(_, stood)| stood.made).collect();
        let mut enqueued = insert(tx, &jobs, Disabled::Refused).await?.into_iter();
        let mut rows = Vec::with_capacity(stood.len());
        for (place, stood) in stood {
            let (made, row) = stood.count(enqueued.by_ref());
            answers[place] = Fired::Applied { jobs: made };
            rows.push(after(&row, made));
        }
        if !rows.is_empty() {
            let rows = json(&rows);
            tx.change(tx.words().advance, [rows.into()]).await?;
        }
        Ok(answers)
    }
}

impl Steps {
    /// The schedules that still stand as their steps take it, locked.
    async fn current(&self, tx: &Exchange<'_>) -> Result<HashMap<Uuid, Schedule>> {
        let versions: HashMap<Uuid, i64> = (self.0.iter())
            .map(|step| (step.fire.schedule.0, step.fire.version))
            .collect();
        let find = schedule::Entity::find()
            .filter(schedule::Column::Id.is_in(versions.keys().copied()))
            .order_by_asc(schedule::Column::Id)
            .lock_exclusive();
        let rows = find.all(tx.connection()).await.map_err(|e| tx.failed(e))?;
        let mut current = HashMap::with_capacity(rows.len());
        for row in rows {
            if versions.get(&row.id) == Some(&row.version) {
                let (id, row) = (row.id, row.into_schedule(tx.op)?);
                if row.may_step() {
                    current.insert(id, row);
                }
            }
        }
        Ok(current)
    }
}

/// The unfinished jobs of the schedules whose overlap asks for them, in the order they were enqueued.
async fn unfinished(
    tx: &Exchange<'_>,
    steps: &[Step],
    current: &HashMap<Uuid, Schedule>,
) -> Result<HashMap<Uuid, Vec<JobId>>> {
    let asking: Vec<String> = (steps.iter())
        .filter(|step| step.fire.overlap != Overlap::Allow && !step.jobs.rows.is_empty())
        .filter(|step| current.contains_key(&step.fire.schedule.0))
        .map(|step| hex(step.fire.schedule.0))
        .collect();
    let mut found: HashMap<Uuid, Vec<JobId>> = HashMap::new();
    if asking.is_empty() {
        return Ok(found);
    }
    let words = tx.words().unfinished;
    for row in tx.rows(words, [json(&asking).into()]).await? {
        let jobs = found.entry(tx.get(&row, 0)?).or_default();
        jobs.push(JobId(tx.get(&row, 1)?));
    }
    Ok(found)
}

impl Step {
    /// Decides which jobs are enqueued and which one waits; requests the cancels it asks for.
    async fn stand(
        &self,
        tx: &mut Exchange<'_>,
        row: Schedule,
        unfinished: &[JobId],
    ) -> Result<Stood<'_>> {
        let left = (row.left()).map_or(usize::MAX, |left| {
            usize::try_from(left).unwrap_or(usize::MAX)
        });
        let jobs = &self.jobs.rows[..self.jobs.rows.len().min(left)];
        let (made, waits) = (self.fire.overlap).of(jobs.len(), !unfinished.is_empty());
        if self.fire.overlap == Overlap::CancelPrevious && !made.is_empty() {
            for job in unfinished {
                let (job, to) = (*job, To::Made(Move::Cancel));
                ChangeJob { job, to }.run(tx).await?;
            }
        }
        if matches!(self.fire.then, Then::Broken(_)) {
            tx.tell(Wake::Control);
        }
        Ok(Stood {
            made: &jobs[made],
            waiting: waits.and_then(|place| jobs[place].job.waiting()),
            then: &self.fire.then,
            row,
        })
    }
}

impl Stood<'_> {
    /// Counts what became of its jobs; gives their number, and the schedule as it stands then.
    fn count(mut self, answers: impl Iterator<Item = Enqueued>) -> (usize, Schedule) {
        let (mut made, mut last) = (0, None);
        for (row, answer) in self.made.iter().zip(answers) {
            if matches!(answer, Enqueued::New { .. }) {
                made += 1;
                last = row.job.occurrence.map(|occurrence| occurrence.at).or(last);
            }
        }
        let then = self.then.clone();
        self.row.stepped(made, last, self.waiting, then);
        (made, self.row)
    }
}

/// A schedule after a step, as `Statements::advance` takes it.
fn after(row: &Schedule, made: usize) -> impl serde::Serialize + use<> {
    let waiting = row.waiting.as_ref();
    (
        hex(row.id.0),
        row.state.as_str(),
        row.error.clone(),
        row.next_run_at.map(to_micros),
        row.last_run_at.map(to_micros),
        made,
        waiting.map(|waiting| to_micros(waiting.at)),
        waiting.and_then(|waiting| missed_column(&waiting.missed)),
    )
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::clock::{Instant, from_micros};
    use crate::job::{NewJob, Occurrence};
    use crate::schedule::{NewSchedule, ScheduleId};
    use crate::sql::exchange::Seen;
    use crate::sql::schedule::Declare;
    use crate::sql::sqlite::DIALECT;
    use crate::task::Declaration;

    fn at(seconds: i64) -> Instant {
        from_micros(1_750_000_000_000_000 + seconds * 1_000_000)
    }

    /// A thousand schedules that are due in the same second cost a few statements and no thousands.
    #[tokio::test]
    async fn a_thousand_schedules_are_fired_by_a_few_statements() {
        const MANY: usize = 1_000;
        let mut connection = sea_orm::Database::connect("sqlite::memory:")
            .await
            .expect("in memory");
        let statements = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&statements);
        connection.set_metric_callback(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        for table in DIALECT.tables {
            let made = sea_orm::ConnectionTrait::execute_unprepared(&connection, table).await;
            made.expect("the schema is sound");
        }
        let seen = Seen::default();
        let begin = || Exchange::begin(&connection, &DIALECT, || at(0), &seen);
        let schedules = (0..MANY).map(|place| NewSchedule {
            overlap: Overlap::QueueOne,
            ..NewSchedule::new(format!("hello/{place}"), "hello", "every 1m")
        });
        let declare = Declare(Declaration {
            schedules: schedules.collect(),
            ..Declaration::default()
        });
        let mut tx = begin().await.expect("begin");
        declare.run(&mut tx).await.expect("declare");
        let rows = schedule::Entity::find().all(tx.connection()).await;
        let rows = rows.expect("they are there");
        let steps = rows.iter().map(|row| {
            let schedule = ScheduleId(row.id);
            let at = at(0);
            Fire {
                schedule,
                version: row.version,
                jobs: vec![NewJob {
                    occurrence: Some(Occurrence { schedule, at }),
                    ..NewJob::new("hello", "{}")
                }],
                overlap: Overlap::QueueOne,
                then: Then::Next(at),
            }
        });
        let steps = Steps::new(steps.collect()).expect("they are sound");
        let before = statements.load(Ordering::Relaxed);
        let fired = steps.run(&mut tx).await.expect("fire");
        let taken = statements.load(Ordering::Relaxed) - before;
        assert_eq!(fired, vec![Fired::Applied { jobs: 1 }; MANY]);
        // The rows, what is unfinished, four insertions, the new queue and task, where they stand.
        assert!((1..=9).contains(&taken), "{taken} statements");
        tx.commit().await.expect("commit");
    }
}
