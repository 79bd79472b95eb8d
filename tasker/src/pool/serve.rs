//! A worker's turn: one piece of work after another, each run, judged and answered.
//!
//! In: a worker and its first piece of work. Out: answers, and a worker that is free again, or whose resource was
//! replaced. Work that broke its resource stays with its worker, goes through the replacement with it, and runs on
//! the fresh resource before anything that waits.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::borrow::HandlerFailed;
use super::control::Control;
use super::error::Error;
use super::metrics::{Event, Timing};
use super::shared::{Shared, Turn};
use super::work::Waiting;
use super::worker::{Lent, Worker};
use crate::lifecycle::find;
use crate::task::BoxError;
use crate::worker::panics;

/// How one attempt ended.
pub(super) enum End<R> {
    Returned(Result<R, BoxError>),
    /// Message and place.
    Panicked(String),
    /// It was told to end, and did not in time. Its caller has been answered.
    Dropped,
}

/// What is to be thought of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// Something failed; a probe tells.
    Suspect,
    Broken,
}

impl<T: Send + 'static> Shared<T> {
    /// Serves until there is nothing to do.
    pub(super) async fn serve(self: Arc<Self>, mut turn: Turn<T>) {
        while let Some(next) = self.attend(turn).await {
            turn = next;
            // Work that never waits would keep everybody else off this thread.
            tokio::task::coop::consume_budget().await;
        }
    }

    async fn attend(self: &Arc<Self>, (worker, mut queued): Turn<T>) -> Option<Turn<T>> {
        let work = Arc::clone(&queued.work);
        if work.control().is_settled() {
            return self.next(worker, None);
        }
        let started = Instant::now();
        let timing = |now: Instant| Timing {
            wait: started.saturating_duration_since(queued.since),
            execution: now.saturating_duration_since(started),
        };
        let (resource, lent) = worker.lend(work.control());
        let attempt = supervise(
            Arc::clone(&work).attempt(resource),
            work.control(),
            queued.terms.timeout,
            self.options.patience,
            |limit| {
                if work.control().settle() {
                    self.observer.record(Event::Failed(timing(Instant::now())));
                    work.refuse(Error::TimedOut(limit));
                }
            },
        );
        let end = attempt.await;
        let ended = Instant::now();
        let timing = timing(ended);
        queued.attempts += 1;
        let verdict = self.verdict(&end);
        let (worker, verdict) = match lent.collect() {
            Ok((worker, true)) => (worker, Verdict::Broken),
            Ok((worker, false)) => (worker, verdict),
            Err(lent) => {
                // The work has given its resource away; it is judged now and comes home by itself.
                self.lock().tally.add(Some(timing.execution));
                self.come_home(lent, verdict);
                self.conclude(
                    work.as_ref(),
                    failure(end, verdict, queued.attempts),
                    timing,
                );
                return None;
            }
        };
        if verdict == Verdict::Broken && matches!(end, End::Returned(Err(_))) && queued.may_retry()
        {
            self.lock().tally.add(Some(timing.execution));
            self.observer.record(Event::Retried);
            queued.since = Instant::now();
            // Boxed, as is all that is rare: what is spawned for each piece of work should be small.
            return Box::pin(self.replace(worker, Some(queued))).await;
        }
        let failure = failure(end, verdict, queued.attempts);
        let ours = self.settle(work.as_ref(), failure.is_none(), timing, ended);
        let answer = || match failure {
            _ if !ours => {}
            None => work.deliver(),
            Some(error) => work.refuse(error),
        };
        if verdict == Verdict::Good {
            // In order again before the caller goes on.
            let turn = self.next(worker, Some(timing.execution));
            answer();
            return turn;
        }
        self.lock().tally.add(Some(timing.execution));
        answer();
        Box::pin(self.look_after(worker, verdict)).await
    }

    /// What an end says about the resource.
    pub(super) fn verdict<R>(&self, end: &End<R>) -> Verdict {
        match end {
            End::Returned(Ok(_)) => Verdict::Good,
            End::Returned(Err(error)) => self.judge(error.as_ref()),
            // In the middle of who knows what.
            End::Panicked(_) | End::Dropped => Verdict::Broken,
        }
    }

    /// What an error says about the resource.
    pub(super) fn judge(&self, error: &(dyn std::error::Error + 'static)) -> Verdict {
        let known = |link: &(dyn std::error::Error + 'static)| {
            if let Some(failed) = link.downcast_ref::<HandlerFailed>() {
                return Some(match failed.broken {
                    true => Verdict::Broken,
                    false => Verdict::Suspect,
                });
            }
            self.manager.is_broken(link).then_some(Verdict::Broken)
        };
        find(error, &known).unwrap_or(Verdict::Suspect)
    }

    /// Brings a judged resource home when it comes back.
    pub(super) fn come_home(self: &Arc<Self>, lent: Lent<T>, verdict: Verdict) {
        let shared = Arc::clone(self);
        lent.when_back(move |worker, marked| match (marked, verdict) {
            (false, Verdict::Good) => shared.release(worker, None),
            (marked, verdict) => {
                let verdict = if marked { Verdict::Broken } else { verdict };
                let home = Arc::clone(&shared);
                shared.spawn(async move {
                    if let Some(turn) = home.look_after(worker, verdict).await {
                        home.serve(turn).await;
                    }
                });
            }
        });
    }

    /// Probes or replaces; what the worker does next.
    pub(super) async fn look_after(
        self: &Arc<Self>,
        mut worker: Worker<T>,
        verdict: Verdict,
    ) -> Option<Turn<T>> {
        let good = match verdict {
            Verdict::Good => true,
            Verdict::Suspect => self.probe(&mut worker).await,
            Verdict::Broken => false,
        };
        match good {
            true => self.next(worker, None),
            false => self.replace(worker, None).await,
        }
    }

    /// Answers work with its value or this failure, if nobody has answered it.
    fn conclude(
        &self,
        work: &(impl super::work::Work<T> + ?Sized),
        failure: Option<Error>,
        timing: Timing,
    ) {
        if self.settle(work, failure.is_none(), timing, Instant::now()) {
            match failure {
                None => work.deliver(),
                Some(error) => work.refuse(error),
            }
        }
    }

    /// Takes the right to answer and records the end; `false` where it was answered before.
    pub(super) fn settle(
        &self,
        waiting: &(impl Waiting + ?Sized),
        succeeded: bool,
        timing: Timing,
        now: Instant,
    ) -> bool {
        let ours = waiting.control().settle();
        if ours {
            let event = match succeeded {
                true => Event::Completed(timing),
                false => Event::Failed(timing),
            };
            self.observer.record_at(event, now);
        }
        ours
    }
}

/// What to tell the caller of an attempt that is not repeated.
pub(super) fn failure<R>(end: End<R>, verdict: Verdict, attempts: u32) -> Option<Error> {
    match end {
        End::Returned(Ok(_)) => None,
        End::Returned(Err(source)) if verdict == Verdict::Broken => {
            Some(Error::Broken { attempts, source })
        }
        End::Returned(Err(error)) => Some(Error::Work(error)),
        End::Panicked(message) => Some(Error::Panicked(message)),
        End::Dropped => Some(Error::Stopped),
    }
}

/// Runs one attempt to its end: its own, or the one it is told. `timed_out` answers the caller.
pub(super) async fn supervise<R>(
    attempt: impl Future<Output = Result<R, BoxError>>,
    control: &Control,
    timeout: Option<Duration>,
    patience: Duration,
    timed_out: impl FnOnce(Duration),
) -> End<R> {
    let mut attempt = pin!(Some(panics::caught(attempt)));
    let end = match attempt.as_mut().as_pin_mut() {
        Some(attempt) => watch(attempt, control, timeout, patience, timed_out).await,
        None => End::Dropped,
    };
    // What it leaves behind may panic too.
    if let Err(panic) = panics::caught_here(|| attempt.set(None)) {
        tracing::error!(target: "tasker::pool", "work that was dropped {panic}");
    }
    end
}

async fn watch<R>(
    mut attempt: Pin<&mut impl Future<Output = Result<Result<R, BoxError>, String>>>,
    control: &Control,
    timeout: Option<Duration>,
    patience: Duration,
    timed_out: impl FnOnce(Duration),
) -> End<R> {
    let out_of_time = async {
        match timeout {
            Some(limit) => {
                // Boxed, since most work has none.
                Box::pin(tokio::time::sleep(limit)).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        end = &mut attempt => return end.into(),
        () = control.aborted() => {}
        limit = out_of_time => {
            timed_out(limit);
            control.abort();
        }
    }
    if !control.is_heard() {
        return End::Dropped;
    }
    match Box::pin(tokio::time::timeout(patience, attempt)).await {
        Ok(end) => end.into(),
        Err(_) => End::Dropped,
    }
}

impl<R> From<Result<Result<R, BoxError>, String>> for End<R> {
    fn from(caught: Result<Result<R, BoxError>, String>) -> Self {
        match caught {
            Ok(result) => End::Returned(result),
            Err(panic) => End::Panicked(panic),
        }
    }
}
