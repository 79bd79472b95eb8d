//! Unique jobs: a real unique index over the keys that are held, and what becomes of a job that meets one.
//!
//! The index is partial: its condition says by the row itself whether the job holds its key, so a job lets go by the
//! very statement that changes its state. The insert leaves out what the index refuses, and the rows it left out are
//! looked at here: is it in the store by its own id, is its task disabled, who holds its key. Where nobody does any
//! more, the holder ended in between, and the insert is tried again. Of several rows with one key in one statement
//! only the first is inserted; the others meet it afterwards, in order, so that each is told its fate.
//!
//! Changes of holders are gathered, so that each is written once, whatever number of rows met it. They are fenced by
//! the holder not having been started: one that was meanwhile is met again in the next round.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::clock::to_micros;
use crate::error::{ErrorKind, Result, StoreError};
use crate::job::{Enqueued, JobId};
use crate::sql::enqueue::{Disabled, NewRow, hex, json, keep_column, make_sure, write};
use crate::sql::exchange::Exchange;
use crate::state::JobState;
use crate::unique::OnConflict;
use crate::wake::Wake;

/// How often rows are tried before the call fails as one that may be repeated. A second round is for a key whose first
/// row was in the store already; more take a holder that comes or goes between two statements each time, which cannot
/// happen where writers take turns.
const ROUNDS: usize = 8;

/// Rows on their way in, with their keys and their answers.
struct Arrivals<'a> {
    rows: &'a [&'a NewRow],
    keys: Vec<Option<Uuid>>,
    answers: Vec<Option<Enqueued>>,
}

/// A job that holds a key, as it is or is about to be.
#[derive(Clone, Copy)]
struct Holder {
    id: JobId,
    number: i64,
    state: JobState,
    /// Whether it was claimed before, or has ended.
    is_started: bool,
}

/// What the store knows of a row that was not inserted.
struct Met {
    /// The number of the job that has its id.
    own: Option<i64>,
    is_disabled: bool,
    holder: Option<Holder>,
}

/// What is to be changed of a holder, and who is told so.
#[derive(Default)]
struct Change<'a> {
    /// Whose content it takes.
    content: Option<&'a NewRow>,
    due_at: i64,
    answers: Vec<(usize, Enqueued)>,
}

/// Inserts at most one statement's rows, of which some have keys; the answers come in their order.
pub(crate) async fn insert(
    tx: &mut Exchange<'_>,
    rows: &[&NewRow],
    disabled: Disabled,
) -> Result<Vec<Enqueued>> {
    let mut arrivals = Arrivals {
        rows,
        keys: rows.iter().map(|row| row.key(tx.now)).collect(),
        answers: vec![None; rows.len()],
    };
    for _ in 0..ROUNDS {
        arrivals.insert_first_of_each_key(tx, disabled).await?;
        arrivals.meet_holders(tx, disabled).await?;
        if arrivals.answers.iter().all(Option::is_some) {
            return Ok(arrivals.answers.into_iter().flatten().collect());
        }
    }
    Err(StoreError::new(
        ErrorKind::Conflict,
        tx.op,
        "the jobs that hold the unique keys came and went too fast: call again",
    ))
}

impl<'a> Arrivals<'a> {
    fn is_open(&self, place: usize) -> bool {
        self.answers[place].is_none()
    }

    async fn insert_first_of_each_key(
        &mut self,
        tx: &mut Exchange<'_>,
        disabled: Disabled,
    ) -> Result<()> {
        let mut seen = HashSet::new();
        let places: Vec<usize> = (0..self.rows.len())
            .filter(|&place| self.is_open(place))
            .filter(|&place| self.keys[place].is_none_or(|key| seen.insert(key)))
            .collect();
        let first: Vec<&NewRow> = places.iter().map(|&place| self.rows[place]).collect();
        let numbers = write(tx, &first, disabled).await?;
        for (place, number) in places.into_iter().zip(numbers) {
            if number.is_some() || self.keys[place].is_none() {
                self.answers[place] = Some(self.rows[place].answer(number));
            }
        }
        Ok(())
    }

    /// Answers the rows that are in the store by their ids, or whose task is disabled, or whose key is held.
    async fn meet_holders(&mut self, tx: &mut Exchange<'_>, disabled: Disabled) -> Result<()> {
        // Rows without a key have their answers.
        let open: Vec<(usize, Uuid)> = (0..self.rows.len())
            .filter(|&place| self.is_open(place))
            .filter_map(|place| Some((place, self.keys[place]?)))
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let found = look(tx, self.rows, &open).await?;
        let mut holders: HashMap<Uuid, Holder> = HashMap::new();
        let mut changes: BTreeMap<i64, Change<'a>> = BTreeMap::new();
        for ((place, key), met) in open.into_iter().zip(found) {
            if met.own.is_some() || (met.is_disabled && disabled == Disabled::Refused) {
                self.answers[place] = Some(self.rows[place].answer(met.own));
            } else if let Some(holder) = holders.get(&key).copied().or(met.holder) {
                let holder = self.meet(tx, place, holder, &mut changes);
                holders.insert(key, holder);
            }
        }
        let done = change(tx, &changes).await?;
        for (number, change) in changes {
            // A holder that was started meanwhile is met again.
            if done.contains(&number) {
                for (place, answer) in change.answers {
                    self.answers[place] = Some(answer);
                }
            }
        }
        Ok(())
    }

    /// Answers the row at `place`, or notes the change it asks for; gives the holder as it is then.
    fn meet(
        &mut self,
        tx: &Exchange<'_>,
        place: usize,
        mut holder: Holder,
        changes: &mut BTreeMap<i64, Change<'a>>,
    ) -> Holder {
        let row = self.rows[place];
        let asked = row.job.unique.as_ref().map(|unique| unique.on_conflict);
        let asked = asked.unwrap_or_default();
        let changes_it = matches!(asked, OnConflict::Replace | OnConflict::Reschedule);
        if changes_it && !holder.is_started {
            let change = changes.entry(holder.number).or_default();
            change.due_at = to_micros(row.job.due.resolve(tx.now));
            if asked == OnConflict::Replace {
                change.content = Some(row);
            }
            if holder.state != JobState::Paused {
                holder.state = match change.due_at <= tx.micros() {
                    true => JobState::Queued,
                    false => JobState::Scheduled,
                };
            }
        }
        let answer = holder.answer(asked);
        match changes.get_mut(&holder.number) {
            // What it is told is true once the change is made.
            Some(change) => change.answers.push((place, answer)),
            None => self.answers[place] = Some(answer),
        }
        holder
    }
}

impl Holder {
    fn answer(self, asked: OnConflict) -> Enqueued {
        let Self {
            id,
            number,
            state,
            is_started,
        } = self;
        match asked {
            OnConflict::Skip => Enqueued::Skipped { id, number, state },
            OnConflict::Replace if !is_started => Enqueued::Replaced { id, number, state },
            OnConflict::Reschedule if !is_started => Enqueued::Rescheduled { id, number, state },
            OnConflict::Existing | OnConflict::Replace | OnConflict::Reschedule => {
                Enqueued::Existing { id, number, state }
            }
        }
    }
}

/// Looks at rows that were not inserted; the answers come in their order.
async fn look(tx: &Exchange<'_>, rows: &[&NewRow], open: &[(usize, Uuid)]) -> Result<Vec<Met>> {
    let asked: Vec<_> = open
        .iter()
        .map(|&(place, key)| (hex(rows[place].job.id.0), hex(key), &rows[place].task))
        .collect();
    let mut met = Vec::with_capacity(open.len());
    for row in tx.rows(tx.words().met, [json(&asked).into()]).await? {
        let place: i64 = tx.get(&row, 0)?;
        let holder = match tx.get(&row, 3)? {
            Some(number) => Some(Holder {
                number,
                id: JobId(tx.get(&row, 4)?),
                state: state(tx, &tx.get::<String>(&row, 5)?)?,
                is_started: tx.get(&row, 6)?,
            }),
            None => None,
        };
        let known = Met {
            own: tx.get(&row, 1)?,
            is_disabled: tx.get(&row, 2)?,
            holder,
        };
        met.push((place, known));
    }
    met.sort_by_key(|(place, _)| *place);
    Ok(met.into_iter().map(|(_, met)| met).collect())
}

/// Changes holders; gives the numbers of those that had not been started.
async fn change(
    tx: &mut Exchange<'_>,
    changes: &BTreeMap<i64, Change<'_>>,
) -> Result<HashSet<i64>> {
    let (mut replaced, mut rescheduled) = (Vec::new(), Vec::new());
    for (number, change) in changes {
        match change.content {
            Some(row) => replaced.push(row.content(*number, change.due_at)),
            None => rescheduled.push((*number, change.due_at)),
        }
    }
    let mut done = HashSet::new();
    for (words, rows) in [
        (
            tx.words().replace,
            (!replaced.is_empty()).then(|| format!("[{}]", replaced.join(","))),
        ),
        (
            tx.words().reschedule,
            (!rescheduled.is_empty()).then(|| json(&rescheduled)),
        ),
    ] {
        let Some(rows) = rows else { continue };
        for row in tx
            .returning(words, vec![rows.into(), tx.micros().into()])
            .await?
        {
            done.insert(tx.get(&row, 0)?);
        }
    }
    let applied: Vec<&Change<'_>> = (changes.iter())
        .filter(|(number, _)| done.contains(*number))
        .map(|(_, change)| change)
        .collect();
    make_sure(tx, applied.iter().filter_map(|change| change.content)).await?;
    if applied.iter().any(|change| change.due_at <= tx.micros()) {
        tx.tell(Wake::Ready);
    }
    Ok(done)
}

impl NewRow {
    /// The digest of its key.
    fn key(&self, now: crate::clock::Instant) -> Option<Uuid> {
        self.job.unique_digest(now)
    }

    /// The columns that a replaced job takes from it, as `Statements::replace` takes them.
    fn content(&self, number: i64, due_at: i64) -> String {
        let job = &self.job;
        let holds = job.unique.as_ref().map(|unique| unique.holds.bits());
        json(&(
            number,
            &job.queue,
            job.priority,
            &job.params,
            job.shape,
            due_at,
            job.max_attempts,
            i32::from(job.at_most_once),
            keep_column(job.retention.succeeded),
            keep_column(job.retention.unsuccessful),
            json(&job.tags),
            job.occurrence.map(|occurrence| hex(occurrence.schedule.0)),
            job.occurrence.map(|occurrence| to_micros(occurrence.at)),
            holds,
        ))
    }
}

fn state(tx: &Exchange<'_>, text: &str) -> Result<JobState> {
    text.parse()
        .map_err(|reason: String| StoreError::new(ErrorKind::Corrupt, tx.op, reason))
}
