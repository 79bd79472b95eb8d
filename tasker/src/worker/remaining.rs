//! Whether a worker has anything left to do, for `until_empty`.
//!
//! Left is what is queued, running or retrying and can come to this worker's end: jobs whose task it does not
//! know, whose task is disabled, or whose queue is paused are parked, and nobody waits for them.

use std::collections::HashSet;

use tasker_store::{Job, JobQuery, JobState, Queue, canonical_alias};

use crate::client::Tasker;
use crate::error::Result;

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// A job that will come to this worker, or runs in another.
    Jobs,
    /// So many parked jobs, and nothing else.
    Parked(usize),
}

/// Looks for a job that is queued, running or retrying and not parked.
pub(crate) async fn look(tasker: &Tasker, known: &[String]) -> Result<Left> {
    let store = tasker.store().await?;
    let queues = store.queues().await?;
    let any = |queue: &Queue| queue.queued + queue.running + queue.retrying > 0;
    if !queues.iter().any(any) {
        return Ok(Left::Parked(0));
    }
    let paused = queues.into_iter().filter(|queue| queue.paused);
    let paused: HashSet<_> = paused.map(|queue| queue.name).collect();
    let disabled = store
        .tasks()
        .await?
        .into_iter()
        .filter(|task| !task.enabled);
    let disabled: HashSet<_> = disabled.map(|task| canonical_alias(&task.alias)).collect();
    let known: HashSet<_> = known.iter().map(|alias| canonical_alias(alias)).collect();
    let is_parked = |job: &Job| {
        let alias = canonical_alias(&job.alias);
        let held = paused.contains(&job.queue) || disabled.contains(&alias);
        job.state != JobState::Running && (held || !known.contains(&alias))
    };
    let mut query = JobQuery {
        states: vec![JobState::Queued, JobState::Running, JobState::Retrying],
        limit: 500,
        ..JobQuery::default()
    };
    let mut parked = 0;
    loop {
        let page = store.jobs(query.clone()).await?;
        if !page.iter().all(is_parked) {
            return Ok(Left::Jobs);
        }
        parked += page.len();
        match page.last() {
            Some(last) if page.len() == query.limit as usize => query.before = Some(last.number),
            _ => return Ok(Left::Parked(parked)),
        }
    }
}
