//! Params: the typed arguments of one job, between a Rust struct and a JSON object.
//!
//! In and out: [`Fields`], the object. The macro writes one [`Params`] impl per task, from the shared
//! functions here, so that a task costs the compiler little. Unknown fields are ignored and missing ones take
//! their default, so that params survive a deploy; a value that does not decode is named by its path.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Params as a JSON object.
pub type Fields = Map<String, Value>;

/// The typed params of a task.
pub trait Params: Sized + Send + 'static {
    /// As a JSON object.
    fn encode(&self) -> Result<Fields, ParamError>;

    /// From a JSON object.
    fn decode(fields: Fields) -> Result<Self, ParamError>;
}

/// One param that is missing or does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError {
    path: String,
    reason: String,
}

impl ParamError {
    /// An error at `path`, such as `address.lines[2]`.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "param `{}`: {}", self.path, self.reason)
    }
}

impl std::error::Error for ParamError {}

/// Decodes the params of a stored job.
pub(crate) fn parse(text: &str) -> Result<Fields, ParamError> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ParamError::new(".", "the params are not a JSON object")),
        Err(error) => Err(ParamError::new(
            ".",
            format!("the params are not JSON: {error}"),
        )),
    }
}

/// Puts one param into the object.
pub fn put<T: Serialize>(fields: &mut Fields, name: &str, value: &T) -> Result<(), ParamError> {
    let value = serde_json::to_value(value)
        .map_err(|error| ParamError::new(name, format!("cannot be written as JSON: {error}")))?;
    fields.insert(name.to_owned(), value);
    Ok(())
}

/// Takes one param out of the object, or its default.
pub fn take<T: DeserializeOwned>(
    fields: &mut Fields,
    name: &str,
    default: Option<fn() -> T>,
) -> Result<T, ParamError> {
    match (fields.remove(name), default) {
        (Some(value), _) => serde_path_to_error::deserialize(value).map_err(|error| {
            let inner = error.path().to_string();
            let path = match inner.as_str() {
                "." => name.to_owned(),
                _ if inner.starts_with('[') => format!("{name}{inner}"),
                _ => format!("{name}.{inner}"),
            };
            ParamError::new(path, error.inner().to_string())
        }),
        (None, Some(default)) => Ok(default()),
        (None, None) => Err(ParamError::new(name, "is missing")),
    }
}
