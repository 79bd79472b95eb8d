//! A task run by hand: here and now, without a job.
//!
//! In: a definition and params. Out: what the handler returned. One attempt, with the task's timeout; no limits;
//! the store is opened only if the handler enqueues something.

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::client::Tasker;
use crate::enqueue::params_error;
use crate::error::{Error, Result};
use crate::lifecycle::Shutdown;
use crate::task::{
    BoxError, BoxFuture, CallError, Context, Fields, Output, Params, Task, TaskDefinition,
};
use crate::worker::attempt::{self, Ended};

/// Runs a task by its definition. `cancel` tells its handler to end.
pub(crate) async fn by_hand(
    tasker: &Tasker,
    task: &'static TaskDefinition,
    params: Fields,
    cancel: CancellationToken,
    wants_text: bool,
) -> Result<Output> {
    let states = Shutdown::current().states_over(tasker.states());
    let missing = (task.missing)(&states);
    if !missing.is_empty() {
        return Err(Error::Setup(format!(
            "task `{}`: {}",
            task.alias,
            missing.join("\n")
        )));
    }
    let context = Context::new(task.alias, None, cancel, states, tasker.clone(), wants_text);
    let failed = |source: BoxError| Error::Task {
        alias: task.alias.to_owned(),
        source,
    };
    match attempt::run(task, params, &context).await.0 {
        Ended::Returned(output) => Ok(output),
        Ended::Failed(CallError::Params(source)) => Err(params_error(task.alias, source)),
        Ended::Failed(CallError::Inject(source) | CallError::Handler(source)) => {
            Err(failed(source))
        }
        Ended::Failed(CallError::Output(error)) => Err(failed(
            format!("what it returned cannot be written as JSON: {error}").into(),
        )),
        Ended::Dropped(patience) => Err(failed(
            format!("was told to end and dropped {patience:?} later, since it had not").into(),
        )),
        Ended::Panicked(message) => Err(failed(message.into())),
        Ended::TimedOut(limit) => Err(failed(
            format!("ran longer than its timeout of {limit:?}").into(),
        )),
    }
}

/// Runs task `T` with these params, under the current tasker if there is one.
pub fn run_here<T: Task>(params: &T::Params) -> BoxFuture<'static, Result<T::Output>>
where
    T::Output: DeserializeOwned,
{
    let task = T::definition();
    let params = params.encode();
    Box::pin(async move {
        let fields = params.map_err(|source| params_error(task.alias, source))?;
        let tasker = Tasker::current().unwrap_or_else(|_| Tasker::nowhere());
        // It ends with the part, or the handler, that runs it.
        let cancel = Shutdown::current().token().clone();
        let output = by_hand(&tasker, task, fields, cancel, false).await?;
        let json = output.json.as_deref().unwrap_or("null");
        serde_json::from_str(json).map_err(|error| Error::Task {
            alias: task.alias.to_owned(),
            source: format!("its output does not read back as it was written: {error}").into(),
        })
    })
}
