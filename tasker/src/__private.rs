//! Everything generated code may name, and nothing else. Not part of the public API: it changes without notice.

pub use std::boxed::Box;
pub use std::convert::Into;
pub use std::default::Default;
pub use std::fmt;
pub use std::iter::{FromIterator, IntoIterator, Iterator};
pub use std::option::Option::{self, None, Some};
pub use std::path::PathBuf;
pub use std::result::Result::{self, Err, Ok};
pub use std::string::String;
pub use std::vec::Vec;

pub use inventory;
pub use serde::de::Deserialize;
pub use tasker_store::{CatchUp, Overlap};

#[cfg(feature = "cli")]
pub use crate::cli::Program;
pub use crate::enqueue::{Enqueue, EnqueueMany};
#[cfg(feature = "cli")]
pub use crate::entry::{Ending, main};
pub use crate::error::Error;
pub use crate::grammar::{Message, duration};
pub use crate::run::run_here;
pub use crate::task::alias;
pub use crate::task::backoff::Backoff;
pub use crate::task::call::{
    InWords, Inject, Pick, Rendered, Returned, Unrendered, Wordless, Write, blocking, boxed,
    decode, failure, finish, handle, inject, output,
};
pub use crate::task::context::Context;
pub use crate::task::definition::{ParamDefinition, ScheduleDefinition, Task, TaskDefinition};
pub use crate::task::error::BoxError;
pub use crate::task::handler::{BoxFuture, Call, CallError, Handler, Output};
pub use crate::task::params::{Codec, Fields, NoParams, ParamError, Params, check, codec, debug};
pub use crate::task::registry::Registration;
pub use crate::task::state::States;

/// A job of `T` about to be enqueued.
pub fn enqueue<T: Task>(params: &T::Params) -> Enqueue<T::Output> {
    Enqueue::of::<T>(params)
}

/// Many jobs of `T` about to be enqueued.
pub fn enqueue_many<T: Task>(
    params: impl IntoIterator<Item = T::Params>,
) -> EnqueueMany<T::Output> {
    EnqueueMany::of::<T>(params)
}
