//! Enqueueing by alias: the task is named by a text, and may be one that only another binary contains.
//!
//! In: an alias and a JSON object. Out: a job, checked against this binary's definition where it has one, else
//! against the definition mirrored in the store.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tasker_store::{NewJob, Task as StoredTask, canonical_alias};

use crate::client::Tasker;
use crate::enqueue::{new_job as from_definition, params_error};
use crate::error::{Error, Result};
use crate::task::registry::suggest;
use crate::task::{Fields, ParamDefinition, ParamError, UniqueDefinition};

/// A parameter as the store mirrors it, in the JSON list of a task's `params`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredParam {
    pub(crate) name: String,
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
}

impl From<&ParamDefinition> for StoredParam {
    fn from(param: &ParamDefinition) -> Self {
        Self {
            name: param.name.to_owned(),
            required: param.required,
            description: param.description.to_owned(),
            default: param.default.map(str::to_owned),
        }
    }
}

/// A job on its way, and what it was made from.
pub(crate) struct Made {
    pub(crate) job: NewJob,
    /// Its params, with their defaults where this binary has the task.
    pub(crate) params: Fields,
    /// What the task says of unique jobs, where this binary has it.
    pub(crate) unique: Option<&'static UniqueDefinition>,
    /// The names of the task's params.
    pub(crate) names: Vec<String>,
}

/// Params as they are given dynamically: a JSON object, or nothing.
pub(crate) fn object(params: Value) -> Result<Fields, ParamError> {
    match params {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Fields::new()),
        other => Err(ParamError::new(
            ".",
            format!("params are a JSON object, not `{other}`"),
        )),
    }
}

/// A job for the task of this alias.
pub(crate) async fn new_job(tasker: &Tasker, alias: &str, params: Fields) -> Result<Made> {
    if let Some(task) = tasker.registry().get(alias) {
        let fail = |source| params_error(task.alias, source);
        let typed = (task.check)(params.clone()).map_err(fail)?;
        let names = task.params.iter().map(|param| param.name);
        known_names(names.clone(), &params).map_err(fail)?;
        // Stored as given, so that what is left out takes the default of the day it runs; unique as typed.
        let job = NewJob {
            unique: task.unique.map(|unique| unique.of(&typed)),
            ..from_definition(task, &params)?
        };
        return Ok(Made {
            job,
            params: typed,
            unique: task.unique.as_ref(),
            names: names.map(str::to_owned).collect(),
        });
    }
    let stored = tasker.store().await?.tasks().await?;
    let wanted = canonical_alias(alias);
    let Some(task) = stored
        .iter()
        .find(|task| canonical_alias(&task.alias) == wanted)
    else {
        let known = tasker.registry().iter().map(|task| task.alias);
        let known = known.chain(stored.iter().map(|task| task.alias.as_str()));
        return Err(Error::UnknownTask {
            alias: alias.to_owned(),
            hint: match suggest(alias, known) {
                Some(near) => format!(": did you mean `{near}`?"),
                None => ", neither in this binary nor in the store: a worker that has it must have run once".into(),
            },
        });
    };
    from_stored(task, params)
}

fn from_stored(task: &StoredTask, params: Fields) -> Result<Made> {
    let definitions: Vec<StoredParam> = serde_json::from_str(&task.params).unwrap_or_default();
    let fail = |source| params_error(&task.alias, source);
    for param in &definitions {
        if param.required && !params.contains_key(&param.name) {
            return Err(fail(ParamError::new(&param.name, "is missing")));
        }
    }
    known_names(definitions.iter().map(|param| param.name.as_str()), &params).map_err(fail)?;
    let text = serde_json::to_string(&params)
        .map_err(|error| fail(ParamError::new(".", error.to_string())))?;
    let job = NewJob {
        queue: task.queue.clone(),
        shape: task.shape,
        ..NewJob::new(task.alias.clone(), text)
    };
    Ok(Made {
        job,
        params,
        unique: None,
        names: definitions.into_iter().map(|param| param.name).collect(),
    })
}

/// A name the task does not have is a mistake of whoever writes it now, unlike one in a stored job.
pub(crate) fn known_names<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    params: &Fields,
) -> Result<(), ParamError> {
    for given in params.keys() {
        if !names.clone().any(|name| name == given) {
            return Err(unknown_name(given, names));
        }
    }
    Ok(())
}

/// What to say of a name that is none of `names`.
pub(crate) fn unknown_name<'a>(
    given: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> ParamError {
    let hint = match suggest(given, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it takes {}", list(names)),
    };
    ParamError::new(given, format!("is no param of this task: {hint}"))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return "none".into();
    }
    names.join(", ")
}
