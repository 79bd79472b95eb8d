//! A task's code with its types erased, as the worker and the command line call it.

use std::future::Future;
use std::pin::Pin;

use super::context::Context;
use super::error::BoxError;
use super::params::{Fields, ParamError};
use super::state::{State, States};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call of a handler.
#[derive(Debug)]
pub struct Call {
    /// Its params, by name.
    pub params: Fields,
    /// The attempt it is part of.
    pub context: Context,
}

/// What a handler returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// As JSON; absent for `()`.
    pub json: Option<String>,
    /// For people, where the context asks for it: `Display` where the type has it, a string as it is, else
    /// indented JSON.
    pub text: Option<String>,
}

/// Why a call has no output.
#[derive(Debug)]
pub enum CallError {
    /// The params do not decode; the handler was not called.
    Params(ParamError),
    /// Something the handler takes by `State` or `#[inject]` could not be had; the handler was not called.
    Inject(BoxError),
    /// The handler returned this error.
    Handler(BoxError),
    /// What the handler returned cannot be written as JSON.
    Output(String),
}

/// The erased handler.
pub type Run = fn(Call) -> BoxFuture<'static, Result<Output, CallError>>;

/// What a handler can take besides params, with `#[inject]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected into a task",
    label = "implement `tasker::FromContext` for this type, or take it as a parameter or as `State<…>`"
)]
pub trait FromContext: Sized + Send {
    /// Makes the value for one attempt. An error fails the attempt, which is retried by the policy unless a
    /// [`TaskError`](crate::TaskError) says otherwise.
    fn from_context(context: &Context) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// What is missing for this to work, if that can be told when the application starts.
    fn missing(_states: &States) -> Option<String> {
        None
    }
}

impl FromContext for Context {
    async fn from_context(context: &Context) -> Result<Self, BoxError> {
        Ok(context.clone())
    }
}

impl<T: ?Sized + Send + Sync + 'static> FromContext for State<T> {
    async fn from_context(context: &Context) -> Result<Self, BoxError> {
        context.state::<T>().await
    }

    fn missing(states: &States) -> Option<String> {
        (!states.contains::<T>()).then(super::state::missing::<T>)
    }
}

/// The code of a task declared with `#[derive(tasker::Task)]`: the struct is the params, this is the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` derives `tasker::Task` but has no code to run",
    label = "write `impl tasker::Handler for {Self}`"
)]
pub trait Handler: Sized + Send + 'static {
    /// What it returns when it succeeds.
    type Output: serde::Serialize + Send + 'static;

    /// Runs one attempt. An error means another one by the policy, unless a [`crate::TaskError`] in it says otherwise.
    ///
    /// Any error that converts into a boxed one may be returned, by its own name: `async fn handle(self, context:
    /// Context) -> anyhow::Result<…>`. The compiler's lint `refining_impl_trait` remarks that such a name says more
    /// than this signature; it may, so `#[allow(refining_impl_trait)]` on the impl is the answer.
    fn handle(
        self,
        context: Context,
    ) -> impl Future<Output = Result<Self::Output, impl Into<BoxError> + 'static>> + Send;
}
