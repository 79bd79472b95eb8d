//! Enqueueing: new jobs, in one statement for any number of them.
//!
//! A caller writes its rows as JSON before it asks, so that the writer only joins texts. The statement leaves out
//! ids that exist and jobs of disabled tasks; what it does not give back is one of these, which is looked up then.
//! Used by `enqueue`, by the follow-ups of a finish and by `fire`.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{Due, to_micros};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, JobId, Keep, NewJob};
use crate::limits;
use crate::sql::batch::Asked;
use crate::sql::exchange::Exchange;
use crate::task::canonical_alias;
use crate::wake::Wake;

/// One job, ready to be written.
pub(crate) struct NewRow {
    id: JobId,
    /// The row, or why it is none.
    json: Result<String, String>,
    due: Due,
    alias: String,
    task: String,
    queue: String,
}

/// The jobs of one call.
pub(crate) struct NewRows {
    pub(crate) rows: Vec<NewRow>,
}

/// What becomes of jobs of disabled tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disabled {
    /// They are refused.
    Refused,
    /// They are taken, and wait until the task is enabled.
    Taken,
}

impl NewRows {
    /// Writes the jobs down; one over the limits is refused when its turn comes.
    pub(crate) fn new(jobs: Vec<NewJob>) -> Self {
        Self {
            rows: jobs.into_iter().map(NewRow::new).collect(),
        }
    }

    /// Writes the jobs down; one over the limits fails the call.
    pub(crate) fn strict(op: &'static str, jobs: Vec<NewJob>) -> Result<Self> {
        let rows = Self::new(jobs);
        match rows.rows.iter().find_map(|row| row.json.as_ref().err()) {
            Some(reason) => Err(StoreError::new(ErrorKind::Invalid, op, reason)),
            None => Ok(rows),
        }
    }
}

impl NewRow {
    fn new(job: NewJob) -> Self {
        let task = canonical_alias(&job.alias);
        let json = limits::check(&job).map(|()| row_json(&job, &task));
        Self {
            id: job.id,
            json,
            due: job.due,
            alias: job.alias,
            task,
            queue: job.queue,
        }
    }
}

fn row_json(job: &NewJob, task: &str) -> String {
    let (within, at) = due_columns(job.due);
    json(&(
        hex(job.id.0),
        &job.alias,
        &job.queue,
        job.priority,
        &job.params,
        job.shape,
        within,
        at,
        job.max_attempts,
        i64::from(job.at_most_once),
        keep_column(job.retention.succeeded),
        keep_column(job.retention.unsuccessful),
        json(&job.tags),
        job.occurrence.map(|occurrence| hex(occurrence.schedule.0)),
        job.occurrence.map(|occurrence| to_micros(occurrence.at)),
        task,
    ))
}

/// The enqueues of a batch.
pub(crate) async fn run(
    tx: &mut Exchange,
    asked: &mut [Asked<NewRows, Vec<Enqueued>>],
) -> Result<()> {
    let rows: Vec<&NewRow> = asked.iter().flat_map(|asked| &asked.request.rows).collect();
    let mut answers = insert(tx, &rows, Disabled::Refused).await?.into_iter();
    for asked in asked {
        asked.answer = Some(answers.by_ref().take(asked.request.rows.len()).collect());
    }
    Ok(())
}

/// Puts rows into the store; the answers come in their order.
pub(crate) async fn insert(
    tx: &mut Exchange,
    rows: &[&NewRow],
    disabled: Disabled,
) -> Result<Vec<Enqueued>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let text = array(rows.iter().filter_map(|row| row.json.as_deref().ok()));
    let take_all = disabled == Disabled::Taken;
    let inserted = tx
        .rows(
            tx.words().enqueue,
            [text.into(), tx.micros().into(), take_all.into()],
        )
        .await?;
    let mut numbers: HashMap<Uuid, i64> = HashMap::with_capacity(rows.len());
    for row in &inserted {
        numbers.insert(tx.get(row, 1)?, tx.get(row, 0)?);
    }
    let new = rows.iter().filter(|row| numbers.contains_key(&row.id.0));
    make_sure(tx, new.copied()).await?;
    if numbers.len() < rows.len() {
        let missing: Vec<_> = rows
            .iter()
            .filter(|row| !numbers.contains_key(&row.id.0))
            .map(|row| hex(row.id.0))
            .collect();
        for row in tx.rows(tx.words().numbers, [json(&missing).into()]).await? {
            numbers.insert(tx.get(&row, 0)?, tx.get(&row, 1)?);
        }
    }
    Ok(rows
        .iter()
        .map(|row| row.answer(numbers.get(&row.id.0).copied()))
        .collect())
}

impl NewRow {
    fn answer(&self, number: Option<i64>) -> Enqueued {
        let id = self.id;
        match (number, &self.json) {
            (Some(number), _) => Enqueued::New { id, number },
            (None, Err(reason)) => Enqueued::Refused {
                reason: reason.clone(),
            },
            (None, Ok(_)) => Enqueued::Refused {
                reason: format!(
                    "the task `{}` is disabled: enable it, then enqueue again",
                    self.alias
                ),
            },
        }
    }
}

/// Makes the rows of queues and tasks that are new to this process, and tells that jobs are ready.
async fn make_sure(tx: &mut Exchange, rows: impl Iterator<Item = &NewRow> + Send) -> Result<()> {
    let (mut queues, mut tasks) = (Vec::new(), Vec::new());
    let mut ready = false;
    let mut last: Option<&NewRow> = None;
    for row in rows {
        ready |= row.due.resolve(tx.now) <= tx.now;
        if last.is_none_or(|last| last.queue != row.queue) && tx.is_new_queue(&row.queue) {
            queues.push(&row.queue);
        }
        if last.is_none_or(|last| last.task != row.task) && tx.is_new_task(&row.task) {
            tasks.push((&row.task, &row.alias));
        }
        last = Some(row);
    }
    if ready {
        tx.tell(Wake::Ready);
    }
    if !queues.is_empty() {
        tx.change(tx.words().ensure_queues, [json(&queues).into()])
            .await?;
    }
    if !tasks.is_empty() {
        tx.change(tx.words().ensure_tasks, [json(&tasks).into()])
            .await?;
    }
    Ok(())
}

/// A due time as two columns: so long after now, or at an instant.
pub(crate) fn due_columns(due: Due) -> (Option<i64>, Option<i64>) {
    match due {
        Due::Now => (Some(0), None),
        Due::In(delay) => (Some(micros(delay)), None),
        Due::At(at) => (None, Some(to_micros(at))),
    }
}

/// A span in microseconds. So long a span that the sum with an instant would overflow is cut.
pub(crate) fn micros(span: Duration) -> i64 {
    const LONGEST: i64 = 8_300_000_000_000_000_000;
    i64::try_from(span.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

fn keep_column(keep: Keep) -> Option<i64> {
    match keep {
        Keep::For(span) => Some(micros(span)),
        Keep::Forever => None,
    }
}

/// An id as digits.
pub(crate) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// A value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers always become JSON")
}

/// A JSON array of texts that are JSON.
pub(crate) fn array<'a>(items: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut text =
        String::with_capacity(2 + items.clone().map(|item| item.len() + 1).sum::<usize>());
    text.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
    text
}
