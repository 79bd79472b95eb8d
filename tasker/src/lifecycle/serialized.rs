//! `serialized`: one run at a time across processes, at the instants of a rule that outlive them.
//!
//! In: a store, a name, a pace, a part. Out: runs of the part, each under the lease of that name, and each of the pace's
//! instants once, in however many processes the same line stands.
//!
//! Where it stands is kept as a schedule of the store that belongs to no task (its alias is empty), so that operators see
//! it, pause it and resume it; its next occurrence is written after a run that ended well. So a run that was cut short
//! is made good, and the store's clock decides what is due.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use tasker_store::{
    Declaration, Fire, Instant, NewSchedule, Overlap, Schedule, ScheduleState, Store, Then, Wake,
};

use super::compose::{Combinator, Composed};
use super::failure::Failure;
use super::hold::{Hold, NamedLease};
use super::pace::{Kind, Pace};
use super::part::{BoxPart, Repeatable, SharedPart};
use super::shutdown::Shutdown;
use crate::client::Tasker;
use crate::declaration::DECLARE_EVERY;
use crate::error::{Error, Result};
use crate::schedule::zone;
use crate::task::BoxFuture;

/// How long a change by another process, or an operator, waits for being noticed where nothing tells of it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long after a failed call it is tried again.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Runs `part` again and again as [`repeat`](super::repeat()) does, but once for all processes that use the store: under
/// the lease `name`, and with the time of the last run kept in the store, so that a restart neither repeats a run nor
/// forgets one.
///
/// A run that starts holds the lease to its end; other processes wait, and take over when the holder dies (30 s after
/// its last sign of life, unless [`lease`](Composed::lease) says otherwise). The part's [`Shutdown`] fires when the lease
/// is lost; what goes on all the same may run beside another process's run. An occurrence counts when its run ended well.
/// A new name with a rule does not run for an instant before it existed. What passed while nobody was there, or during
/// a run, is made good by one run. A changed rule begins anew.
///
/// The first error ends it, and is its own; so does the stop, with success. `schedules list` shows it under its name, and
/// `schedules pause` holds it. A rule that names no zone is one of the tasker's.
///
/// ```no_run
/// use tasker::lifecycle::{main, serialized};
/// use tasker::{Tasker, rule};
///
/// async fn close_the_books() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// # async fn program() -> Result<(), Box<dyn std::error::Error>> {
/// let tasker = Tasker::connect("postgres://…").await?;
/// main(serialized(&tasker, "books", rule!("monthly last 23:00"), close_the_books)).await?;
/// # Ok(()) }
/// ```
pub fn serialized<P: Repeatable<M>, M>(
    tasker: &Tasker,
    name: impl Into<String>,
    pace: impl Into<Pace>,
    part: P,
) -> Composed<Serialized> {
    let name = name.into();
    Composed::new(Serialized {
        tasker: tasker.clone(),
        lease: tasker.lease(format!("serialized/{name}")),
        name,
        pace: pace.into(),
        part: part.into_shared(),
    })
}

/// One run at a time across processes.
#[derive(Clone, Debug)]
pub struct Serialized {
    tasker: Tasker,
    lease: NamedLease,
    name: String,
    pace: Pace,
    part: SharedPart,
}

impl<L> Composed<Serialized, L> {
    /// How long after its last sign of life the process that runs the part counts as dead, at least 1 s. Default: 30 s.
    pub fn lease(mut self, length: Duration) -> Self {
        self.combinator.lease = self.combinator.lease.length(length);
        self
    }
}

impl Combinator for Serialized {
    fn run(
        self: Arc<Self>,
        _: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            match self.go_on(&shutdown).await {
                Err(failure) if shutdown.is_cancelled() && failure.is_cancelled() => Ok(()),
                outcome => outcome,
            }
        })
    }
}

/// What to do about the schedule as it stands.
#[derive(Debug, PartialEq)]
enum Step {
    /// Nothing for this long, or until it is changed.
    Wait(Duration),
    /// Write this, without a run.
    Write(Then),
    /// Run.
    Run,
    /// There will never be anything to do.
    End,
}

impl Serialized {
    async fn go_on(&self, shutdown: &Shutdown) -> Result<(), Failure> {
        let store = patiently(shutdown, || self.tasker.store()).await?.as_ref();
        let tz = zone(self.tasker.timezone()).map_err(Failure::new)?;
        patiently(shutdown, || self.declare(store)).await?;
        let mut wakes = store.wakes();
        let mut moves = shutdown.moves();
        loop {
            shutdown.check().map_err(Failure::new)?;
            let (row, now) = patiently(shutdown, || self.look(store)).await?;
            match self.step(&row, tz, now)? {
                Step::End => return Ok(()),
                Step::Write(then) => {
                    self.write(store, &row, then, shutdown).await?;
                }
                Step::Run => {
                    let hold = self.lease.hold(shutdown).await?;
                    let outcome = self.take_turn(store, tz, &hold).await;
                    hold.let_go().await;
                    outcome?;
                }
                Step::Wait(time) => {
                    let changed =
                        async { while !matches!(wakes.next().await, Wake::Control | Wake::Gap) {} };
                    let passed = shutdown.moved(&mut moves, time.min(LOOK_EVERY));
                    tokio::select! {
                        () = changed => {}
                        passed = passed => passed.map_err(Failure::new)?,
                    }
                }
            }
        }
    }

    /// Runs, if there is still need for it now that the lease is held, and writes down what is next.
    async fn take_turn(&self, store: &dyn Store, tz: Tz, hold: &Hold) -> Result<(), Failure> {
        let shutdown = hold.shutdown();
        let (row, now) = patiently(shutdown, || self.look(store)).await?;
        if self.step(&row, tz, now)? != Step::Run {
            return Ok(());
        }
        match self.part.start(shutdown.clone()).await {
            // Cut short, by the stop or by the loss of the lease: it stays due.
            Err(failure) if failure.is_cancelled() && shutdown.is_cancelled() => return Ok(()),
            ended => ended?,
        }
        // As it stands now: a long run may have seen it retired and declared again.
        let (after, end) = patiently(shutdown, || self.look(store)).await?;
        if after.next_run_at != row.next_run_at {
            tracing::debug!(schedule = self.name, "was changed during its run");
            return Ok(());
        }
        let then = self.next(&after, tz, now, end)?;
        self.write(store, &after, then, shutdown).await
    }

    /// What is to be done at `now`. Pure.
    fn step(&self, row: &Schedule, tz: Tz, now: Instant) -> Result<Step, Failure> {
        Ok(match (row.state, row.next_run_at, &self.pace.kind) {
            (ScheduleState::Completed, ..) => Step::End,
            (ScheduleState::Active, Some(at), _) if at <= now => Step::Run,
            (ScheduleState::Active, Some(at), _) => {
                Step::Wait((at - now).to_std().unwrap_or_default())
            }
            (ScheduleState::Active, None, Kind::Every(_)) => Step::Run,
            (ScheduleState::Active, None, Kind::Rule(_)) => {
                Step::Write(self.next(row, tz, now, now)?)
            }
            // Held by an operator.
            _ => Step::Wait(LOOK_EVERY),
        })
    }

    /// Where it stands after a run from `start` to `end`.
    fn next(&self, row: &Schedule, tz: Tz, start: Instant, end: Instant) -> Result<Then, Failure> {
        let last = match self.pace.kind {
            Kind::Every(_) => end,
            // What passed during the run is due at once.
            Kind::Rule(_) => start,
        };
        let pace = self.pace.of(&self.name, row.created_at);
        let next = pace.next_in(tz, last).map_err(Failure::new)?;
        Ok(next.map_or(Then::Completed, Then::Next))
    }

    /// Writes where it stands, unless somebody has changed it since it was read; who looks next sees that.
    async fn write(
        &self,
        store: &dyn Store,
        row: &Schedule,
        then: Then,
        shutdown: &Shutdown,
    ) -> Result<(), Failure> {
        let step = Fire {
            schedule: row.id,
            version: row.version,
            jobs: Vec::new(),
            overlap: Overlap::Allow,
            then,
        };
        patiently(shutdown, async || Ok(store.fire(step.clone()).await?)).await?;
        Ok(())
    }

    /// The schedule as it stands, and the store's time.
    async fn look(&self, store: &dyn Store) -> Result<(Schedule, Instant)> {
        let now = now_of(store).await?;
        match self.row(store).await? {
            Some(row) if !self.is_stale(&row, now) => Ok((row, now)),
            _ => {
                self.declare(store).await?;
                let gone = || Error::Setup(format!("schedule `{}` is gone again", self.name));
                Ok((self.row(store).await?.ok_or_else(gone)?, now))
            }
        }
    }

    /// Whether it has to be declared again: it was retired, or would be soon. One that another release has under another
    /// rule is left to it, or the two would change it in turns.
    fn is_stale(&self, row: &Schedule, now: Instant) -> bool {
        let is_old = (now - row.seen_at)
            .to_std()
            .is_ok_and(|age| age >= DECLARE_EVERY);
        row.state == ScheduleState::Retired || (is_old && row.rule == self.pace.written())
    }

    async fn row(&self, store: &dyn Store) -> Result<Option<Schedule>> {
        let row = store.schedule(&self.name).await?;
        Ok(row.filter(|row| row.deleted_at.is_none()))
    }

    async fn declare(&self, store: &dyn Store) -> Result<()> {
        if let Some(row) = self.row(store).await?
            && !row.alias.is_empty()
        {
            return Err(Error::Setup(format!(
                "`{}` is a schedule of task `{}`: give what is serialized another name",
                self.name, row.alias
            )));
        }
        let schedule = NewSchedule {
            tz: self.tasker.timezone().to_owned(),
            overlap: Overlap::Skip,
            ..NewSchedule::new(self.name.clone(), "", self.pace.written())
        };
        store
            .declare(Declaration {
                schedules: vec![schedule],
                // It says nothing about those of others.
                retire_after: Duration::MAX,
                ..Declaration::default()
            })
            .await?;
        Ok(())
    }
}

async fn now_of(store: &dyn Store) -> Result<Instant> {
    Ok(store.due(0).await?.now)
}

/// Does `call` again while the store cannot be reached; at least once, also after the stop.
async fn patiently<T, F: Future<Output = Result<T>>>(
    shutdown: &Shutdown,
    call: impl Fn() -> F,
) -> Result<T, Failure> {
    loop {
        match call().await {
            Err(Error::Store(error)) if error.is_transient() => {
                tracing::warn!(%error, "the store cannot be reached; trying again");
            }
            ended => return ended.map_err(Failure::new),
        }
        let pause = tokio::time::sleep(TRY_EVERY);
        shutdown
            .run_until_cancelled(pause)
            .await
            .map_err(Failure::new)?;
    }
}
