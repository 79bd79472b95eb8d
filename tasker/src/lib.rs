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
mod handle;
mod jobs;
mod maintenance;
mod run;
mod schedule;
mod task;
mod worker;

#[cfg(feature = "cli")]
pub use app::App;
pub use client::{Tasker, TaskerBuilder};
pub use enqueue::{Enqueue, EnqueueMany};
pub use error::{Error, Result};
pub use handle::JobHandle;
pub use jobs::{Jobs, Queues, Schedules, Tasks};
pub use task::{
    BoxError, BoxFuture, Call, CallError, Context, Disposition, Fields, FromContext, Handler,
    Output, ParamDefinition, ParamError, Params, Registry, ScheduleDefinition, Shape, State,
    States, Task, TaskDefinition, TaskError,
};
pub use tasker_store::{
    CatchUp, Changed, Instant, Job, JobId, JobQuery, JobRef, JobState, Overlap, Progress,
};
pub use worker::{Stopper, Summary, Worker, WorkerBuilder, WorkerEvent};
