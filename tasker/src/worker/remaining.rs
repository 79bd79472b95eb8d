//! Whether a worker has anything left to do, for `until_empty`.
//!
//! Left is what is queued, running or retrying and can come to this worker's end: jobs whose task it does not
//! know, whose task is disabled, or whose queue is paused are parked, and nobody waits for them.

use std::collections::HashSet;

use tasker_store::{JobQuery, JobState, canonical_alias};

use crate::client::Tasker;
use crate::error::Result;

/// Whether a job is queued, running or retrying that is not parked.
pub(crate) async fn anything_left(tasker: &Tasker, known: &[String]) -> Result<bool> {
    let store = tasker.store().await?;
    let queues = store.queues().await?;
    if queues
        .iter()
        .all(|queue| queue.queued + queue.running + queue.retrying == 0)
    {
        return Ok(false);
    }
    let paused: HashSet<_> = queues
        .into_iter()
        .filter(|queue| queue.paused)
        .map(|queue| queue.name)
        .collect();
    let disabled = store
        .tasks()
        .await?
        .into_iter()
        .filter(|task| !task.enabled);
    let disabled: HashSet<_> = disabled.map(|task| canonical_alias(&task.alias)).collect();
    let known: HashSet<_> = known.iter().map(|alias| canonical_alias(alias)).collect();
    let mut query = JobQuery {
        states: vec![JobState::Queued, JobState::Running, JobState::Retrying],
        limit: 500,
        ..JobQuery::default()
    };
    loop {
        let page = store.jobs(query.clone()).await?;
        let parked = |alias: &str| !known.contains(alias) || disabled.contains(alias);
        let left = page.iter().any(|job| {
            job.state == JobState::Running
                || !(paused.contains(&job.queue) || parked(&canonical_alias(&job.alias)))
        });
        if left {
            return Ok(true);
        }
        match page.last() {
            Some(last) if page.len() == query.limit as usize => query.before = Some(last.number),
            _ => return Ok(false),
        }
    }
}
