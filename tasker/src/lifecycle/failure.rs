//! Why a part of a program did not end well.
//!
//! In: the errors of parts, of any type. Out: one [`Failure`], in which each of them can be found by its type. An
//! error that only says "I was told to stop" is [`Cancelled`]; it is no failure of its own.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::grammar::duration;
use crate::task::BoxError;
use crate::task::error::{chain, message};

/// What went wrong in a part, or in several: at least one error, in the order in which they came.
///
/// One error reads as itself, several are a line each. Cheap to clone.
///
/// ```
/// use tasker::lifecycle::{Failure, concurrence};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the disk is full")]
/// struct Full;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let failure: Failure = concurrence![|| async { Err::<(), _>(Full) }].await.unwrap_err();
/// assert!(failure.is::<Full>());
/// assert_eq!(failure.to_string(), "the disk is full");
/// # });
/// ```
#[derive(Clone)]
pub struct Failure {
    // One step down the chain of sources, where it is found also if what is around it hides its type.
    errors: Errors,
}

#[derive(Clone, Debug)]
struct Errors(Vec<Arc<dyn Error + Send + Sync>>);

impl Failure {
    /// One error.
    pub fn new(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(failure) => *failure,
            Err(error) => Self {
                errors: Errors(vec![Arc::from(error)]),
            },
        }
    }

    /// The errors, in the order in which they came.
    pub fn errors(&self) -> impl Iterator<Item = &(dyn Error + Send + Sync + 'static)> {
        self.errors.0.iter().map(|error| &**error)
    }

    /// The first error of type `E`, among the errors and their causes.
    ///
    /// What a part's `anyhow::Error` holds is found as itself. Another wrapper may hide the type of the error in it, as
    /// `eyre` does for the outermost one; its causes are found all the same.
    pub fn find<E: Error + 'static>(&self) -> Option<&E> {
        self.errors()
            .find_map(|error| find(error, &|link| link.downcast_ref::<E>()))
    }

    /// Whether there is an error of type `E`, among the errors and their causes.
    pub fn is<E: Error + 'static>(&self) -> bool {
        self.find::<E>().is_some()
    }

    /// Whether nothing is in it but [`Cancelled`], as such or as the cause of another error.
    pub fn is_cancelled(&self) -> bool {
        self.errors().all(|error| is_cancelled(error))
    }

    /// All errors of both.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        self.errors.0.extend(other.errors.0);
        self
    }

    /// Without the errors that `unwanted` names; nothing where none is left.
    pub(super) fn without(
        mut self,
        unwanted: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool,
    ) -> Result<(), Self> {
        self.errors.0.retain(|error| !unwanted(&**error));
        match self.errors.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }
}

/// Both results as one.
pub(super) fn both(one: Result<(), Failure>, other: Result<(), Failure>) -> Result<(), Failure> {
    match (one, other) {
        (Err(one), Err(other)) => Err(one.and(other)),
        (one, other) => one.and(other),
    }
}

/// Whether a second signal ended what failed.
#[cfg(feature = "cli")]
pub(crate) fn was_interrupted(error: &(dyn Error + 'static)) -> bool {
    find(error, &|link| link.downcast_ref::<Interrupted>()).is_some()
}

/// Without what only says that it was told to stop.
pub(super) fn real(outcome: Result<(), Failure>) -> Result<(), Failure> {
    outcome.or_else(|failure| failure.without(|error| is_cancelled(error)))
}

/// The first thing that `wanted` finds in the chain of `error`, or in the chains of a failure's errors.
pub(crate) fn find<'a, T>(
    error: &'a (dyn Error + 'static),
    wanted: &dyn Fn(&'a (dyn Error + 'static)) -> Option<T>,
) -> Option<T> {
    chain(error).find_map(|link| {
        wanted(link).or_else(|| {
            let errors = link.downcast_ref::<Errors>()?;
            errors.0.iter().find_map(|error| find(&**error, wanted))
        })
    })
}

fn is_cancelled(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|link| {
        let several = link.downcast_ref::<Errors>();
        link.is::<Cancelled>()
            || link.is::<Told>()
            || several.is_some_and(|errors| errors.0.iter().all(|error| is_cancelled(&**error)))
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.errors.fmt(f)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [only] => only.fmt(f),
            several => lines(several, f),
        }
    }
}

/// Each error with its causes on a line: what a `main` that returns it prints.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(&self.errors.0, f)
    }
}

fn lines(errors: &[Arc<dyn Error + Send + Sync>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let lines: Vec<String> = errors.iter().map(|error| message(&**error)).collect();
    f.write_str(&lines.join("\n"))
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.errors)
    }
}

impl Error for Errors {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0[..] {
            // It speaks in the error's own words, so the chain goes on below.
            [only] => only.source(),
            _ => None,
        }
    }
}

/// The error of what ended early because it was told to: [`Shutdown::check`](super::Shutdown::check) gives it. It is
/// passed over wherever failures are counted, also as the cause of another error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// Stands one step down the chain of [`Cancelled`], for where the outermost type is hidden.
#[derive(Debug)]
struct Told;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("canceled")
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Cancelled.fmt(f)
    }
}

impl Error for Cancelled {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Told)
    }
}

impl Error for Told {}

/// A part panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Panicked {
    /// What it said, and where.
    pub message: String,
}

/// A part under [`timeout`](super::timeout()) was told to end when its time was over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ran longer than {}", duration::written(*limit))]
pub struct TimedOut {
    /// The time it had.
    pub limit: Duration,
}

/// Something had not ended long after it was told to, and was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} did not end within its grace time of {} and was cut short", duration::written(*grace))]
pub struct Overran {
    /// Who did not end.
    pub what: &'static str,
    /// The grace time; what it came to where a second signal cut it short.
    pub grace: Duration,
}

/// A second signal came: what still ran was dropped. `#[tasker::main]` ends the process with 130 for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted by a second signal")]
pub struct Interrupted;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("number {0}")]
    struct Number(u8);

    /// As eyre does: the outermost type is not to be seen.
    #[derive(Debug)]
    struct Opaque(BoxError);

    impl fmt::Display for Opaque {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl Error for Opaque {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.0.source()
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("while reading")]
    struct Reading(#[source] BoxError);

    fn failure(numbers: impl IntoIterator<Item = u8>) -> Failure {
        let each = numbers
            .into_iter()
            .map(|number| Failure::new(Number(number)));
        each.reduce(Failure::and).expect("there is one")
    }

    #[test]
    fn one_error_is_itself() {
        let failure = Failure::new(Reading(Number(1).into()));
        assert_eq!(failure.to_string(), "while reading");
        assert_eq!(format!("{failure:?}"), "while reading: number 1");
        assert_eq!(message(&failure), "while reading: number 1");
        assert_eq!(failure.find(), Some(&Number(1)));
    }

    #[test]
    fn several_errors_are_a_line_each_and_all_are_found() {
        let several = failure([1])
            .and(Failure::new(Reading(Number(2).into())))
            .and(Failure::new(Cancelled));
        assert_eq!(
            several.to_string(),
            "number 1\nwhile reading: number 2\ncanceled"
        );
        assert_eq!(several.errors().count(), 3);
        assert!(several.is::<Number>() && several.is::<Reading>() && several.is::<Cancelled>());
        assert!(!several.is::<Panicked>());
    }

    #[test]
    fn a_failure_within_another_error_shows_what_is_in_it() {
        for hidden in [
            Failure::new(Reading(failure([7]).into())),
            Failure::new(Opaque(failure([7]).into())),
            Failure::new(Opaque(Opaque(failure([7, 8]).into()).into())),
        ] {
            assert_eq!(hidden.find(), Some(&Number(7)), "{hidden}");
        }
        let flat = Failure::new(failure([1, 2]));
        assert_eq!(flat.errors().count(), 2);
    }

    #[test]
    fn a_cancel_is_known_through_wrapping() {
        for error in [
            BoxError::from(Cancelled),
            Opaque(Cancelled.into()).into(),
            Reading(Cancelled.into()).into(),
            Opaque(Failure::new(Cancelled).into()).into(),
            Reading(
                Failure::new(Cancelled)
                    .and(Failure::new(Opaque(Cancelled.into())))
                    .into(),
            )
            .into(),
        ] {
            let failure = Failure::new(error);
            assert!(failure.is_cancelled(), "{failure:?}");
            assert!(real(Err(failure)).is_ok());
        }
        let mixed = Failure::new(Cancelled).and(failure([3]));
        assert!(!mixed.is_cancelled());
        let wrapped = Failure::new(Reading(mixed.clone().into()));
        assert!(!wrapped.is_cancelled());
        let left = real(Err(mixed)).unwrap_err();
        assert_eq!(left.to_string(), "number 3");
    }
}
