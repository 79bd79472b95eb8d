//! The story of a job: its runs and its own log in one order.
//!
//! In: the job, its failed attempts, its log lines. Out: events that read "started", the handler's own
//! messages, "succeeded" (or how else the run ended). The store keeps neither start nor end as a line: both
//! are derived here. Pure.
//!
//! A line belongs to the run that was under way when it was written. Its time was taken on the worker's clock
//! and may lie a little outside the run's, which is the store's; the order within a run is by kind first.

use chrono::TimeDelta;
use tasker_store::{Attempt, Instant, Job, JobState, LogLine};

/// How far the clocks of a line and of its run may be apart.
const SLACK: TimeDelta = TimeDelta::seconds(1);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Instant,
    pub(super) level: &'static str,
    pub(super) text: String,
}

#[derive(Debug)]
struct Run {
    attempt: u32,
    started_at: Option<Instant>,
    end: Option<Event>,
    lines: Vec<Event>,
}

/// Everything that happened, in order.
pub(super) fn of(job: &Job, attempts: &[Attempt], log: &[LogLine]) -> Vec<Event> {
    let mut runs: Vec<Run> = attempts.iter().map(failed).collect();
    runs.extend(latest(job, attempts));
    let mut events = Vec::new();
    for line in log {
        let event = Event {
            at: line.at,
            level: line.level.as_str(),
            text: line.message.clone(),
        };
        match run_of(&mut runs, line) {
            Some(run) => run.lines.push(event),
            None => events.push(event),
        }
    }
    for run in &mut runs {
        let start = run.started_at.map(|at| Event {
            at,
            level: "info",
            text: format!("attempt {} started", run.attempt),
        });
        events.extend(start);
        run.lines.sort_by_key(|line| line.at);
        events.append(&mut run.lines);
        events.extend(run.end.take());
    }
    events
}

fn failed(attempt: &Attempt) -> Run {
    let kind = kind(attempt);
    Run {
        attempt: attempt.attempt,
        started_at: attempt.started_at,
        end: Some(Event {
            at: attempt.ended_at,
            level: "error",
            text: format!(
                "attempt {} failed ({kind}): {}",
                attempt.attempt, attempt.message
            ),
        }),
        lines: Vec::new(),
    }
}

/// The kind's name, as in JSON.
pub(super) fn kind(attempt: &Attempt) -> String {
    let kind = serde_json::to_value(attempt.kind).unwrap_or_default();
    kind.as_str().unwrap_or_default().replace('_', " ")
}

/// The run under the latest claim, where it left no failed attempt.
fn latest(job: &Job, attempts: &[Attempt]) -> Option<Run> {
    let started_at = job.started_at?;
    if attempts.iter().any(|attempt| attempt.token == job.token) {
        return None;
    }
    let end = |at, level, text: String| Some(Event { at, level, text });
    let (attempt, end) = match (job.state, job.finished_at) {
        (JobState::Succeeded, Some(at)) => (job.attempt, end(at, "info", job.state.to_string())),
        (JobState::Failed | JobState::Canceled, Some(at)) => {
            (job.attempt, end(at, "warn", job.state.to_string()))
        }
        (JobState::Running, _) => (job.attempt, None),
        // It was snoozed or given back, which gives the attempt back too and leaves no time of its own.
        _ => {
            let text = format!(
                "given back uncounted; due {}",
                super::super::output::time(job.due_at)
            );
            (job.attempt.saturating_add(1), end(started_at, "info", text))
        }
    };
    Some(Run {
        attempt,
        started_at: Some(started_at),
        end,
        lines: Vec::new(),
    })
}

/// The last run of the line's attempt that had started when it was written, else the first of that attempt.
fn run_of<'a>(runs: &'a mut [Run], line: &LogLine) -> Option<&'a mut Run> {
    let started = runs.iter().rposition(|run| {
        run.attempt == line.attempt && run.started_at.is_none_or(|at| at - SLACK <= line.at)
    });
    let at = started.or_else(|| runs.iter().position(|run| run.attempt == line.attempt))?;
    runs.get_mut(at)
}

#[cfg(test)]
mod tests {
    use tasker_store::{FailureKind, Level, from_micros};

    use super::*;

    fn at(seconds: i64) -> Instant {
        from_micros(seconds * 1_000_000)
    }

    fn line(attempt: u32, seconds: i64, message: &str) -> LogLine {
        LogLine {
            attempt,
            at: at(seconds),
            level: Level::Info,
            message: message.into(),
        }
    }

    fn failure(attempt: u32, token: i64, start: i64, end: i64) -> Attempt {
        Attempt {
            attempt,
            token,
            worker: None,
            started_at: Some(at(start)),
            ended_at: at(end),
            kind: FailureKind::Error,
            message: "no answer".into(),
        }
    }

    fn job(state: JobState, attempt: u32, token: i64, start: i64) -> Job {
        use tasker_store::{JobId, NewJob};
        let new = NewJob::new("hello", "{}");
        Job {
            id: JobId::generate(),
            number: 1,
            alias: new.alias,
            queue: new.queue,
            priority: 0,
            state,
            params: new.params,
            shape: 0,
            attempt,
            max_attempts: Some(4),
            at_most_once: false,
            tags: Vec::new(),
            due_at: at(0),
            enqueued_at: at(0),
            started_at: Some(at(start)),
            finished_at: state.is_final().then(|| at(start + 5)),
            worker: None,
            token,
            cancel_requested: false,
            output: None,
            error: None,
            progress: None,
            occurrence: None,
            missed: Vec::new(),
            deleted_at: None,
        }
    }

    fn texts(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn a_good_run_reads_started_messages_succeeded() {
        // The first line's clock is a little behind, the last one's a little ahead.
        let mut early = line(1, 10, "one");
        early.at -= TimeDelta::milliseconds(300);
        let events = of(
            &job(JobState::Succeeded, 1, 1, 10),
            &[],
            &[early, line(1, 12, "two"), line(1, 16, "three")],
        );
        let expected = ["attempt 1 started", "one", "two", "three", "succeeded"];
        assert_eq!(texts(&events), expected);
    }

    #[test]
    fn a_retried_job_has_each_runs_lines_with_that_run() {
        let events = of(
            &job(JobState::Succeeded, 2, 2, 20),
            &[failure(1, 1, 10, 12)],
            &[line(1, 11, "first try"), line(2, 21, "second try")],
        );
        let expected = [
            "attempt 1 started",
            "first try",
            "attempt 1 failed (error): no answer",
            "attempt 2 started",
            "second try",
            "succeeded",
        ];
        assert_eq!(texts(&events), expected);
    }

    #[test]
    fn a_rerun_counts_from_one_again_and_is_told_after_what_came_before() {
        let events = of(
            &job(JobState::Running, 1, 2, 100),
            &[failure(1, 1, 10, 12)],
            &[line(1, 11, "before"), line(1, 101, "after")],
        );
        let expected = [
            "attempt 1 started",
            "before",
            "attempt 1 failed (error): no answer",
            "attempt 1 started",
            "after",
        ];
        assert_eq!(texts(&events), expected);
    }

    #[test]
    fn a_job_that_waits_for_its_retry_tells_its_failure_once() {
        let events = of(
            &job(JobState::Retrying, 1, 1, 10),
            &[failure(1, 1, 10, 12)],
            &[],
        );
        let expected = ["attempt 1 started", "attempt 1 failed (error): no answer"];
        assert_eq!(texts(&events), expected);
    }
}
