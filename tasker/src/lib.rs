//! Tasks for Rust: annotate a function, get a command, a durable job and a schedule.

#[doc(hidden)]
pub mod __private;
mod client;
mod dynamic;
mod enqueue;
mod error;
mod grammar;
mod handle;
mod jobs;
mod run;
pub mod schedule;
mod task;

pub use client::{Tasker, TaskerBuilder};
pub use enqueue::{Enqueue, EnqueueMany};
pub use error::{Error, Result};
pub use grammar::Message;
pub use handle::JobHandle;
pub use jobs::{Jobs, Queues, Schedules, Tasks};
pub use task::backoff::Backoff;
pub use task::{
    BoxError, BoxFuture, Call, CallError, Context, Disposition, Fields, FromContext, Handler,
    Output, ParamDefinition, ParamError, Params, Registry, ScheduleDefinition, Shape, State,
    States, Task, TaskDefinition, TaskError,
};
#[cfg(feature = "macros")]
pub use tasker_macros::{Task, task};
pub use tasker_store::{
    CatchUp, Changed, Instant, Job, JobId, JobQuery, JobRef, JobState, Overlap, Progress,
};
