//! The states of a job's life, and the legal moves between them.
//!
//! ```text
//! scheduled ─promote→ queued ─claim→ running ─┬→ succeeded
//!     ↑                 ↑ ↑             │     ├→ failed ─rerun→ queued
//!     │                 │ └──release────┤     └→ canceled
//!     └────snooze───────│───────────────┤
//!        retrying ─promote     ←─retry──┘        paused holds a job that is not running
//! ```
//!
//! [`Move`] owns the arrows: every backend takes the states a move may start from, and the one it leads to,
//! from here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is in its life. The texts are the same in code, SQL, JSON and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Due later, and not yet attempted or snoozed.
    Scheduled,
    /// Ready to be claimed.
    Queued,
    /// Claimed by a worker.
    Running,
    /// Ended well.
    Succeeded,
    /// Due later, after an attempt that failed.
    Retrying,
    /// Ended after its last attempt.
    Failed,
    /// Ended by an operator or by its own handler.
    Canceled,
    /// Held by an operator.
    Paused,
}

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [JobState; 8] = [
        JobState::Scheduled,
        JobState::Queued,
        JobState::Running,
        JobState::Retrying,
        JobState::Paused,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Canceled,
    ];

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Scheduled => "scheduled",
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Succeeded => "succeeded",
            JobState::Retrying => "retrying",
            JobState::Failed => "failed",
            JobState::Canceled => "canceled",
            JobState::Paused => "paused",
        }
    }

    /// Whether the job has ended. Only [`Move::Rerun`] leads out of a final state.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            JobState::Succeeded | JobState::Failed | JobState::Canceled
        )
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        JobState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = JobState::ALL.iter().map(|state| state.as_str()).collect();
                format!(
                    "`{text}` is not a job state; use one of {}",
                    known.join(", ")
                )
            })
    }
}

/// A change of state. No backend changes a state in any other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The due time has come.
    Promote,
    /// A worker takes the job; this spends an attempt.
    Claim,
    /// The attempt ended well.
    Succeed,
    /// The last attempt failed.
    Fail,
    /// The attempt failed and another will follow.
    Retry,
    /// The handler asked to be run later; the attempt is given back.
    Snooze,
    /// The worker gives the job back unfinished; the attempt is given back.
    Release,
    /// The job's worker died; the attempt stays spent.
    Rescue,
    /// An operator, or the handler, ended it.
    Cancel,
    /// An operator holds it.
    Pause,
    /// An operator lets it go on.
    Resume,
    /// An operator runs an ended job once more, with its attempts counted from the beginning.
    Rerun,
}

impl Move {
    /// The states from which this move is legal.
    pub const fn sources(self) -> &'static [JobState] {
        use JobState::{Canceled, Failed, Paused, Queued, Retrying, Running, Scheduled, Succeeded};
        match self {
            Move::Promote => &[Scheduled, Retrying],
            Move::Claim => &[Queued],
            Move::Succeed
            | Move::Fail
            | Move::Retry
            | Move::Snooze
            | Move::Release
            | Move::Rescue => &[Running],
            Move::Cancel => &[Scheduled, Queued, Running, Retrying, Paused],
            Move::Pause => &[Scheduled, Queued, Retrying],
            Move::Resume => &[Paused],
            Move::Rerun => &[Succeeded, Failed, Canceled],
        }
    }

    /// The state this move leads to for a job that is due (or is not) and has spent `attempt` attempts.
    pub const fn target(self, is_due: bool, attempt: u32) -> JobState {
        match self {
            Move::Promote | Move::Rescue | Move::Rerun => JobState::Queued,
            Move::Claim => JobState::Running,
            Move::Succeed => JobState::Succeeded,
            Move::Fail => JobState::Failed,
            Move::Cancel => JobState::Canceled,
            Move::Pause => JobState::Paused,
            Move::Retry | Move::Snooze | Move::Release | Move::Resume if is_due => JobState::Queued,
            Move::Retry => JobState::Retrying,
            Move::Snooze => JobState::Scheduled,
            Move::Release | Move::Resume if attempt > 0 => JobState::Retrying,
            Move::Release | Move::Resume => JobState::Scheduled,
        }
    }

    /// Whether a job in `state` may make this move.
    pub fn is_legal_from(self, state: JobState) -> bool {
        self.sources().contains(&state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVES: [Move; 12] = [
        Move::Promote,
        Move::Claim,
        Move::Succeed,
        Move::Fail,
        Move::Retry,
        Move::Snooze,
        Move::Release,
        Move::Rescue,
        Move::Cancel,
        Move::Pause,
        Move::Resume,
        Move::Rerun,
    ];

    #[test]
    fn only_a_claim_leads_to_running() {
        for step in MOVES {
            let runs = step.target(true, 1) == JobState::Running;
            assert_eq!(runs, step == Move::Claim, "{step:?}");
        }
        assert_eq!(Move::Claim.sources(), [JobState::Queued]);
    }

    #[test]
    fn only_a_rerun_leads_out_of_a_final_state() {
        for state in JobState::ALL.into_iter().filter(|state| state.is_final()) {
            for step in MOVES {
                assert_eq!(
                    step.is_legal_from(state),
                    step == Move::Rerun,
                    "{step:?} from {state}"
                );
            }
        }
    }

    #[test]
    fn every_state_that_is_not_final_can_be_left() {
        for state in JobState::ALL {
            assert!(
                MOVES.iter().any(|step| step.is_legal_from(state)),
                "{state}"
            );
            assert_eq!(
                Move::Cancel.is_legal_from(state),
                !state.is_final(),
                "{state}"
            );
        }
    }

    #[test]
    fn a_job_that_goes_back_waits_in_the_state_its_attempts_call_for() {
        let cases = [
            (Move::Retry, true, 1, JobState::Queued),
            (Move::Retry, false, 1, JobState::Retrying),
            (Move::Snooze, true, 0, JobState::Queued),
            (Move::Snooze, false, 3, JobState::Scheduled),
            (Move::Release, true, 0, JobState::Queued),
            (Move::Release, false, 0, JobState::Scheduled),
            (Move::Release, false, 1, JobState::Retrying),
            (Move::Resume, true, 1, JobState::Queued),
            (Move::Resume, false, 0, JobState::Scheduled),
            (Move::Resume, false, 1, JobState::Retrying),
            (Move::Rescue, false, 1, JobState::Queued),
        ];
        for (step, is_due, attempt, expected) in cases {
            let state = step.target(is_due, attempt);
            assert_eq!(state, expected, "{step:?}, due {is_due}, attempt {attempt}");
        }
    }

    #[test]
    fn names_of_states_read_back() {
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        let error = "done".parse::<JobState>().expect_err("no such state");
        assert!(
            error.contains("`done`") && error.contains("succeeded"),
            "{error}"
        );
    }
}
