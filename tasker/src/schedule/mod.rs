//! When things happen: rules, time zones, and the instants that follow from both.
//!
//! A [`Rule`] is read from text by a `const fn`, so that `#[task(schedule = "…")]` is checked by the compiler
//! with the very code that the runtime uses. [`next`] is a pure function of a rule, a zone and an instant; it
//! reads no clock and keeps no state, so that every process computes the same instants whenever it started.
//! `next '<rule>' --tz Europe/London` on a program's command line shows what a rule means and does.
//!
//! # The grammar
//!
//! A rule says when, and clauses in any order say what to leave out:
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
//! | `rrule FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9;COUNT=10` | a recurrence rule of RFC 5545 |
//! | `at 2025-06-01T12:00,2025-07-01T09:00Z` | at these moments and no others, at most 64 |
//!
//! | clause | what it does |
//! |---|---|
//! | `between 08:00 and 18:00` | keeps the local times from one to the other, both included; past midnight if the first is later |
//! | `except 2025-12-25,12-26,2025-12-29..2026-01-02` | leaves out dates, dates of every year, spans; a calendar of holidays, at most 128 of them |
//! | `except 2025-12-24T18:00..2025-12-27T06:00` | leaves out a span of local time |
//! | `except weekends`, `except monthly last` | leaves out whole days; up to four other rules |
//! | `except daily 12:00`, `except * 2 * * *`, `except rrule …` | leaves out what another rule names: its minutes, or its seconds where it has a field for them |
//! | `jitter 30s` | delays each occurrence by up to that, evenly spread, alike in every process |
//! | `gap skip`, `gap next` | what becomes of a local time that a clock change leaves out |
//! | `fold first`, `fold second`, `fold both` | what becomes of a local time that a clock change repeats |
//!
//! Words are read ignoring case. A time of day is `09:30`, `09:30:15`, `noon` or `midnight`, with an offset from
//! UTC at will: `09:30Z`, `09:30+02`, `09:30+0200`, `09:30+02:00`. `TZ=Europe/London` (or `CRON_TZ=…`) in front of
//! a rule fixes its zone. Zone and offset exclude each other.
//!
//! Every rule prints itself in this grammar ([`Display`](std::fmt::Display), one text for all that mean the same) and
//! in plain words ([`Rule::describe`]).
//!
//! # Days that do not exist
//!
//! Day 31 in a short month and 29 February in a common year are skipped; `last` is the last day of any month.
//! A rule that could never come true is refused: 30 February, or `weekly sat 09:00 except weekends`.
//!
//! # Clock changes
//!
//! A clock put forward leaves out local times: they lie in a gap. A clock put back repeats them: in a fold. A rule that
//! names an hour is `gap next fold first` by default: it runs once. One whose hour is `*` or `*/n`, `hourly`, and an
//! `rrule` below a day without `BYHOUR` are `gap skip fold both`: they follow elapsed time. `every` and rules with an
//! offset follow UTC and know neither. In New York, where the clock goes from 02:00 to 03:00 on 9 March 2025, and from
//! 02:00 to 01:00 on 2 November:
//!
//! | policy | `daily 02:30` on 9 March | `daily 01:30` on 2 November |
//! |---|---|---|
//! | `gap next` | 03:00 -04:00, the first instant after the gap | |
//! | `gap skip` | does not run | |
//! | `fold first` | | 01:30 -04:00 |
//! | `fold second` | | 01:30 -05:00 |
//! | `fold both` | | 01:30 -04:00 and 01:30 -05:00 |
//!
//! Matches that fall on one instant are one. Windows and exceptions look at the local time that the rule names, before
//! a clock change moves it; of `every` and moments in UTC, at the local time that the clock shows. Clock changes are
//! known up to the end of 2099.
//!
//! # Cron
//!
//! When both the day of the month and the day of the week are restricted, a day matches that satisfies either, as cron
//! has always had it; a `+` before the day of the week demands both. See `cron/mod.rs` for what the fields take.
//!
//! # Recurrence rules
//!
//! All parts of RFC 5545 but leap seconds, also as a calendar program writes them:
//! `rrule DTSTART;TZID=Europe/London:20250101T090000 RRULE:FREQ=DAILY`. What a rule does not name comes from its `DTSTART`;
//! without one it is the lowest: midnight, the first day. `COUNT` (at most 100,000) counts from `DTSTART`, else from the
//! schedule's start; it counts what runs, before `except` and `between` take any away. An `UNTIL` without a time includes
//! its day.
//!
//! # How long it takes
//!
//! A microsecond or less for most rules, whenever they began. No search goes on for ever: a rule's calendar ends with
//! the year 3999, and one whose clauses leave out a hundred thousand matches in a row is an error.
//!
#![doc = include_str!("policies.md")]

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
pub(crate) mod stored;
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
