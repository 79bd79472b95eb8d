//! The store of tasker: the contract, its backends, and the suite that holds them to it.
//!
//! Read in this order: [`Job`] and [`Move`] (what is kept, and its life), [`Lease`] (who owns a running job),
//! [`Settle`] (the worker's one exchange), [`Store`] (the contract), [`Admin`] (reading and administration).
//! Backends: `memory`, the contract in its plainest form, and `sql` over sea-orm. The contract's files know
//! no driver, and no backend knows another.

mod admin;
mod attempt;
mod capability;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod digits;
mod error;
mod job;
mod lease;
pub mod limits;
mod memory;
mod outlook;
mod query;
mod queue;
mod schedule;
mod settle;
#[cfg(feature = "sql")]
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        reason = "each database uses its part of what there is for all"
    )
)]
mod sql;
mod state;
mod store;
mod task;
mod unique;
mod wake;

pub use admin::{Admin, Changed, SchemaStep};
pub use attempt::{Attempt, FailureKind, Level, LogLine, Progress};
pub use capability::{Capabilities, Capability};
pub use clock::{Clock, Due, Instant, TestClock, after, from_micros, to_micros};
pub use error::{ErrorKind, Result, StoreError};
pub use job::{Enqueued, Job, JobId, JobRef, Keep, NewJob, Occurrence, Retention};
pub use lease::{Beat, Held, Lease, NewWorker, Worker, WorkerId};
pub use memory::MemoryStore;
pub use outlook::Outlook;
pub use query::{JobQuery, ScheduleQuery};
pub use queue::{Queue, check_queue_name};
pub use schedule::{
    CatchUp, DueSchedules, Fire, Fired, LOOK_AGAIN, NewSchedule, Overlap, Schedule, ScheduleChange,
    ScheduleId, ScheduleSource, ScheduleState, Then, Waiting,
};
pub use settle::{
    Claim, Claimed, Failure, Fate, Finish, NewLine, Note, NoteBody, Outcome, Queues, Settle,
    Settled, Sweep,
};
#[cfg(feature = "sql")]
pub use sql::SqlStore;
pub use state::{JobState, Move};
pub use store::{Migrate, Store};
pub use task::{Declaration, Diff, NewTask, Task, canonical_alias};
pub use unique::{Holds, OnConflict, Unique};
pub use wake::{Wake, Waker, Wakes};
