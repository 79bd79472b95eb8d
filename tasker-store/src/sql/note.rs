//! Progress and log of attempts. They live in tables of their own, so that no write of theirs touches a job.

use std::collections::HashMap;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::job::JobId;
use crate::lease::Lease;
use crate::limits;
use crate::settle::{Fate, Note, NoteBody};
use crate::sql::enqueue::{hex, json, micros};
use crate::sql::exchange::{Exchange, Operation};
use crate::state::JobState;

/// What an attempt has to say, for the job with this number.
pub(crate) struct Noted<'a> {
    pub(crate) number: i64,
    pub(crate) body: &'a NoteBody,
    /// How many attempts were given back since it was said.
    pub(crate) refunded: u32,
}

/// Writes lines and progress; whose they are was checked.
pub(crate) async fn write_notes(tx: &Exchange<'_>, noted: &[Noted<'_>]) -> Result<()> {
    let mut lines = Vec::new();
    let mut progress = Vec::new();
    for Noted {
        number,
        body,
        refunded,
    } in noted
    {
        for line in &body.lines {
            lines.push((
                *number,
                micros(line.age),
                line.level.as_str(),
                limits::cut(&line.message, limits::LINE),
                *refunded,
            ));
        }
        if let Some(latest) = body.progress {
            // Counts past the middle of their range come back as they were by the same cast.
            progress.push((
                *number,
                latest.done.cast_signed(),
                latest.total.cast_signed(),
            ));
        }
    }
    if !lines.is_empty() {
        tx.change(
            tx.words().append_lines,
            [json(&lines).into(), tx.micros().into()],
        )
        .await?;
    }
    if !progress.is_empty() {
        tx.change(tx.words().set_progress, [json(&progress).into()])
            .await?;
    }
    Ok(())
}

/// `Store::note`.
pub(crate) struct Notes(pub(crate) Vec<Note>);

#[async_trait]
impl Operation for Notes {
    const NAME: &'static str = "note";
    type Answer = Vec<Fate>;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Vec<Fate>> {
        let leases: Vec<_> = self
            .0
            .iter()
            .map(|note| (hex(note.lease.job.0), note.lease.token))
            .collect();
        let mut live = HashMap::new();
        for row in tx.rows(tx.words().live, [json(&leases).into()]).await? {
            let lease = Lease {
                job: JobId(tx.get::<Uuid>(&row, 0)?),
                token: tx.get(&row, 1)?,
            };
            live.insert(lease, tx.get::<i64>(&row, 2)?);
        }
        let noted: Vec<Noted<'_>> = self
            .0
            .iter()
            .filter_map(|note| {
                Some(Noted {
                    number: *live.get(&note.lease)?,
                    body: &note.body,
                    refunded: 0,
                })
            })
            .collect();
        write_notes(tx, &noted).await?;
        Ok(self
            .0
            .iter()
            .map(|note| match live.contains_key(&note.lease) {
                true => Fate::Applied(JobState::Running),
                false => Fate::Stale,
            })
            .collect())
    }
}
