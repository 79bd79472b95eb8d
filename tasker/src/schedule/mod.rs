//! When things happen: rules, time zones, and the instants that follow from both.
//!
//! A [`Rule`] is read from text by a `const fn`, so that `#[task(schedule = "…")]` is checked by the compiler
//! with the very code that the runtime uses. [`next`] is a pure function of a rule, a zone and an instant; it
//! reads no clock and keeps no state, so that every process computes the same instants whenever it started.
//!
//! # The grammar
//!
//! | text | when |
//! |---|---|
//! | `every 5m` | on a grid of UTC instants from the Unix epoch; 1 s to 3650 d |
//! | `hourly`, `hourly :15` | every hour, at that minute |
//! | `daily 12:00` | every day |
//! | `weekdays 09:30`, `weekends 10:00` | Monday to Friday; Saturday and Sunday |
//! | `weekly mon,fri 09:30` | on those days of the week |
//! | `monthly 1,15 09:00`, `monthly last 18:00` | on those days of the month |
//! | `yearly mar 1 08:00`, `yearly mar,sep 1,last 08:00` | on those days of those months |
//! | `*/5 * * * *`, `0 30 9 * * mon`, `cron 0 12 * * *` | cron, with five fields or six (seconds first) |
//! | `@hourly @daily @midnight @weekly @monthly @yearly @annually @every 5m` | the usual short names |
//!
//! Words are read ignoring case. A time of day is `09:30`, `09:30:15`, `noon` or `midnight`, with an offset from
//! UTC at will: `09:30Z`, `09:30+02`, `09:30+0200`, `09:30+02:00`. `TZ=Europe/London` (or `CRON_TZ=…`) in front of
//! a rule fixes its zone. Zone and offset exclude each other.
//!
//! # Days that do not exist, and clock changes
//!
//! - Day 31 in a short month and 29 February in a common year are skipped; `last` is the last day of any month.
//!   A rule that could never come true (30 February) is refused.
//! - A clock put forward leaves out local times. A rule with a concrete hour that falls into the gap runs once,
//!   at the first instant after it; one whose hour is `*` or `*/n`, and `hourly`, skips what does not exist.
//! - A clock put back repeats local times. A rule with a concrete hour runs once, in the first pass; one whose
//!   hour is `*` or `*/n`, and `hourly`, runs in both passes.
//! - Matches that fall on one instant are one.
//!
//! # Cron
//!
//! Matching is that of the `croner` crate; see `cron/mod.rs` for what our check accepts. When both the day of the
//! month and the day of the week are restricted, a day matches that satisfies either, as cron has always had it; a
//! `+` before the day of the week demands both.

mod calendar;
mod civil;
mod cron;
mod day;
mod days;
mod describe;
mod except;
#[cfg(feature = "cli")]
mod explain;
mod filter;
mod grid;
mod jitter;
mod moment;
mod moments;
mod names;
mod next;
mod occurrences;
mod parse;
mod policy;
mod rrule;
mod rule;
pub(crate) mod runner;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod times;
mod walk;
mod window;
mod zones;

#[cfg(feature = "cli")]
pub(crate) use explain::{Line, explain};
pub use next::{Timetable, next};
pub use occurrences::{Missed, Occurrences, missed, occurrences};
pub use policy::{Fold, Gap};
pub use rule::Rule;
pub use zones::{canonical_zone, check_zone, zone};
