#![doc = include_str!("manual.md")]

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
pub mod lifecycle;
mod maintenance;
#[cfg(feature = "pool")]
pub mod pool;
mod run;
pub mod schedule;
mod schedules;
mod task;
#[cfg(feature = "sql")]
mod within;
mod worker;

/// The shortest program: `tasker::program!();` is a `main` that runs the command it was given. Crates whose tasks
/// are to be linked are named as in [`main`](macro@main): `tasker::program!(tasks = [my_lib]);`.
///
/// ```
/// # mod program {
/// /// Say hello.
/// #[tasker::task]
/// async fn hello() -> Result<String, std::io::Error> {
///     Ok("hello".into())
/// }
///
/// tasker::program!();
/// # }
/// # fn main() {}
/// ```
#[cfg(all(feature = "cli", feature = "macros"))]
#[macro_export]
macro_rules! program {
    ($($options:tt)*) => {
        #[$crate::main($($options)*)]
        async fn main(app: $crate::App) -> $crate::Result<()> {
            app.run().await
        }
    };
}

#[doc = include_str!("../../README.md")]
#[cfg(all(
    doctest,
    feature = "anyhow",
    feature = "cli",
    feature = "macros",
    feature = "pool",
    feature = "sqlite"
))]
struct Readme;

#[cfg(feature = "cli")]
pub use app::App;
pub use client::{Tasker, TaskerBuilder};
pub use enqueue::{Enqueue, EnqueueMany};
pub use error::{Error, Result};
pub use grammar::Message;
pub use handle::{EnqueueFate, JobHandle};
pub use jobs::{Jobs, Queues, Tasks};
#[cfg(feature = "pool")]
pub use pool::{Pool, Resource};
pub use schedules::{Backfilled, CreateSchedule, Schedules, UpdateSchedule};
pub use task::{
    Backoff, BoxError, BoxFuture, Call, CallError, Context, Disposition, Fields, FromContext,
    Handler, Output, ParamDefinition, ParamError, Params, Registry, Run, ScheduleDefinition, Shape,
    State, States, Task, TaskDefinition, TaskError, UniqueBy, UniqueDefinition,
};
#[cfg(feature = "macros")]
#[doc = include_str!("task/task_macro.md")]
pub use tasker_macros::task;

/// Makes a struct a task: its fields are the parameters, [`Handler`] is the code.
///
/// The options are those of the attribute [`task`](macro@task), in `#[task(…)]` on the struct, and of `#[param(…)]`
/// on its fields; `name` and `derive` are not among them, since the struct is yours. No serde derive is needed.
///
/// ```
/// use tasker::{Context, Handler};
///
/// /// Resize one picture.
/// #[derive(tasker::Task)]
/// #[task(queue = "media", timeout = "2m")]
/// struct Resize {
///     /// The file to read.
///     path: std::path::PathBuf,
///     #[param(default = 640)]
///     width: u32,
/// }
///
/// #[allow(refining_impl_trait)] // the error may be any, by its own name
/// impl Handler for Resize {
///     type Output = u32;
///
///     async fn handle(self, ctx: Context) -> Result<u32, std::io::Error> {
///         ctx.info(format_args!("resizing {}", self.path.display()));
///         Ok(self.width)
///     }
/// }
///
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let width = Resize { path: "cat.png".into(), width: 320 }.run().await?;
/// assert_eq!(width, 320);
/// # Ok::<(), tasker::Error>(()) }).expect("runs");
/// ```
#[cfg(feature = "macros")]
pub use tasker_macros::Task;

/// Makes `async fn main(app: App)` the program's entry: runtime, logs, command line, worker and schedules.
///
/// `main` returns nothing, or a `Result<(), E>` with any error that converts into a boxed one. Tasks in other
/// crates are linked only where something names the crate: `#[tasker::main(tasks = [my_lib, billing])]` does, and
/// the program refuses to start if one of them contributed no task.
///
/// What it makes needs the feature `cli`.
#[cfg(feature = "macros")]
pub use tasker_macros::main;
pub use tasker_store::{
    CatchUp, Changed, Holds, Instant, Job, JobId, JobQuery, JobRef, JobState, OnConflict, Overlap,
    Progress, Schedule, ScheduleQuery, ScheduleSource, ScheduleState,
};
#[cfg(feature = "sql")]
pub use within::Within;
pub use worker::{Stopper, Summary, Worker, WorkerBuilder, WorkerEvent};
