//! Placeholder.
/// The reference backend.
#[derive(Debug, Clone)]
pub struct MemoryStore;
