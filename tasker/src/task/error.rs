//! What a handler's error means for its job.
//!
//! In: any error a handler returns. Out: its [`Disposition`], and its message for the job's history. An error
//! built by [`TaskError`] carries its disposition in a mark one step down its `source()` chain, where it is
//! found through any wrapping (a wrapper such as eyre's may hide the outermost error's type). Any other
//! error means: retry by the policy.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A boxed error, as handlers return it to the runtime.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Boxes an error. What an `anyhow::Error` holds comes out as itself: boxed by its own conversion it would hide its type,
/// and nobody could ask whether it is the one that means a broken resource.
#[cfg(feature = "anyhow")]
pub(crate) fn boxed<E: Into<BoxError> + 'static>(error: E) -> BoxError {
    let mut error = Some(error);
    let any: &mut dyn std::any::Any = &mut error;
    let held = any.downcast_mut().and_then(Option::<anyhow::Error>::take);
    match held {
        Some(held) => held.reallocate_into_boxed_dyn_error_without_backtrace(),
        None => error.expect("only one of anyhow's is taken").into(),
    }
}

/// Boxes an error.
#[cfg(not(feature = "anyhow"))]
pub(crate) fn boxed<E: Into<BoxError> + 'static>(error: E) -> BoxError {
    error.into()
}

/// What becomes of a job whose handler returned an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Another attempt after the backoff, while there are attempts left.
    Retry,
    /// Another attempt after this delay, while there are attempts left.
    RetryAfter(Duration),
    /// No other attempt: the job is `failed`.
    Discard,
    /// No other attempt: the job is `canceled`.
    Cancel,
    /// Run again after this delay, with the attempt given back.
    Snooze(Duration),
}

/// An error with a disposition, for handlers to return.
///
/// ```
/// use std::time::Duration;
/// use tasker::TaskError;
///
/// fn deliver(address: &str) -> Result<(), TaskError> {
///     if !address.contains('@') {
///         return Err(TaskError::discard(format!("`{address}` is not an address")));
///     }
///     Err(TaskError::snooze(Duration::from_secs(60)))
/// }
/// # assert!(deliver("nobody").is_err());
/// ```
#[derive(Debug)]
pub struct TaskError {
    mark: Mark,
}

impl TaskError {
    /// The job is `failed` at once; trying again cannot help.
    pub fn discard(cause: impl Into<BoxError>) -> Self {
        Self::new(Disposition::Discard, Some(cause.into()))
    }

    /// The job is `canceled`: what it was for is no longer wanted.
    pub fn cancel(cause: impl Into<BoxError>) -> Self {
        Self::new(Disposition::Cancel, Some(cause.into()))
    }

    /// The job runs again after `delay`, without an attempt spent: nothing went wrong, it is too early.
    pub fn snooze(delay: Duration) -> Self {
        Self::new(Disposition::Snooze(delay), None)
    }

    /// The attempt failed and the next one may start after `delay`, in place of the backoff.
    pub fn retry_after(delay: Duration, cause: impl Into<BoxError>) -> Self {
        Self::new(Disposition::RetryAfter(delay), Some(cause.into()))
    }

    /// What becomes of the job.
    pub fn disposition(&self) -> Disposition {
        self.mark.disposition
    }

    fn new(disposition: Disposition, cause: Option<BoxError>) -> Self {
        Self {
            mark: Mark { disposition, cause },
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mark.fmt(f)
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.mark)
    }
}

#[derive(Debug)]
struct Mark {
    disposition: Disposition,
    cause: Option<BoxError>,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.disposition) {
            (Some(cause), _) => cause.fmt(f),
            (None, Disposition::Snooze(delay)) => write!(f, "snoozed for {delay:?}"),
            (None, _) => f.write_str("ended by its handler"),
        }
    }
}

impl Error for Mark {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The mark speaks in its cause's words, so the chain goes on below the cause.
        self.cause.as_ref().and_then(|cause| cause.source())
    }
}

/// The disposition that `error` carries, through any wrapping.
pub(crate) fn disposition(error: &(dyn Error + 'static)) -> Disposition {
    chain(error)
        .find_map(|link| {
            let mark = link.downcast_ref::<Mark>().map(|mark| mark.disposition);
            mark.or_else(|| link.downcast_ref::<TaskError>().map(TaskError::disposition))
        })
        .unwrap_or(Disposition::Retry)
}

/// The messages of `error` and its causes in one line, each said once.
pub(crate) fn message(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut last = String::new();
    for link in chain(error) {
        let said = link.to_string();
        // Wrappers often repeat their cause's words; so does our mark.
        if said != last && !text.ends_with(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        last = said;
    }
    text
}

/// An error and its causes, the error first. The cause of a mark is among them, which its `source()` leaves out.
pub(crate) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| {
        let link: &'a (dyn Error + 'static) = *link;
        match link.downcast_ref::<Mark>() {
            Some(mark) => mark.cause.as_ref().map(|cause| &**cause as _),
            None => link.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not deliver")]
    struct Wrapped(#[source] TaskError);

    #[derive(Debug, thiserror::Error)]
    #[error("connection refused")]
    struct Refused;

    #[test]
    fn any_error_means_retry() {
        assert_eq!(disposition(&Refused), Disposition::Retry);
    }

    #[test]
    fn the_mark_is_found_through_wrapping() {
        let error = Wrapped(TaskError::discard("no such address"));
        assert_eq!(disposition(&error), Disposition::Discard);
        assert_eq!(message(&error), "could not deliver: no such address");
    }

    #[test]
    fn the_mark_is_found_where_the_outermost_type_is_hidden() {
        #[derive(Debug)]
        struct Opaque(TaskError);
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
        let delay = Duration::from_secs(3);
        let error: BoxError = Box::new(Opaque(TaskError::retry_after(delay, Refused)));
        assert_eq!(disposition(error.as_ref()), Disposition::RetryAfter(delay));
        assert_eq!(message(error.as_ref()), "connection refused");
    }
}
