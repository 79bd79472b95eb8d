//! Unique jobs: of the jobs of one task that have the same key, one at a time.
//!
//! In: the [`Unique`] of a new job. Out: the digest that stores compare, and the rule by which a job holds it.
//!
//! A job holds its key from the moment it is enqueued until it leaves the states it was asked to hold it in. Once let
//! go it is never taken again: not by a retry, a promote, a rescue or a resume, and the two moves that lead back from
//! an end, a rerun and the restoring of a deleted job, go on without the key. So a move never meets another job's
//! key, only an enqueue does, and no statement that changes a state needs to know of keys.
//!
//! A key counts for its task alone, in every spelling of the alias. With a period it counts for the period that the
//! job's planned time lies in: that of its occurrence where a schedule made it, else its due time, on the store's
//! clock. Periods are counted from the Unix epoch, in UTC.
//!
//! Only what is in the store can hold a key: a job that is pruned, or deleted when it ends, holds none.
//!
//! Read next: [`crate::Enqueued`] (what a job that meets a key is answered), `sql/unique.rs` (the index).

use std::time::Duration;

use uuid::Uuid;

use crate::clock::{Instant, to_micros};
use crate::job::NewJob;
use crate::state::JobState;
use crate::task::canonical_alias;

/// Scopes the digests of keys; part of what is stored, so it never changes.
const KEYS: Uuid = Uuid::from_u128(0x6c1f_83f5_2b0d_4d0e_9a55_8f1c_e2b7_4a39);

/// What makes a new job unique, and what becomes of it where another holds its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Tells the jobs of one task apart. Compared byte by byte; at least one byte long, and at most
    /// [`crate::limits::KEY`].
    pub key: String,
    /// Counts within the period of this length that the planned time lies in; `None` is for all time. Keys with
    /// different periods are different keys.
    pub period: Option<Duration>,
    /// For how long the job holds the key.
    pub holds: Holds,
    /// What becomes of it where another job holds the key.
    pub on_conflict: OnConflict,
}

impl Unique {
    /// One unfinished job with `key`: held until the job has finished; where one is there it is returned.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            period: None,
            holds: Holds::UNTIL_FINISHED,
            on_conflict: OnConflict::default(),
        }
    }

    /// Not more than one job with `key` in each period: held after it has succeeded too. One that failed or was
    /// canceled makes room.
    pub fn within(key: impl Into<String>, period: Duration) -> Self {
        Self {
            period: Some(period),
            holds: Holds::UNTIL_FINISHED.and_after(JobState::Succeeded),
            ..Self::new(key)
        }
    }

    /// What stores keep and compare in place of the key: a name-based UUID (version 5) of task, period and key. Of
    /// one length, so that an index takes it, and the same in every collation.
    ///
    /// ```
    /// use tasker_store::{Unique, from_micros};
    ///
    /// let key = Unique::new("welcome:42");
    /// let now = from_micros(0);
    /// assert_eq!(key.digest("send-mail", now), key.digest("SendMail", now));
    /// assert_ne!(key.digest("send-mail", now), key.digest("other", now));
    /// ```
    pub fn digest(&self, alias: &str, planned: Instant) -> Uuid {
        let task = canonical_alias(alias);
        let period = self.period.map(|period| {
            let length = i64::try_from(period.as_micros()).unwrap_or(i64::MAX).max(1);
            format!("{length} {} ", to_micros(planned).div_euclid(length))
        });
        // The length says where the alias ends.
        let text = format!(
            "{}{} {task} {}",
            period.unwrap_or_default(),
            task.len(),
            self.key
        );
        Uuid::new_v5(&KEYS, text.as_bytes())
    }
}

impl NewJob {
    /// The digest of its key, when the store's clock shows `now`; `None` where it has no key.
    pub fn unique_digest(&self, now: Instant) -> Option<Uuid> {
        let unique = self.unique.as_ref()?;
        let planned = match self.occurrence {
            Some(occurrence) => occurrence.at,
            None => self.due.resolve(now),
        };
        Some(unique.digest(&self.alias, planned))
    }
}

/// The states in which a job holds its key: always those before its first start, and in order from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holds(u8);

const AFTER_START: u8 = 1;
const SUCCEEDED: u8 = 2;
const FAILED: u8 = 4;
const CANCELED: u8 = 8;

impl Holds {
    /// While it waits for its first start; the first claim lets go. For work that a job already waiting will do, and
    /// one already running may have missed.
    pub const UNTIL_STARTED: Self = Self(0);
    /// Until it has ended, however. The default.
    pub const UNTIL_FINISHED: Self = Self(AFTER_START);
    /// As long as it is in the store, which its retention says.
    pub const WHILE_KEPT: Self = Self(AFTER_START | SUCCEEDED | FAILED | CANCELED);

    /// The same, and also once it has ended as `state`, for as long as it is kept; so it holds on when it starts too.
    /// A state that is no end is held before any end anyway.
    #[must_use]
    pub const fn and_after(self, state: JobState) -> Self {
        Self(self.0 | AFTER_START | end(state))
    }

    /// In exactly these states. `scheduled` and `queued` must be among them, `running` and `retrying` go together, and
    /// an end needs those two. `paused` may be named or not: a job that is held by an operator holds its key or not,
    /// as it did before. `queued` and `scheduled` mean the first wait: a job that let go when it started does not take
    /// its key again for its retries.
    ///
    /// # Errors
    ///
    /// A set that no job could keep to, with what to add.
    ///
    /// ```
    /// use tasker_store::{Holds, JobState::*};
    ///
    /// assert_eq!(Holds::while_in(&[Scheduled, Queued]), Ok(Holds::UNTIL_STARTED));
    /// assert_eq!(Holds::while_in(&[Scheduled, Queued, Running, Retrying]), Ok(Holds::UNTIL_FINISHED));
    /// assert!(Holds::while_in(&[Scheduled, Queued, Succeeded]).is_err());
    /// ```
    pub const fn while_in(states: &[JobState]) -> Result<Self, &'static str> {
        let (mut waits, mut runs, mut ends) = (0, 0, 0);
        let mut i = 0;
        while i < states.len() {
            match states[i] {
                JobState::Scheduled => waits |= 1,
                JobState::Queued => waits |= 2,
                JobState::Running => runs |= 1,
                JobState::Retrying => runs |= 2,
                JobState::Paused => {}
                state => ends |= end(state),
            }
            i += 1;
        }
        match (waits, runs, ends) {
            (0..=2, _, _) => Err(
                "a unique job holds its key from the moment it is enqueued: name `scheduled` and `queued` too",
            ),
            (_, 1 | 2, _) => Err(
                "a job goes to and fro between `running` and `retrying`, and does not take a key again that it let go: name both or neither",
            ),
            (_, 0, 1..) => Err(
                "a job that lets its key go when it starts does not take it again when it ends: name `running` and `retrying` too",
            ),
            (_, 0, _) => Ok(Self::UNTIL_STARTED),
            (_, _, ends) => Ok(Self(AFTER_START | ends)),
        }
    }

    /// Whether a job in `state` holds its key; `started` says that it was claimed before.
    pub const fn is_held(self, state: JobState, started: bool) -> bool {
        match state {
            JobState::Succeeded | JobState::Failed | JobState::Canceled => self.0 & end(state) != 0,
            _ => !started || self.0 & AFTER_START != 0,
        }
    }

    /// As a column keeps it: 1 after the first start, 2 succeeded, 4 failed, 8 canceled.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for Holds {
    fn default() -> Self {
        Self::UNTIL_FINISHED
    }
}

const fn end(state: JobState) -> u8 {
    match state {
        JobState::Succeeded => SUCCEEDED,
        JobState::Failed => FAILED,
        JobState::Canceled => CANCELED,
        _ => 0,
    }
}

/// What becomes of a new job where another holds its key. The answer always names that other job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnConflict {
    /// It is the one meant: the caller goes on with it. Nothing is changed.
    #[default]
    Existing,
    /// The new job is left out. Nothing is changed; the answer says so by another name.
    Skip,
    /// The existing job becomes as the new one would have been, but for its id, number and time of enqueueing, unless
    /// it has been started: then nothing is changed, and it is the one meant. One that is paused stays so.
    Replace,
    /// The existing job takes the due time of the new one, unless it has been started, as above.
    Reschedule,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Due, from_micros};
    use crate::job::Occurrence;
    use crate::schedule::ScheduleId;
    use crate::state::Move;

    const HOUR: Duration = Duration::from_secs(3600);

    fn minutes(minutes: i64) -> Instant {
        from_micros(minutes * 60_000_000)
    }

    fn every_holds() -> impl Iterator<Item = Holds> {
        let sets = (0..1u16 << JobState::ALL.len()).map(|bits| {
            let states = JobState::ALL.into_iter().enumerate();
            let set = states.filter(|(place, _)| bits & (1 << place) != 0);
            set.map(|(_, state)| state).collect::<Vec<_>>()
        });
        sets.filter_map(|states| Holds::while_in(&states).ok())
    }

    #[test]
    fn x_e4_no_move_but_a_rerun_takes_a_key_again() {
        let moves = [
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
        ];
        for holds in every_holds() {
            for (step, state) in moves
                .iter()
                .flat_map(|step| step.sources().iter().map(move |state| (*step, *state)))
            {
                for (started, is_due, attempt) in [
                    (false, false, 0),
                    (false, true, 0),
                    (true, false, 0),
                    (true, true, 0),
                    (true, false, 1),
                    (true, true, 1),
                ] {
                    let before = holds.is_held(state, started);
                    let started = started || step == Move::Claim;
                    let after = holds.is_held(step.target(is_due, attempt), started);
                    assert!(before || !after, "{step:?} from {state} with {holds:?}");
                }
            }
        }
    }

    #[test]
    fn a_set_that_no_job_could_keep_to_is_refused() {
        use JobState::{Canceled, Failed, Paused, Queued, Retrying, Running, Scheduled, Succeeded};
        for (states, says) in [
            (&[][..], "`scheduled` and `queued`"),
            (&[Queued, Running, Retrying], "`scheduled` and `queued`"),
            (&[Scheduled, Queued, Running], "both or neither"),
            (&[Scheduled, Queued, Failed], "`running` and `retrying` too"),
        ] {
            let message = Holds::while_in(states).expect_err("it is impossible");
            assert!(message.contains(says), "{states:?}: {message}");
        }
        assert_eq!(
            Holds::while_in(&JobState::ALL),
            Ok(Holds::WHILE_KEPT),
            "all of them"
        );
        assert_eq!(
            Holds::while_in(&[Paused, Scheduled, Queued]),
            Ok(Holds::UNTIL_STARTED)
        );
        assert_eq!(
            Holds::while_in(&[Scheduled, Queued, Running, Retrying, Succeeded]),
            Ok(Holds::UNTIL_STARTED.and_after(Succeeded)),
        );
        assert_eq!(
            Holds::UNTIL_STARTED.and_after(Failed).and_after(Canceled),
            Holds(AFTER_START | FAILED | CANCELED)
        );
        // Two for each of the eight sets of ends after a start, with and without `paused`, and two without any.
        assert_eq!(every_holds().count(), 18);
    }

    #[test]
    fn x_e7_the_period_is_that_of_the_planned_time() {
        let hourly = Unique::within("k", HOUR);
        let digest = |at| hourly.digest("hello", at);
        assert_eq!(digest(minutes(60)), digest(minutes(119)));
        assert_ne!(digest(minutes(119)), digest(minutes(120)));
        assert_ne!(
            digest(minutes(-1)),
            digest(minutes(1)),
            "before the epoch too"
        );
        let job = NewJob {
            unique: Some(hourly.clone()),
            due: Due::In(HOUR),
            ..NewJob::new("hello", "{}")
        };
        assert_eq!(job.unique_digest(minutes(30)), Some(digest(minutes(90))));
        let occurrence = Occurrence {
            schedule: ScheduleId::generate(),
            at: minutes(10),
        };
        let late = NewJob {
            occurrence: Some(occurrence),
            ..job
        };
        assert_eq!(late.unique_digest(minutes(200)), Some(digest(minutes(10))));
    }

    #[test]
    fn keys_of_other_tasks_and_periods_are_other_keys() {
        let now = minutes(0);
        let key = Unique::new("k");
        let two_hours = Unique::within("k", 2 * HOUR);
        let digests = [
            key.digest("hello", now),
            key.digest("hello2", now),
            Unique::new("K").digest("hello", now),
            Unique::new("k ").digest("hello", now),
            Unique::within("k", HOUR).digest("hello", now),
            two_hours.digest("hello", now),
            // What belongs to the alias never passes for the key.
            Unique::new("b k").digest("a", now),
            Unique::new("k").digest("a b", now),
        ];
        let distinct: std::collections::HashSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
        assert_eq!(
            key.digest("hello", now).to_string(),
            "e0015c0f-0aaa-5ef0-9128-9ac018d48038",
            "it is stored, so it stays"
        );
    }
}
