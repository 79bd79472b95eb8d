//! What a backend can and cannot do.

/// An ability that not every backend has. One that a backend lacks is answered with
/// [`crate::ErrorKind::Unsupported`], and its conformance cases are skipped by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Jobs outlive the process that enqueued them.
    Durable,
    /// Several processes can use the store at once.
    Shared,
    /// Jobs can be enqueued and finished in the application's own transaction, by methods of the backend's own type.
    Transactions,
    /// Calls that write are carried out side by side, not one after the other.
    Parallel,
    /// Jobs can be listed by state, task, queue and tag.
    Queries,
}

/// The capabilities of one backend.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// The backend's name, for messages.
    pub backend: &'static str,
    /// What it can do.
    pub has: &'static [Capability],
}

impl Capabilities {
    /// Whether the backend has `capability`.
    pub fn has(&self, capability: Capability) -> bool {
        self.has.contains(&capability)
    }
}
