//! Outcomes on their way into the database: each as the row that its statement takes, and what is to be done beside it.
//!
//! In: a [`Finish`] of the contract. Out: a [`Finishing`], of which nothing has to be computed again where a batch is
//! written once more. What is made of it: `settle`.

use crate::attempt::Level;
use crate::clock::Due;
use crate::error::Result;
use crate::lease::Lease;
use crate::limits;
use crate::settle::{Failure, Finish, NewLine, NoteBody, Outcome};
use crate::sql::enqueue::{NewRows, due_columns, hex, json};
use crate::state::Move;

/// What an outcome writes to its job, by the statement that does.
pub(super) enum Row {
    /// It ended well, as most do, and returned this.
    Success(Option<String>),
    /// `end`: it ended.
    End(String),
    /// `give_back`: it goes on.
    GiveBack(String),
}

/// The message of a job that must not be started twice and was cut short.
pub(super) const INTERRUPTED: &str = "a stop cut it short, and it must not be started twice";

/// One outcome, ready to be written.
pub(crate) struct Finishing {
    pub(super) lease: Lease,
    pub(super) row: Row,
    pub(super) failure: Option<Failure>,
    /// When it is due again, where the job goes on.
    pub(super) due: Due,
    /// Whether it gives the attempt back, where the job goes on.
    pub(super) refunds: bool,
    /// Whether it gives back a job that was cut short.
    pub(super) cut: bool,
    pub(super) note: Option<NoteBody>,
    pub(super) follow_ups: NewRows,
}

impl Finishing {
    pub(crate) fn new(finish: Finish) -> Result<Self> {
        let Finish {
            lease,
            outcome,
            mut note,
            follow_ups,
        } = finish;
        let cut = matches!(outcome, Outcome::Released);
        let refunds = cut || matches!(outcome, Outcome::Snoozed { .. });
        let due = match outcome {
            Outcome::Retry { due, .. } | Outcome::Snoozed { due } => due,
            _ => Due::Now,
        };
        let (row, failure) = match outcome {
            Outcome::Succeeded { output } => (Row::Success(bounded(output, &mut note)), None),
            Outcome::Failed(failure) => (
                Row::End(end_row(lease, Move::Fail, None, Some(&failure))),
                Some(failure),
            ),
            Outcome::Canceled(failure) => (
                Row::End(end_row(lease, Move::Cancel, None, Some(&failure))),
                Some(failure),
            ),
            Outcome::Retry { failure, due } => {
                let row = give_back_row(
                    lease,
                    Move::Retry,
                    due,
                    Some(&cut_message(&failure.message)),
                );
                (row, Some(failure))
            }
            Outcome::Snoozed { due } => (give_back_row(lease, Move::Snooze, due, None), None),
            Outcome::Released => (
                give_back_row(lease, Move::Release, Due::Now, Some(INTERRUPTED)),
                None,
            ),
        };
        let follow_ups = NewRows::strict("settle", follow_ups)?;
        Ok(Self {
            lease,
            row,
            failure,
            due,
            refunds,
            cut,
            note,
            follow_ups,
        })
    }
}

/// id, token, state, output, error.
pub(super) fn end_row(
    lease: Lease,
    by: Move,
    output: Option<&str>,
    failure: Option<&Failure>,
) -> String {
    let state = by.target(true, 1).as_str();
    json(&(
        hex(lease.job.0),
        lease.token,
        state,
        output,
        failure.map(|failure| cut_message(&failure.message)),
    ))
}

/// id, token, the state where it is due, where not with attempts spent, where not without; the due time in two
/// columns; how many attempts are given back; whether it was cut short; the error.
pub(super) fn give_back_row(lease: Lease, by: Move, due: Due, error: Option<&str>) -> Row {
    let (within, at) = due_columns(due);
    Row::GiveBack(json(&(
        hex(lease.job.0),
        lease.token,
        by.target(true, 1).as_str(),
        by.target(false, 1).as_str(),
        by.target(false, 0).as_str(),
        within,
        at,
        i32::from(!matches!(by, Move::Retry)),
        i32::from(matches!(by, Move::Release)),
        error,
    )))
}

pub(super) fn cut_message(message: &str) -> String {
    limits::cut(message, limits::ERROR).into_owned()
}

/// The output, or nothing and a line that says why.
fn bounded(output: Option<String>, note: &mut Option<NoteBody>) -> Option<String> {
    let length = output.as_ref().map_or(0, String::len);
    if length <= limits::OUTPUT {
        return output;
    }
    note.get_or_insert_with(NoteBody::default).lines.push(NewLine {
        age: std::time::Duration::ZERO,
        level: Level::Warn,
        message: format!(
            "the output of {length} bytes was dropped: at most {} are kept, store the data elsewhere and return its address",
            limits::OUTPUT
        ),
    });
    None
}
