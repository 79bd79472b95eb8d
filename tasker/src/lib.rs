//! Tasks for Rust: annotate a function, get a command, a durable job and a schedule.

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "cli")]
mod app;
#[cfg(feature = "cli")]
mod cli;
mod client;
mod declaration;
mod dynamic;
mod enqueue;
#[cfg(feature = "cli")]
mod entry;
mod error;
mod grammar;
mod handle;
mod jobs;
mod maintenance;
mod run;
pub mod schedule;
mod task;
mod worker;

#[cfg(feature = "cli")]
pub use app::App;
pub use client::{Tasker, TaskerBuilder};
pub use enqueue::{Enqueue, EnqueueMany};
pub use error::{Error, Result};
pub use grammar::Message;
pub use handle::JobHandle;
pub use jobs::{Jobs, Queues, Schedules, Tasks};
pub use task::{
    Backoff, BoxError, BoxFuture, Call, CallError, Context, Disposition, Fields, FromContext,
    Handler, Output, ParamDefinition, ParamError, Params, Registry, Run, ScheduleDefinition, Shape,
    State, States, Task, TaskDefinition, TaskError,
};
#[cfg(feature = "macros")]
pub use tasker_macros::{Task, main, task};
pub use tasker_store::{
    CatchUp, Changed, Instant, Job, JobId, JobQuery, JobRef, JobState, Overlap, Progress,
};
pub use worker::{Stopper, Summary, Worker, WorkerBuilder, WorkerEvent};
