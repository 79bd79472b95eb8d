//! What stands around one call of a task's function: the pieces generated code is made of.
//!
//! In: a [`Call`](super::handler::Call) and the user's function. Out: its [`Output`], or why there is none. As
//! with params, each bound on a user's type is asked for in one place ([`inject`], [`output`], [`failure`]), and
//! what those return carries no bound.

use std::any::TypeId;
use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::error::{self, BoxError};
use super::handler::{BoxFuture, CallError, FromContext, Output};
use super::params::{Fields, Params};
use super::state::States;
use crate::worker::panics;

/// What a task's function may return.
#[diagnostic::on_unimplemented(
    message = "a task cannot return `{Self}`",
    label = "return nothing, or `Result<T, E>`"
)]
pub trait Returned {
    /// What a good run gives.
    type Output;
    /// What a bad one gives.
    type Error;

    /// As a result.
    fn into_result(self) -> Result<Self::Output, Self::Error>;
}

impl Returned for () {
    type Output = ();
    type Error = std::convert::Infallible;

    fn into_result(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<T, E> Returned for Result<T, E> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// What the output of a task must be. Implemented for every type that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a task: it cannot be written to the store",
    label = "derive `serde::Serialize` for it, or return `()`"
)]
pub trait OutputValue: Serialize + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + Send + 'static> OutputValue for T {}

/// What the error of a task must be. Implemented for every type that is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a task",
    label = "implement `std::error::Error` for it, with `Send` and `Sync`, or return `anyhow::Result`"
)]
pub trait Failure: Into<BoxError> + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError> + 'static> Failure for E {}

/// How an output is written.
pub type Write<T> = fn(&T) -> Result<Option<String>, String>;

/// How an output of type `T` is written; `()` is nothing.
pub const fn output<T: OutputValue>() -> Write<T> {
    |value| {
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return Ok(None);
        }
        serde_json::to_string(value)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

/// How an error of type `E` is boxed.
pub const fn failure<E: Failure>() -> fn(E) -> BoxError {
    error::boxed::<E>
}

/// How something that is no param is had.
///
/// Its functions take it by value: generated code calls them where a user's trait may offer the same names, and
/// by value is what the compiler tries first.
#[derive(Debug)]
pub struct Inject<T> {
    get: for<'a> fn(&'a Context) -> BoxFuture<'a, Result<T, BoxError>>,
    missing: fn(&States) -> Option<String>,
}

/// How a `T` is had.
pub const fn inject<T: FromContext + 'static>() -> Inject<T> {
    Inject {
        get: |context| Box::pin(T::from_context(context)),
        missing: T::missing,
    }
}

impl<T> Inject<T> {
    /// One for this attempt.
    pub async fn get(self, context: &Context) -> Result<T, CallError> {
        (self.get)(context).await.map_err(CallError::Inject)
    }

    /// What is missing for it, in a sentence.
    pub fn missing(self, states: &States) -> Option<String> {
        (self.missing)(states)
    }
}

/// Decodes the params of a call.
pub fn decode<P: Params>(fields: Fields) -> Result<P, CallError> {
    P::decode(fields).map_err(CallError::Params)
}

/// Calls a plain function on the pool for blocking work, with the tasker of the attempt as the current one. A
/// panic goes on in the caller.
pub async fn blocking<T, F>(context: &Context, function: F) -> Result<T, BoxError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BoxError> + Send + 'static,
{
    let tasker = context.tasker().clone();
    panics::on_another_thread(move || tasker.sync_scope(function)).await?
}

/// Makes the output of a call from what its function returned.
pub fn finish<T>(
    context: &Context,
    result: Result<T, BoxError>,
    write: Write<T>,
    words: fn(&T) -> Option<String>,
) -> Result<Output, CallError> {
    let value = result.map_err(CallError::Handler)?;
    let json = write(&value).map_err(CallError::Output)?;
    let text = match &json {
        Some(json) if context.wants_text() => words(&value).or_else(|| Some(indent(json))),
        _ => None,
    };
    Ok(Output { json, text })
}

/// Runs a handler that was written by hand.
pub async fn handle<H: super::handler::Handler>(
    handler: H,
    context: &Context,
) -> Result<H::Output, BoxError> {
    handler.handle(context.clone()).await.map_err(error::boxed)
}

/// Picks, for a type known where it is used, the better of two ways: a method of a trait on `Pick<T>` is found
/// before one on `&Pick<T>`.
#[derive(Debug)]
pub struct Pick<T>(PhantomData<fn() -> T>);

impl<T> Pick<T> {
    /// For `T`.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Pick<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The better way: the type has a `Display`.
pub trait InWords<T> {
    /// The value in its own words.
    fn __words(&self, value: &T) -> Option<String>;
}

impl<T: Display> InWords<T> for Pick<T> {
    fn __words(&self, value: &T) -> Option<String> {
        Some(value.to_string())
    }
}

/// The other way: it has none.
pub trait Wordless<T> {
    /// Nothing.
    fn __words(&self, _value: &T) -> Option<String> {
        None
    }
}

impl<T> Wordless<T> for &Pick<T> {}

/// The better way: the type has a `Display` and can be read back.
pub trait Rendered {
    /// The stored value in its own words.
    fn __render(&self, json: &str) -> Option<String>;
}

impl<T: DeserializeOwned + Display> Rendered for Pick<T> {
    fn __render(&self, json: &str) -> Option<String> {
        let value: T = serde_json::from_str(json).ok()?;
        Some(value.to_string())
    }
}

/// The other way.
pub trait Unrendered {
    /// Nothing.
    fn __render(&self, _json: &str) -> Option<String> {
        None
    }
}

impl<T> Unrendered for &Pick<T> {}

fn indent(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

/// A future that may be boxed as a handler's: `Send` is asked for here.
pub fn boxed<F>(future: F) -> BoxFuture<'static, Result<Output, CallError>>
where
    F: Future<Output = Result<Output, CallError>> + Send + 'static,
{
    Box::pin(future)
}
