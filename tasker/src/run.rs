//! Running a task in this process, now: no job, no store, the same checks and states.

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::client::Tasker;
use crate::enqueue::params_error;
use crate::error::{Error, Result};
use crate::task::call::cause;
use crate::task::{
    BoxFuture, Call, CallError, Context, Fields, ParamError, Params, Task, TaskDefinition,
};

/// Runs a task with these params and gives its output.
pub fn run_here<T: Task>(params: &T::Params) -> BoxFuture<'static, Result<T::Output>>
where
    T::Output: DeserializeOwned,
{
    let definition = T::definition();
    let params = params.encode();
    Box::pin(async move {
        let json = attempt(definition, params).await?;
        serde_json::from_str(&json).map_err(|error| Error::Task {
            alias: definition.alias.to_owned(),
            source: format!("its output does not read back as it was written: {error}").into(),
        })
    })
}

/// One attempt by hand, with the current tasker where there is one. Gives the output as JSON.
async fn attempt(
    definition: &'static TaskDefinition,
    params: Result<Fields, ParamError>,
) -> Result<String> {
    let params = params.map_err(|source| params_error(definition.alias, source))?;
    let tasker = Tasker::current().unwrap_or_else(|_| Tasker::nowhere());
    let context = Context::new(
        definition.alias,
        None,
        CancellationToken::new(),
        tasker.states().clone(),
        tasker.clone(),
        false,
    );
    let call = Call { params, context };
    match tasker.scope((definition.run)(call)).await {
        Ok(output) => Ok(output.json.unwrap_or_else(|| "null".to_owned())),
        Err(CallError::Params(source)) => Err(params_error(definition.alias, source)),
        Err(error) => Err(Error::Task {
            alias: definition.alias.to_owned(),
            source: cause(error),
        }),
    }
}
