//! Everything generated code may name, and nothing else. Not part of the public API: it changes without notice.

#![allow(
    clippy::result_large_err,
    reason = "a message owns its bytes, since a const fn cannot allocate"
)]

pub use std::boxed::Box;
pub use std::convert::Into;
pub use std::default::Default;
pub use std::fmt;
pub use std::iter::{FromIterator, IntoIterator, Iterator};
pub use std::option::Option::{self, None, Some};
pub use std::path::PathBuf;
pub use std::result::Result::{self, Err, Ok};
pub use std::string::String;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use inventory;
pub use serde::de::Deserialize;
pub use tasker_store::{CatchUp, Holds, JobState, OnConflict, Overlap};

#[cfg(feature = "cli")]
pub use crate::cli::Program;
pub use crate::enqueue::{Enqueue, EnqueueMany};
#[cfg(feature = "cli")]
pub use crate::entry::{Ending, main};
pub use crate::error::Error;
pub use crate::grammar::Message;
pub use crate::run::run_here;
pub use crate::schedule::{Rule, check_zone};
pub use crate::task::alias::check as check_alias;
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
pub use crate::task::unique::{UniqueBy, UniqueDefinition};

use crate::grammar::duration;

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

/// What is wrong with the text of a schedule's rule.
pub const fn check_rule(text: &str) -> Result<(), Message> {
    match Rule::parse(text) {
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// What is wrong with a rule in a zone, where both are right by themselves.
pub const fn check_together(rule: &str, tz: &str) -> Result<(), Message> {
    match (Rule::parse(rule), check_zone(tz)) {
        (Ok(rule), Ok(())) => rule.check_with_tz(tz),
        _ => Ok(()),
    }
}

/// What is wrong with the text of a backoff.
pub const fn check_backoff(text: &str) -> Result<(), Message> {
    match Backoff::parse(text) {
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// A backoff from its text, which [`check_backoff`] has approved.
pub const fn backoff(text: &str) -> Backoff {
    match Backoff::parse(text) {
        Ok(backoff) => backoff,
        Err(_) => Backoff::DEFAULT,
    }
}

/// What is wrong with the text of a time limit.
pub const fn check_timeout(text: &str) -> Result<(), Message> {
    match duration::parse(text) {
        Ok(timeout) if timeout.is_zero() => Err(Message::new(
            "a timeout of nothing would end every attempt at once: leave it out for none",
        )),
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// A time limit from its text, which [`check_timeout`] has approved.
pub const fn timeout(text: &str) -> Duration {
    match duration::parse(text) {
        Ok(timeout) => timeout,
        Err(_) => Duration::ZERO,
    }
}

/// What is wrong with the text of a unique key.
pub const fn check_key(text: &str) -> Result<(), Message> {
    if text.is_empty() {
        return Err(Message::new(
            "a unique key has at least one byte: to have one job of the task at a time, give it any text",
        ));
    }
    Ok(())
}

/// What is wrong with the text of a period that jobs are unique within.
pub const fn check_period(text: &str) -> Result<(), Message> {
    match duration::parse(text) {
        Ok(period) if period.is_zero() => Err(Message::new(
            "a job cannot be unique within a period of nothing: leave it out for all time",
        )),
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// A period from its text, which [`check_period`] has approved.
pub const fn period(text: &str) -> Duration {
    match duration::parse(text) {
        Ok(period) => period,
        Err(_) => Duration::from_secs(1),
    }
}

/// The states a job holds its unique key in, which the expansion has had approved.
pub const fn holds(states: &[JobState]) -> Holds {
    match Holds::while_in(states) {
        Ok(holds) => holds,
        Err(_) => Holds::UNTIL_FINISHED,
    }
}
