//! Params: the typed arguments of one job, between a Rust struct and a JSON object.
//!
//! In and out: [`Fields`], the object. The macro writes one [`Params`] impl per task and one [`Codec`] per
//! parameter, from the shared functions here, so that a task costs the compiler little. Unknown fields are
//! ignored and missing ones take their default, so that params survive a deploy; a value that does not decode is
//! named by its path. The bounds on a parameter's type stand in one place, [`codec`], so that a type which does
//! not meet them is one error and not one for each use.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::shape::{self, Shape};

/// Params as a JSON object.
pub type Fields = Map<String, Value>;

/// The typed params of a task.
pub trait Params: Sized + Send + 'static {
    /// As a JSON object.
    fn encode(&self) -> Result<Fields, ParamError>;

    /// From a JSON object.
    fn decode(fields: Fields) -> Result<Self, ParamError>;
}

/// The params of a task that takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoParams;

impl From<()> for NoParams {
    fn from((): ()) -> Self {
        Self
    }
}

impl Params for NoParams {
    fn encode(&self) -> Result<Fields, ParamError> {
        Ok(Fields::new())
    }

    fn decode(_: Fields) -> Result<Self, ParamError> {
        Ok(Self)
    }
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

/// What a type must be to be a parameter. Implemented for every type that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a task: it cannot be written to and read from the store",
    label = "take it as `State<{Self}>` if the application lends it, or derive `Serialize` and `Deserialize`"
)]
pub trait Param: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Param for T {}

/// How one parameter's type is written and read. Its functions take it by value, for the reason `Inject` gives.
pub struct Codec<T> {
    write: fn(&T) -> Result<Value, String>,
    read: fn(Value) -> Result<T, Misfit>,
    shape: fn() -> Shape,
}

/// Where inside a value something does not fit, and why.
struct Misfit {
    path: String,
    reason: String,
}

/// The codec of `T`.
pub const fn codec<T: Param>() -> Codec<T> {
    Codec {
        write: write::<T>,
        read: read::<T>,
        shape: shape::of::<T>,
    }
}

impl<T> Codec<T> {
    /// Puts one param into the object.
    pub fn put(self, fields: &mut Fields, name: &str, value: &T) -> Result<(), ParamError> {
        let value = (self.write)(value).map_err(|reason| {
            ParamError::new(name, format!("cannot be written as JSON: {reason}"))
        })?;
        fields.insert(name.to_owned(), value);
        Ok(())
    }

    /// Takes one param out of the object, by its name or else an earlier one, or its default.
    pub fn take(
        self,
        fields: &mut Fields,
        name: &str,
        earlier: &[&str],
        default: Option<fn() -> T>,
    ) -> Result<T, ParamError> {
        let value = fields
            .remove(name)
            .or_else(|| earlier.iter().find_map(|name| fields.remove(*name)));
        match (value, default) {
            (Some(value), _) => (self.read)(value).map_err(|misfit| misfit.of(name)),
            (None, Some(default)) => Ok(default()),
            (None, None) => Err(ParamError::new(name, "is missing")),
        }
    }

    /// What values the type takes.
    pub const fn shape(self) -> fn() -> Shape {
        self.shape
    }
}

impl<T> fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").finish_non_exhaustive()
    }
}

impl Misfit {
    fn of(self, name: &str) -> ParamError {
        let path = match self.path.as_str() {
            "." => name.to_owned(),
            inner if inner.starts_with('[') => format!("{name}{inner}"),
            inner => format!("{name}.{inner}"),
        };
        ParamError::new(path, self.reason)
    }
}

fn write<T: Serialize>(value: &T) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(value).map_err(|error| Misfit {
        path: error.path().to_string(),
        reason: error.inner().to_string(),
    })
}

/// Decodes and writes again: whether a job with these params could run, and what with.
pub fn check<P: Params>(fields: Fields) -> Result<Fields, ParamError> {
    P::decode(fields)?.encode()
}

/// Shows params without asking their types for `Debug`.
pub fn debug<P: Params>(name: &str, params: &P, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    debug_fields(name, params.encode(), f)
}

fn debug_fields(
    name: &str,
    fields: Result<Fields, ParamError>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    match fields {
        Ok(fields) => {
            for (name, value) in &fields {
                shown.field(name, &format_args!("{value}"));
            }
            shown.finish()
        }
        Err(_) => shown.finish_non_exhaustive(),
    }
}
