//! What there is to do now and next: the questions that the sweeps ask after their work, in one statement.

use std::time::Duration;

use sea_orm::{QueryResult, Value};

use crate::clock::{Instant, from_micros, to_micros};
use crate::error::Result;
use crate::outlook::Outlook;
use crate::schedule::LOOK_AGAIN;
use crate::sql::dialect::Dialect;
use crate::sql::exchange::get;

/// The statement. Its columns: whether jobs are ready, and orphaned; the next due time, end of a lease, and end of a
/// retention; whether a schedule is due, and the next occurrence; whether an occurrence waits, and whether one waits no longer.
pub(crate) fn question(dialect: &Dialect) -> String {
    let words = &dialect.statements;
    format!(
        "SELECT ({}), ({}), ({}), ({}), ({}), EXISTS ({}), ({}),
                EXISTS (SELECT 1 FROM ({waiting}) AS w), EXISTS (SELECT 1 FROM ({waiting}) AS w WHERE w.free)",
        words.any_ready,
        words.orphaned,
        words.next_due,
        words.next_lease,
        words.next_prune,
        words.due_schedules,
        words.next_schedule,
        waiting = words.waiting_schedules,
    )
}

/// How many columns it has.
#[cfg(feature = "sqlite")]
pub(crate) const COLUMNS: usize = 9;

/// The parameters it takes.
pub(crate) fn values(now: Instant) -> [Value; 2] {
    [to_micros(now).into(), 1i64.into()]
}

/// When to look at the schedules again: soon, where an occurrence waits for the end of a job.
pub(crate) fn sooner(waits: bool, next: Option<Duration>) -> Option<Duration> {
    match waits {
        true => Some(next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
        false => next,
    }
}

/// Reads its row.
pub(crate) fn read(op: &'static str, row: &QueryResult, now: Instant) -> Result<Outlook> {
    let is = |column: usize| get::<bool>(op, row, column);
    let until = |column: usize| -> Result<Option<Duration>> {
        let at: Option<i64> = get(op, row, column)?;
        Ok(at.map(|at| (from_micros(at) - now).to_std().unwrap_or_default()))
    };
    let at_once = |yes: bool, next: Option<Duration>| match yes {
        true => Some(Duration::ZERO),
        false => next,
    };
    Ok(Outlook {
        ready: is(0)?,
        promote_in: until(2)?,
        rescue_in: at_once(is(1)?, until(3)?),
        prune_in: until(4)?,
        fire_in: at_once(is(5)? || is(8)?, sooner(is(7)?, until(6)?)),
    })
}
