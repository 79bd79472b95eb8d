//! What can go wrong between the runtime and a store.
//!
//! In: a driver's failure. Out: a [`StoreError`] that says which operation failed, of which kind, and
//! whether trying again can help. An empty queue, a stale finish and a duplicate are results, never errors.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

type Cause = Box<dyn Error + Send + Sync>;

/// A store operation that could not be carried out.
#[derive(Debug)]
pub struct StoreError {
    kind: ErrorKind,
    op: &'static str,
    detail: String,
    // Shared, since one failed exchange may answer several calls.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of failure the runtime decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store cannot be reached or is too busy just now; the same call may succeed later.
    Unavailable,
    /// The store refused the change because of another one at the same moment; the same call may succeed at once.
    Conflict,
    /// What the call names does not exist.
    NotFound,
    /// A stored value cannot be read back.
    Corrupt,
    /// The call, or its configuration, is not one this backend can carry out.
    Unsupported,
    /// The call's own values are not acceptable.
    Invalid,
    /// The schema in the store is not the one this binary was built for.
    Schema,
    /// Anything else the driver reports.
    Backend,
}

impl StoreError {
    /// An error of `kind` in operation `op`; `detail` says what was attempted with what.
    pub fn new(kind: ErrorKind, op: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            op,
            detail: detail.into(),
            source: None,
        }
    }

    /// The same error with its cause attached.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The store method that failed.
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// The same error once more, for another call that shared the exchange.
    #[cfg(feature = "sql")]
    pub(crate) fn shared(&self) -> Self {
        Self {
            kind: self.kind,
            op: self.op,
            detail: self.detail.clone(),
            source: self.source.clone(),
        }
    }

    /// Whether the same call may succeed when it is made again.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Conflict)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store: {} failed: {}", self.op, self.detail)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}
