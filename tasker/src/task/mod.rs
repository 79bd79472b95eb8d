//! What a task is: its definition, its registry, and what happens around one call of its code.
//!
//! Read next: `definition` (a task as data), `handler` (the erased call), `context` (what an attempt knows),
//! `params` (JSON to Rust and back), `error` (what a handler's error means).

pub(crate) mod alias;
pub(crate) mod backoff;
pub(crate) mod call;
pub(crate) mod context;
pub(crate) mod definition;
pub(crate) mod error;
pub(crate) mod handler;
pub(crate) mod params;
pub(crate) mod registry;
pub(crate) mod shape;
pub(crate) mod state;
pub(crate) mod unique;

pub use backoff::Backoff;
pub use context::Context;
pub use definition::{ParamDefinition, ScheduleDefinition, Task, TaskDefinition};
pub use error::{BoxError, Disposition, TaskError};
pub use handler::{BoxFuture, Call, CallError, FromContext, Handler, Output, Run};
pub use params::{Fields, ParamError, Params};
pub use registry::Registry;
pub use shape::Shape;
pub use state::{State, States};
pub use unique::{UniqueBy, UniqueDefinition};
