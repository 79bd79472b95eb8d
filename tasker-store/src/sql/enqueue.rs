//! Enqueueing: new jobs, many in one statement.
//!
//! A caller's jobs are checked before it asks. The statement leaves out ids that exist, jobs of disabled tasks and jobs
//! whose unique key is held. How the numbers of those it inserted are learned is the database's [`Numbering`]; those of
//! others are looked up by id. What becomes of unique jobs that were left out is in `unique`. Used by `enqueue`, by the
//! follow-ups of a finish and by `fire`.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::sea_query::ArrayType;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::clock::{Due, Instant, to_micros};
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, Keep, NewJob};
use crate::limits;
use crate::sql::batch::Asked;
use crate::sql::bulk::{self, Bulk};
use crate::sql::dialect::Numbering;
use crate::sql::exchange::Exchange;
use crate::sql::unique;
use crate::task::canonical_alias;
use crate::wake::Wake;

/// One job, ready to be written.
pub(crate) struct NewRow {
    pub(crate) job: NewJob,
    /// The alias in the form that is compared.
    pub(crate) task: String,
    /// Why it is refused, where it is.
    fault: Option<String>,
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

    /// Whether one has a unique key, which may take several statements.
    pub(crate) fn has_unique(&self) -> bool {
        self.rows.iter().any(|row| row.job.unique.is_some())
    }

    /// Writes the jobs down; one over the limits fails the call.
    pub(crate) fn strict(op: &'static str, jobs: Vec<NewJob>) -> Result<Self> {
        let rows = Self::new(jobs);
        match rows.rows.iter().find_map(|row| row.fault.as_ref()) {
            Some(reason) => Err(StoreError::new(ErrorKind::Invalid, op, reason)),
            None => Ok(rows),
        }
    }
}

impl NewRow {
    fn new(job: NewJob) -> Self {
        Self {
            task: canonical_alias(&job.alias),
            fault: limits::check(&job).err(),
            job,
        }
    }

    /// Whether it differs from `other` in its id and params only, as most jobs of a call and of a moment do.
    fn is_like(&self, other: &Self) -> bool {
        let (job, other) = (&self.job, &other.job);
        job.alias == other.alias
            && job.queue == other.queue
            && job.priority == other.priority
            && job.shape == other.shape
            && job.due == other.due
            && job.max_attempts == other.max_attempts
            && job.at_most_once == other.at_most_once
            && job.retention == other.retention
            && job.tags == other.tags
            && job.occurrence == other.occurrence
            && job.unique.is_none()
            && other.unique.is_none()
    }

    /// Adds its columns, as `Statements::enqueue` takes them. What most jobs have alike is NULL and filled in by the
    /// statement, since each text is copied twice on its way.
    fn bind(&self, now: Instant, disabled: Disabled, values: &mut Vec<Value>) {
        let job = &self.job;
        let text = |text: &str, usual: bool| (!usual).then(|| text.to_owned()).into();
        let holds = job.unique.as_ref().map(|unique| unique.holds.bits());
        values.extend([
            job.id.0.into(),
            job.alias.as_str().into(),
            text(&job.queue, job.queue == "default"),
            i64::from(job.priority).into(),
            job.params.as_str().into(),
            job.shape.into(),
            to_micros(job.due.resolve(now)).into(),
            to_micros(now).into(),
            job.max_attempts.map(i64::from).into(),
            job.at_most_once.into(),
            keep_column(job.retention.succeeded).into(),
            keep_column(job.retention.unsuccessful).into(),
            (!job.tags.is_empty()).then(|| json(&job.tags)).into(),
            job.occurrence
                .map(|occurrence| occurrence.schedule.0)
                .into(),
            job.occurrence
                .map(|occurrence| to_micros(occurrence.at))
                .into(),
            text(&self.task, self.task == job.alias),
            (disabled == Disabled::Taken).into(),
            job.unique_digest(now).into(),
            holds.map(i64::from).into(),
        ]);
    }
}

/// How many columns [`NewRow::bind`] adds.
const COLUMNS: usize = 19;
/// Those of them, the id and the params, in which [`NewRow::is_like`] lets rows differ.
const DIFFERENT: [usize; 2] = [0, 4];

/// The enqueues of a batch.
pub(crate) async fn run(
    tx: &mut Exchange<'_>,
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
    tx: &mut Exchange<'_>,
    rows: &[&NewRow],
    disabled: Disabled,
) -> Result<Vec<Enqueued>> {
    let mut answers = Vec::with_capacity(rows.len());
    for some in bounded(rows, tx.words().enqueue.most()) {
        let sound: Vec<&NewRow> = some
            .iter()
            .filter(|row| row.fault.is_none())
            .copied()
            .collect();
        let mut written = match sound.iter().any(|row| row.job.unique.is_some()) {
            true => unique::insert(tx, &sound, disabled).await?,
            false => insert_plain(tx, &sound, disabled).await?,
        }
        .into_iter();
        for row in some {
            answers.extend(match &row.fault {
                Some(reason) => Some(Enqueued::Refused {
                    reason: reason.clone(),
                }),
                None => written.next(),
            });
        }
    }
    set_missed(tx, rows, &answers).await?;
    Ok(answers)
}

/// Writes what jobs stand for besides their occurrences. Few have any, so the statement that inserts does not carry it.
async fn set_missed(tx: &mut Exchange<'_>, rows: &[&NewRow], answers: &[Enqueued]) -> Result<()> {
    let mut missed = Vec::new();
    for (row, answer) in rows.iter().zip(answers) {
        let known = &row.job.missed;
        match answer {
            Enqueued::New { number, .. } | Enqueued::Replaced { number, .. }
                if !known.is_empty() =>
            {
                missed.push((number, known));
            }
            _ => {}
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    let rows: Vec<(i64, Option<String>)> = (missed.into_iter())
        .map(|(number, missed)| (*number, missed_column(missed)))
        .collect();
    tx.change(tx.words().set_missed, [json(&rows).into()])
        .await?;
    Ok(())
}

/// The rows in pieces that one statement takes: by their number, and by the size of their params, since servers bound
/// what they are sent at a time.
fn bounded<'a, 'b>(rows: &'a [&'b NewRow], most: usize) -> Vec<&'a [&'b NewRow]> {
    const BYTES: usize = 4 << 20;
    let (mut pieces, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (place, row) in rows.iter().enumerate() {
        bytes += row.job.params.len();
        if place > start && (place - start == most || bytes > BYTES) {
            pieces.push(&rows[start..place]);
            (start, bytes) = (place, row.job.params.len());
        }
    }
    if start < rows.len() {
        pieces.push(&rows[start..]);
    }
    pieces
}

/// Inserts as many rows as one statement takes without unique keys.
async fn insert_plain(
    tx: &mut Exchange<'_>,
    rows: &[&NewRow],
    disabled: Disabled,
) -> Result<Vec<Enqueued>> {
    let numbers = write(tx, rows, disabled).await?;
    let answered = rows.iter().zip(numbers);
    Ok(answered.map(|(row, number)| row.answer(number)).collect())
}

/// Inserts as many rows as one statement takes; gives the number of each, `None` where its task is disabled or another job
/// holds its key.
pub(crate) async fn write(
    tx: &mut Exchange<'_>,
    rows: &[&NewRow],
    disabled: Disabled,
) -> Result<Vec<Option<i64>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // Within a transaction a failure would be the end of it.
    let as_new = tx.is_direct();
    let (words, values) = statement(tx, rows, disabled, as_new);
    let mut numbers: HashMap<Uuid, i64> = HashMap::with_capacity(rows.len());
    match tx.dialect().numbering {
        Numbering::Returned => {
            let written = match tx.rows(words, values).await {
                Err(error) if as_new && error.kind() == ErrorKind::Conflict => {
                    let (words, values) = statement(tx, rows, disabled, false);
                    tx.rows(words, values).await?
                }
                written => written?,
            };
            gather(tx, written, &mut numbers)?;
        }
        numbering => {
            let (inserted, number) = tx.insert(words, values).await?;
            if inserted == rows.len() as u64 && (numbering == Numbering::Last || inserted == 1) {
                let last_first = rows.iter().rev().map(|row| row.job.id.0);
                numbers.extend(last_first.zip((0..=number).rev()));
            }
        }
    }
    if numbers.len() < rows.len() {
        let missing = (rows.iter()).filter(|row| !numbers.contains_key(&row.job.id.0));
        let ids: Vec<String> = missing.map(|row| hex(row.job.id.0)).collect();
        gather(
            tx,
            tx.rows(tx.words().numbers, [json(&ids).into()]).await?,
            &mut numbers,
        )?;
    }
    let taken = rows
        .iter()
        .filter(|row| numbers.contains_key(&row.job.id.0));
    make_sure(tx, taken.copied()).await?;
    Ok(rows
        .iter()
        .map(|row| numbers.get(&row.job.id.0).copied())
        .collect())
}

/// The statement that inserts these rows; where they are taken for new ones it may fail if one is not.
fn statement(
    tx: &Exchange<'_>,
    rows: &[&NewRow],
    disabled: Disabled,
    as_new: bool,
) -> (String, Vec<Value>) {
    let words = &tx.words().enqueue;
    if let Bulk::Arrays { alike, new, .. } = words
        && rows.iter().all(|row| row.is_like(rows[0]))
    {
        let text = if as_new { new } else { alike };
        let mut same = Vec::with_capacity(COLUMNS);
        rows[0].bind(tx.now, disabled, &mut same);
        for place in DIFFERENT.into_iter().rev() {
            same.remove(place);
        }
        let different =
            (rows.iter()).flat_map(|row| [row.job.id.0.into(), row.job.params.as_str().into()]);
        let kinds = [ArrayType::Uuid, ArrayType::String];
        let values = bulk::differing(&kinds, different.collect(), same);
        return ((*text).to_owned(), values);
    }
    let mut values = Vec::with_capacity(rows.len() * COLUMNS);
    for row in rows {
        row.bind(tx.now, disabled, &mut values);
    }
    words.statement(Vec::new(), COLUMNS, values)
}

/// Rows of id and number.
fn gather(
    tx: &Exchange<'_>,
    rows: Vec<QueryResult>,
    numbers: &mut HashMap<Uuid, i64>,
) -> Result<()> {
    for row in rows {
        numbers.insert(tx.get(&row, 0)?, tx.get(&row, 1)?);
    }
    Ok(())
}

impl NewRow {
    /// It is in the store under this number, or refused because its task is disabled.
    pub(crate) fn answer(&self, number: Option<i64>) -> Enqueued {
        match number {
            Some(number) => Enqueued::New {
                id: self.job.id,
                number,
            },
            None => Enqueued::Refused {
                reason: format!(
                    "the task `{}` is disabled: enable it, then enqueue again",
                    self.job.alias
                ),
            },
        }
    }
}

/// Makes the rows of queues and tasks that are new to this process, and tells that jobs are ready or due later.
pub(crate) async fn make_sure(
    tx: &mut Exchange<'_>,
    rows: impl Iterator<Item = &NewRow> + Send,
) -> Result<()> {
    let (mut queues, mut tasks) = (Vec::new(), Vec::new());
    let (mut ready, mut later) = (false, None);
    let mut last: Option<&NewRow> = None;
    for row in rows {
        let job = &row.job;
        match job.due.resolve(tx.now) {
            due if due <= tx.now => ready = true,
            due => later = later.map_or(Some(due), |later| Some(due.min(later))),
        }
        if last.is_none_or(|last| last.job.queue != job.queue) && tx.is_new_queue(&job.queue) {
            queues.push(&job.queue);
        }
        if last.is_none_or(|last| last.task != row.task) && tx.is_new_task(&row.task) {
            tasks.push((&row.task, &job.alias));
        }
        last = Some(row);
    }
    if ready {
        tx.tell(Wake::Ready);
    }
    if let Some(due) = later {
        tx.tell_due(due);
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

/// A span of retention as its column keeps it.
pub(crate) fn keep_column(keep: Keep) -> Option<i64> {
    match keep {
        Keep::For(span) => Some(micros(span)),
        Keep::Forever => None,
    }
}

/// Missed occurrences as their column keeps them.
pub(crate) fn missed_column(missed: &[Instant]) -> Option<String> {
    let missed = limits::latest_missed(missed.to_vec());
    (!missed.is_empty()).then(|| json(&missed.into_iter().map(to_micros).collect::<Vec<i64>>()))
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
pub(crate) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}
