//! One call of a handler with its time limit, its panics and its way out; the same for a job and for a run by
//! hand.
//!
//! In: a task, params, a context. Out: how it [`Ended`], and for a blocking function that ran out of time the
//! thread it still occupies.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::panics;
use crate::task::{Call, CallError, Context, Fields, Output, TaskDefinition};

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
    let Some(limit) = task.timeout else {
        return (call.await, None);
    };
    if !task.blocking {
        let ended = tokio::time::timeout(limit, call).await;
        if ended.is_err() {
            token.cancel();
        }
        return (ended.unwrap_or(Ended::TimedOut(limit)), None);
    }
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

async fn call(task: &'static TaskDefinition, params: Fields, context: Context) -> Ended {
    let tasker = context.tasker().clone();
    let handler = panics::caught(async move { (task.run)(Call { params, context }).await });
    match tasker.scope(handler).await {
        Ok(Ok(output)) => Ended::Returned(output),
        Err(message) => Ended::Panicked(message),
        Ok(Err(error)) => Ended::Failed(error),
    }
}
