//! A settle in one statement, where it is nothing but successes and a claim, or less, and the database can: no
//! transaction is needed around it, so it costs one round trip.
//!
//! In: a [`Settling`] that is plain. Out: its answer. The words are `Statements::settle`; everything else about settling
//! is in [`super::settle`].

use std::collections::HashMap;

use sea_orm::sea_query::ArrayType;

use crate::error::Result;
use crate::settle::{Fate, Settled};
use crate::sql::bulk::arrays;
use crate::sql::claim::{CLAIMED, Claiming, claimed};
use crate::sql::exchange::Exchange;
use crate::sql::finishing::{Finishing, Row};
use crate::sql::floors::Start;
use crate::sql::settle::{Applied, Settling, finish, firsts, gather};
use crate::wake::Wake;

/// How many parameters a claim has that names no queues.
const OF_ALL: usize = 6;

/// Carries it out.
pub(crate) async fn fused(tx: &mut Exchange<'_>, settling: &Settling) -> Result<Settled> {
    let words = tx.words().settle.as_ref().expect("it was looked for");
    let finishes: Vec<&Finishing> = settling.finishes.iter().collect();
    let first = firsts(&finishes);
    let mut rows = Vec::with_capacity(finishes.len() * 3);
    for (finish, _) in finishes.iter().zip(&first).filter(|(_, first)| **first) {
        if let Row::Success(output) = &finish.row {
            rows.extend([
                finish.lease.job.0.into(),
                finish.lease.token.into(),
                output.clone().into(),
            ]);
        }
    }
    let nothing = Claiming::nothing(settling.worker);
    let claiming = settling.claim.as_ref().unwrap_or(&nothing);
    let mut values = claiming.values(tx);
    let words = match values.len() {
        OF_ALL => words.all,
        _ => words.only,
    };
    values.push(settling.started.into());
    values.extend(arrays(
        &[ArrayType::Uuid, ArrayType::BigInt, ArrayType::String],
        rows,
    ));
    let start = (settling.claim.as_ref()).and_then(|claim| claim.start(tx));
    let floors = start.as_ref().map_or_else(|| "{}".to_owned(), Start::json);
    values.push(floors.into());
    let (mut ended, mut jobs, mut started) = (Vec::new(), Vec::new(), false);
    for row in tx.rows(words, values).await? {
        match tx.get::<Option<String>>(&row, CLAIMED + 3)?.as_deref() {
            None => jobs.push(row),
            Some("") => started = true,
            Some(_) => ended.push(row),
        }
    }
    let mut applied = HashMap::with_capacity(ended.len());
    gather(tx, ended, CLAIMED, &mut applied)?;
    let (mut fates, mut missed) = (Vec::with_capacity(finishes.len()), Vec::new());
    for (finishing, first) in finishes.iter().zip(first) {
        let applied: Option<&Applied> = applied.get(&finishing.lease).filter(|_| first);
        fates.push(applied.map_or(Fate::Stale, |applied| Fate::Applied(applied.state)));
        match applied {
            Some(_) => tx.tell(Wake::Finished(finishing.lease.job)),
            None if first => missed.push((fates.len() - 1, *finishing)),
            None => {}
        }
    }
    // Rarely: a job whose retention changed with a request to cancel it, between the start of the statement and its turn, is
    // in neither of the two halves.
    let (places, again): (Vec<usize>, Vec<&Finishing>) = missed.into_iter().unzip();
    for (place, fate) in places.into_iter().zip(finish(tx, &again).await?) {
        fates[place] = fate;
    }
    Ok(Settled {
        fates,
        started,
        jobs: claimed(tx, claiming, start, &jobs)?,
    })
}
