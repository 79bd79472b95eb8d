//! Numbers of 64 bits in JSON: as text, since many readers of JSON keep every number as a double and round what is above 2^53.
//!
//! The rule for what is public: numbers, tokens, hashes, versions and counts that have no bound below 2^32 go out as text; what is
//! bounded (attempts, priorities, slots, process ids) stays a number.

use std::fmt::Display;

use serde::Serializer;

/// The digits, for `#[serde(serialize_with)]`.
pub(crate) fn text<T: Display, S: Serializer>(
    number: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
