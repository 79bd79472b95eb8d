//! The tables as sea-orm entities, for reading and administration. The hot paths do not use them.
#![allow(unreachable_pub, reason = "the derives of sea-orm emit public items")]

pub(crate) mod attempt;
pub(crate) mod job;
pub(crate) mod lease;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod task;
pub(crate) mod worker;

use std::str::FromStr;

use crate::clock::{Instant, from_micros};
use crate::error::{ErrorKind, Result, StoreError};

/// A stored name, read back.
pub(crate) fn named<T: FromStr<Err = String>>(op: &'static str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|reason| StoreError::new(ErrorKind::Corrupt, op, reason))
}

/// A stored JSON text, read back.
fn decoded<T: serde::de::DeserializeOwned>(op: &'static str, what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        StoreError::new(ErrorKind::Corrupt, op, format!("the {what} cannot be read")).caused_by(e)
    })
}

/// Stored instants of missed occurrences, read back.
fn missed_from(op: &'static str, text: Option<&str>) -> Result<Vec<Instant>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let missed: Vec<i64> = decoded(op, "list of missed occurrences", text)?;
    Ok(missed.into_iter().map(from_micros).collect())
}

/// A stored count, read back.
pub(crate) fn count<T: TryFrom<i64>>(op: &'static str, what: &str, value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| {
        StoreError::new(
            ErrorKind::Corrupt,
            op,
            format!("the {what} {value} is out of its range"),
        )
    })
}
