//! One call of a handler with its time limit, its panics and its way out; the same for a job and for a run by
//! hand.
//!
//! In: a task, params, a context. Out: how it [`Ended`], and for a blocking function that ran out of time the
//! thread it still occupies.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::panics;
use crate::lifecycle::Shutdown;
use crate::task::{Call, CallError, Context, Fields, Output, TaskDefinition};

/// How long an `async fn` may go on after its token fired before it is dropped. Longer than a stop waits, which has
/// its own way to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The handler returned.
    Returned(Output),
    /// It could not be called, or returned an error.
    Failed(CallError),
    /// It panicked; message and place.
    Panicked(String),
    /// It ran longer than this.
    TimedOut(Duration),
    /// It was told to end and had not after this long.
    Dropped(Duration),
}

/// A blocking function whose outcome is decided while its thread still runs.
pub(crate) type Leftover = JoinHandle<Ended>;

/// Calls the handler of `task`. An `async fn` that runs out of time is dropped; a plain function cannot be, so
/// its token fires and it is left over.
pub(crate) async fn run(
    task: &'static TaskDefinition,
    params: Fields,
    context: &Context,
) -> (Ended, Option<Leftover>) {
    let token = context.token().clone();
    let call = call(task, params, context.clone());
    if !task.blocking {
        return (bounded(call, task.timeout, &token).await, None);
    }
    let Some(limit) = task.timeout else {
        return (call.await, None);
    };
    let mut thread = tokio::spawn(call);
    match tokio::time::timeout(limit, &mut thread).await {
        Ok(joined) => (
            joined.unwrap_or_else(|error| Ended::Panicked(error.to_string())),
            None,
        ),
        Err(_) => {
            token.cancel();
            (Ended::TimedOut(limit), Some(thread))
        }
    }
}

/// Waits for an `async fn`, and drops it where it runs out of time, or goes on long after it was told to end.
async fn bounded(
    call: impl Future<Output = Ended>,
    limit: Option<Duration>,
    token: &CancellationToken,
) -> Ended {
    let out_of_time = async {
        match limit {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                Ended::TimedOut(limit)
            }
            None => std::future::pending().await,
        }
    };
    let deaf = async {
        token.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
        Ended::Dropped(PATIENCE)
    };
    tokio::select! {
        biased;
        ended = call => ended,
        ended = out_of_time => {
            token.cancel();
            ended
        }
        ended = deaf => ended,
    }
}

async fn call(task: &'static TaskDefinition, params: Fields, context: Context) -> Ended {
    let tasker = context.tasker().clone();
    let shutdown = Shutdown::of(&context);
    #[cfg(feature = "pool")]
    let settling = crate::pool::Settling::new(&context);
    let handler = panics::caught(async move { (task.run)(Call { params, context }).await });
    let ended = match tasker.scope(shutdown.scope(handler)).await {
        Ok(Ok(output)) => Ended::Returned(output),
        Err(message) => Ended::Panicked(message),
        Ok(Err(error)) => Ended::Failed(error),
    };
    #[cfg(feature = "pool")]
    match &ended {
        Ended::Failed(CallError::Handler(error)) => settling.failed(error.as_ref()),
        Ended::Panicked(_) => drop(settling),
        _ => settling.good(),
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_is_deaf_to_its_token_is_dropped() {
        let token = CancellationToken::new();
        token.cancel();
        let ended = bounded(std::future::pending(), None, &token).await;
        assert!(matches!(ended, Ended::Dropped(PATIENCE)), "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_runs_out_of_time_is_told_and_dropped() {
        let (token, limit) = (CancellationToken::new(), Duration::from_secs(3));
        let ended = bounded(std::future::pending(), Some(limit), &token).await;
        assert!(
            matches!(ended, Ended::TimedOut(by) if by == limit),
            "{ended:?}"
        );
        assert!(token.is_cancelled());
    }
}
