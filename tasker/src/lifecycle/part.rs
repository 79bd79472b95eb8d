//! What can be a part of a program: async functions, closures, futures, plain functions, and what the combinators make
//! of them.
//!
//! In: a value of one of those forms. Out: a [`BoxPart`], run once, or a [`SharedPart`], run as often as wanted. The
//! forms are told apart by a marker that the compiler infers, as a closure could be of several. Invariants: whatever is
//! called here runs with its [`Shutdown`] as the current one, and a panic in it is an error.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;

use super::failure::{Failure, Panicked};
use super::shutdown::Shutdown;
use crate::task::error::boxed;
use crate::task::{BoxError, BoxFuture};
use crate::worker::panics;

/// A part of a program, which runs once. These are parts:
///
/// - an `async fn`, or a closure that gives a future, with or without an argument of type [`Shutdown`];
/// - a plain `fn` or closure, likewise; it runs on the pool for blocking work, and nobody can end it before its time;
/// - a future, such as `Hello::run(params)` of a `#[task]`;
/// - a [`Worker`](crate::Worker) or its builder, a [`ScheduleRunner`](super::ScheduleRunner), and whatever the
///   combinators of [this module](super) make.
///
/// Functions and futures return nothing or a `Result`, whose error is anything that converts into a boxed one; a value
/// is dropped. Say the type of a closure's argument: `|shutdown: Shutdown| async move { … }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a program",
    label = "take an `async fn(Shutdown) -> Result<…>`, a closure such as `|| async {{ … }}`, a future, or a combinator",
    note = "what runs has to be `Send` and `'static`; a closure says the type of its argument: `|shutdown: Shutdown|`",
    note = "it returns nothing, or a `Result` whose error is a `std::error::Error` that is `Send` and `Sync`"
)]
pub trait Part<M = Itself>: Sized + Send + 'static {
    /// The same part, its type forgotten: for lists of parts of several types.
    fn into_box(self) -> BoxPart;

    /// Runs it.
    fn run(self, shutdown: Shutdown) -> BoxFuture<'static, Result<(), Failure>> {
        self.into_box().start(shutdown)
    }
}

/// A [`Part`] that can run again and again, also several times at once: a closure that is `Fn`, a function, a
/// combinator over such parts. A future, or a closure that gives away what it captured, runs once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run more than once",
    label = "give a function or a closure that can be called again: `|| …`",
    note = "a future runs once: write `move || Hello::run(params.clone())` in place of `Hello::run(params)`"
)]
pub trait Repeatable<M = Itself>: Part<M> {
    /// The same part, its type forgotten.
    fn into_shared(self) -> SharedPart;
}

/// What a part may return.
#[diagnostic::on_unimplemented(
    message = "a part of a program cannot return `{Self}`",
    label = "return nothing, or a `Result` whose error is a `std::error::Error` that is `Send` and `Sync`"
)]
pub trait Ended {
    /// How it ended.
    fn outcome(self) -> Result<(), Failure>;
}

impl Ended for () {
    fn outcome(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<T, E: Into<BoxError> + 'static> Ended for Result<T, E> {
    fn outcome(self) -> Result<(), Failure> {
        self.map(drop).map_err(|error| Failure::new(boxed(error)))
    }
}

/// The type `!`, which has no name yet: what never returns is a part as well.
type Never = <fn() -> ! as Gives>::Given;

/// Gives a name to what a function returns.
pub trait Gives {
    /// It.
    type Given;
}

impl<T> Gives for fn() -> T {
    type Given = T;
}

impl Ended for Never {
    fn outcome(self) -> Result<(), Failure> {
        self
    }
}

/// A part whose type is forgotten.
#[must_use = "nothing runs until this is awaited, or part of something that is"]
pub struct BoxPart(Box<dyn FnOnce(Shutdown) -> BoxFuture<'static, Result<(), Failure>> + Send>);

/// A part that runs any number of times, its type forgotten. Cheap to clone.
#[must_use = "nothing runs until this is awaited, or part of something that is"]
#[derive(Clone)]
pub struct SharedPart(
    Arc<dyn Fn(Shutdown) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>,
);

impl BoxPart {
    pub(super) fn new<F>(run: F) -> Self
    where
        F: FnOnce(Shutdown) -> BoxFuture<'static, Result<(), Failure>> + Send + 'static,
    {
        Self(Box::new(run))
    }

    pub(super) fn start(self, shutdown: Shutdown) -> BoxFuture<'static, Result<(), Failure>> {
        (self.0)(shutdown)
    }
}

impl SharedPart {
    pub(super) fn new<F>(run: F) -> Self
    where
        F: Fn(Shutdown) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    {
        Self(Arc::new(run))
    }

    pub(super) fn start(&self, shutdown: Shutdown) -> BoxFuture<'static, Result<(), Failure>> {
        (self.0)(shutdown)
    }
}

/// The marker of a part that is neither a function nor a future.
#[derive(Debug)]
pub struct Itself;

/// The marker of a future.
#[derive(Debug)]
pub struct Awaited;

/// The marker of a plain function of type `F`; that of an asynchronous one is the type itself.
#[derive(Debug)]
pub struct Plain<F>(F);

impl Part for BoxPart {
    fn into_box(self) -> BoxPart {
        self
    }
}

impl Part for SharedPart {
    fn into_box(self) -> BoxPart {
        BoxPart::new(move |shutdown| self.start(shutdown))
    }
}

impl Repeatable for SharedPart {
    fn into_shared(self) -> SharedPart {
        self
    }
}

impl<F> Part<Awaited> for F
where
    F: Future + Send + 'static,
    F::Output: Ended,
{
    fn into_box(self) -> BoxPart {
        BoxPart::new(move |shutdown| Box::pin(awaited(shutdown, || self)))
    }
}

/// The forms of functions: `$argument` is what they take, `$given` what they are given of `shutdown`.
macro_rules! functions {
    ($(($($argument:ty)?, $shutdown:ident $(=> $given:expr)?);)*) => {$(
        impl<F, I> Part<fn($($argument)?) -> I> for F
        where
            F: FnOnce($($argument)?) -> I + Send + 'static,
            I: IntoFuture<IntoFuture: Send, Output: Ended> + 'static,
        {
            fn into_box(self) -> BoxPart {
                BoxPart::new(move |$shutdown| {
                    Box::pin(awaited($shutdown.clone(), move || self($($given)?)))
                })
            }
        }

        impl<F, I> Repeatable<fn($($argument)?) -> I> for F
        where
            F: Fn($($argument)?) -> I + Send + Sync + 'static,
            I: IntoFuture<IntoFuture: Send, Output: Ended> + 'static,
        {
            fn into_shared(self) -> SharedPart {
                let function = Arc::new(self);
                SharedPart::new(move |$shutdown| {
                    let function = Arc::clone(&function);
                    Box::pin(awaited($shutdown.clone(), move || function($($given)?)))
                })
            }
        }

        impl<F, R> Part<Plain<fn($($argument)?) -> R>> for F
        where
            F: FnOnce($($argument)?) -> R + Send + 'static,
            R: Ended + 'static,
        {
            fn into_box(self) -> BoxPart {
                BoxPart::new(move |$shutdown| {
                    Box::pin(blocking($shutdown.clone(), move || self($($given)?)))
                })
            }
        }

        impl<F, R> Repeatable<Plain<fn($($argument)?) -> R>> for F
        where
            F: Fn($($argument)?) -> R + Send + Sync + 'static,
            R: Ended + 'static,
        {
            fn into_shared(self) -> SharedPart {
                let function = Arc::new(self);
                SharedPart::new(move |$shutdown| {
                    let function = Arc::clone(&function);
                    Box::pin(blocking($shutdown.clone(), move || function($($given)?)))
                })
            }
        }
    )*};
}

functions! {
    (, shutdown);
    (Shutdown, shutdown => shutdown);
}

/// Calls a function that gives a future, and awaits it.
pub(super) async fn awaited<I>(
    shutdown: Shutdown,
    function: impl FnOnce() -> I + Send,
) -> Result<(), Failure>
where
    I: IntoFuture<IntoFuture: Send, Output: Ended>,
{
    // Not called before it is polled: the function may panic, and ask for its surroundings.
    let ended = panics::caught(async move { function().into_future().await.outcome() });
    shutdown.scope(ended).await.unwrap_or_else(panicked)
}

/// Calls a plain function on a thread for blocking work.
async fn blocking<R>(
    shutdown: Shutdown,
    function: impl FnOnce() -> R + Send + 'static,
) -> Result<(), Failure>
where
    R: Ended,
{
    let thread = panics::on_another_thread(move || shutdown.sync_scope(|| function().outcome()));
    match panics::caught(thread).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(Failure::new(error)),
        Err(message) => panicked(message),
    }
}

pub(super) fn panicked(message: String) -> Result<(), Failure> {
    Err(Failure::new(Panicked { message }))
}

impl fmt::Debug for BoxPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxPart").finish_non_exhaustive()
    }
}

impl fmt::Debug for SharedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPart").finish_non_exhaustive()
    }
}
