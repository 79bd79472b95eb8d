//! Functions composed into programs: in sequence, side by side, again and again, and stopped together.
//!
//! A program is made of parts. A [`Part`] is an `async fn`, a closure, a future, a plain function, a
//! [`Worker`](crate::Worker), or a combinator over parts, so they nest freely. Each is handed a [`Shutdown`], which fires
//! when it should stop. This is a whole service:
//!
//! ```no_run
//! use std::time::Duration;
//! use tasker::lifecycle::{Shutdown, concurrence, every, main, repeat, sequence};
//! use tasker::{Tasker, task};
//!
//! /// Send one e-mail.
//! #[task]
//! async fn send_mail(to: String) {}
//!
//! /// Listen to the outer world, until the stop.
//! async fn listen(shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     shutdown.cancelled().await;
//!     Ok(())
//! }
//!
//! async fn clean_up() -> Result<(), std::io::Error> {
//!     Ok(())
//! }
//!
//! # async fn program() -> Result<(), Box<dyn std::error::Error>> {
//! let tasker = Tasker::connect("sqlite://tasker.db?mode=rwc").await?;
//! tasker.install()?;
//! main(concurrence![
//!     tasker.worker(),
//!     listen,
//!     sequence![clean_up, SendMail::run(SendMailParams::new("ops@example.com"))],
//!     repeat(every(Duration::from_secs(60)), clean_up),
//! ])
//! .await?;
//! # Ok(()) }
//! ```
//!
//! | to | write |
//! |---|---|
//! | run parts one after another, side by side | [`sequence!`], [`concurrence!`] |
//! | run a part again and again, by a time or a calendar | [`repeat`](repeat()), [`every`], [`rule!`](crate::rule!) |
//! | the same, once for all processes | [`serialized`] |
//! | leave a run out while one is under way | [`exclusive`] |
//! | join what runs with the call that ends it | [`with_shutdown`] |
//! | end a program by signals | [`main`](main()), [`with_signals`] |
//! | end a part by the clock | [`timeout`](timeout()) |
//! | deal with errors | [`on_error`], [`ignore_error`], [`Failure`] |
//! | lend values to all parts | [`with_state`], [`with_states`] |
//! | serve HTTP | `http_server`, with the feature `http` |
//! | start parts in the background | [`background`], [`Group`] |
//! | hold a lease across processes | [`Tasker::lease`](crate::Tasker::lease) |
//!
//! # What holds
//!
//! - A combinator is inert until it is awaited. Awaited in a part, or in a handler of a `#[task]`, it stops with it.
//! - Every error is reported, and can be found by its type: [`Failure::find`]. A panic is an error with its message:
//!   [`Panicked`]. To have been told to stop is none: [`Cancelled`].
//! - Nothing outlives the combinator that runs it, but threads of plain functions.
//! - A stop is patient: 25 s for servers, for workers and for `with_shutdown`, then tokens fire, then what still runs is
//!   dropped. A second signal takes a second.
//!
//! Read next, in the source: `part` (what a part is), `compose` (what all combinators have in common), `shutdown`.

mod compose;
mod concurrence;
mod exclusive;
mod failure;
mod grace;
mod group;
mod hold;
#[cfg(feature = "http")]
mod http;
mod lend;
mod main;
mod pace;
mod part;
mod recover;
mod repeat;
mod sequence;
mod serialized;
mod shutdown;
mod signals;
mod start_stop;
mod timeout;
mod work;

pub use tasker_store::{Clock, TestClock};

pub use self::compose::{And, Combinator, Composed, Each, Nothing, Parts, RepeatableParts};
pub use self::concurrence::{Concurrence, concurrence};
pub use self::exclusive::{Exclusive, exclusive};
#[cfg(feature = "pool")]
pub(crate) use self::failure::find;
#[cfg(feature = "cli")]
pub(crate) use self::failure::was_interrupted;
pub use self::failure::{Cancelled, Failure, Interrupted, Overran, Panicked, TimedOut};
pub use self::group::{Background, Group, background};
pub use self::hold::{Hold, NamedLease};
#[cfg(feature = "http")]
pub use self::http::{HttpServer, http_server};
pub use self::lend::{ByClock, Clocked, Lend, Lending, with_clock, with_state, with_states};
pub use self::main::main;
pub use self::pace::{Pace, every};
pub use self::part::{Awaited, BoxPart, Ended, Itself, Part, Plain, Repeatable, SharedPart};
pub use self::recover::{Handling, IgnoreError, Ignoring, OnError, ignore_error, on_error};
pub use self::repeat::{Repeat, repeat};
pub use self::sequence::{Sequence, sequence};
pub use self::serialized::{Serialized, serialized};
pub use self::shutdown::Shutdown;
#[cfg(feature = "cli")]
pub(crate) use self::signals::Stops;
pub use self::signals::{Signal, Stopping, WithSignals, with_signals};
pub use self::start_stop::{StartStop, WithShutdown, with_shutdown};
pub use self::timeout::{Limited, Timeout, timeout};
pub use self::work::ScheduleRunner;
pub use crate::{concurrence, sequence};
