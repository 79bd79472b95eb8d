//! Bounds on what one job may carry, the same on every backend.
//!
//! Params and tags over the bound are refused at enqueue; output, errors and logs are cut with a note. They
//! bound memory and row size; a larger value belongs in a file or an object store, with its address in the
//! params.

use std::borrow::Cow;

use crate::clock::Instant;
use crate::job::NewJob;
use crate::queue::check_queue_name;
use crate::schedule::{CatchUp, NewSchedule};
use crate::unique::Unique;

/// The longest params, in bytes of JSON text: 1 MiB.
pub const PARAMS: usize = 1 << 20;
/// The longest output, in bytes of JSON text: 1 MiB. A longer one is dropped with a line in the job's log.
pub const OUTPUT: usize = 1 << 20;
/// The longest error message, in bytes: 16 KiB.
pub const ERROR: usize = 16 << 10;
/// The longest line of a job's log, in bytes: 8 KiB.
pub const LINE: usize = 8 << 10;
/// The most lines one attempt may log: 1,000. The rest is counted.
pub const LINES: usize = 1_000;
/// The most tags of one job: 16.
pub const TAGS: usize = 16;
/// The longest tag, in bytes: 128.
pub const TAG: usize = 128;
/// The most missed occurrences that one job stands for by name: 100.
pub const MISSED: usize = 100;
/// The longest alias, in bytes: 128.
pub const ALIAS: usize = 128;

/// How many finished jobs are counted for [`crate::Admin::queues`]: 50,000.
pub const COUNTED: u32 = 50_000;

/// The longest unique key, in bytes: 1 MiB, so that all the params of a job may be one.
pub const KEY: usize = PARAMS;

/// What is wrong with `job`, if anything.
pub fn check(job: &NewJob) -> Result<(), String> {
    check_queue_name(&job.queue)?;
    if job.alias.is_empty() || job.alias.len() > ALIAS {
        return Err(format!(
            "an alias has 1 to {ALIAS} bytes, this one {}",
            job.alias.len()
        ));
    }
    if job.params.len() > PARAMS {
        return Err(format!(
            "the params of `{}` are {} bytes long and at most {PARAMS} are kept: store the data elsewhere and pass its address",
            job.alias,
            job.params.len()
        ));
    }
    if job.tags.len() > TAGS {
        return Err(format!(
            "{} tags are given and at most {TAGS} are kept",
            job.tags.len()
        ));
    }
    if let Some(tag) = job
        .tags
        .iter()
        .find(|tag| tag.is_empty() || tag.len() > TAG)
    {
        return Err(format!(
            "`{}` is not a tag: use 1 to {TAG} bytes",
            cut(tag, 40)
        ));
    }
    if job.max_attempts == Some(0) {
        return Err("max_attempts counts the first attempt, so it is at least 1".into());
    }
    job.unique.as_ref().map_or(Ok(()), check_unique)
}

/// The longest name of a schedule, in bytes: 255.
pub const SCHEDULE: usize = 255;
/// The longest rule of a schedule, in bytes: 16 KiB.
pub const RULE: usize = 16 << 10;
/// The longest description of a schedule, in bytes: 16 KiB.
pub const DESCRIPTION: usize = 16 << 10;

/// What is wrong with `schedule`, if anything; its rule, its zone and what its params mean are not looked at.
pub fn check_schedule(schedule: &NewSchedule) -> Result<(), String> {
    let name = &schedule.name;
    if name.is_empty()
        || name.len() > SCHEDULE
        || name.trim() != name
        || name.chars().any(char::is_control)
    {
        return Err(format!(
            "`{}` is not a name of a schedule: use 1 to {SCHEDULE} bytes of printable characters, with no blank around them",
            cut(name, 40).escape_debug()
        ));
    }
    for (what, text, most) in [
        ("rule", &schedule.rule, RULE),
        ("description", &schedule.description, DESCRIPTION),
    ] {
        if text.len() > most {
            return Err(format!(
                "the {what} is {} bytes long and at most {most} are kept: shorten it",
                text.len()
            ));
        }
    }
    if schedule.max_executions == Some(0) {
        return Err("`max_executions` is at least 1; leave it out for no end".into());
    }
    if let (Some(start), Some(end)) = (schedule.start_at, schedule.end_at)
        && end < start
    {
        return Err("the end is before the start: no occurrence is between them".into());
    }
    if schedule.catch_up == (CatchUp::All { max: 0 }) {
        return Err("`max` is at least 1; to make up for nothing, write `catch_up = skip`".into());
    }
    check(&NewJob {
        queue: schedule.queue.clone().unwrap_or_else(|| "default".into()),
        ..NewJob::new(schedule.alias.clone(), schedule.params.clone())
    })
}

fn check_unique(unique: &Unique) -> Result<(), String> {
    if unique.key.is_empty() || unique.key.len() > KEY {
        return Err(format!(
            "a unique key has 1 to {KEY} bytes, this one {}",
            unique.key.len()
        ));
    }
    if unique.period.is_some_and(|period| period.as_micros() == 0) {
        return Err(
            "a job cannot be unique within a period of nothing: leave it out for all time".into(),
        );
    }
    Ok(())
}

/// `text`, or its first `max` bytes (to a character boundary) with a note that says how much is missing.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!(
        "{}… ({} bytes cut)",
        &text[..end],
        text.len() - end
    ))
}

/// As many of the missed occurrences, oldest first, as are kept: the latest.
pub(crate) fn latest_missed(mut missed: Vec<Instant>) -> Vec<Instant> {
    missed.drain(..missed.len().saturating_sub(MISSED));
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> NewJob {
        NewJob::new("hello", "{}")
    }

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(check(&job()), Ok(()));
    }

    #[test]
    fn a_value_at_its_bound_is_accepted_and_one_past_it_is_not() {
        let with_params = |len| {
            check(&NewJob {
                params: "x".repeat(len),
                ..job()
            })
        };
        assert_eq!(with_params(PARAMS), Ok(()));
        assert!(
            with_params(PARAMS + 1)
                .expect_err("too long")
                .contains("store the data elsewhere")
        );

        let with_alias = |len| {
            check(&NewJob {
                alias: "x".repeat(len),
                ..job()
            })
        };
        assert_eq!(with_alias(ALIAS), Ok(()));
        assert!(with_alias(ALIAS + 1).is_err());
        assert!(with_alias(0).is_err());

        let with_tags = |count, len: usize| {
            check(&NewJob {
                tags: vec!["x".repeat(len); count],
                ..job()
            })
        };
        assert_eq!(with_tags(TAGS, TAG), Ok(()));
        assert!(with_tags(TAGS + 1, 1).is_err());
        assert!(with_tags(1, TAG + 1).is_err());
        assert!(with_tags(1, 0).is_err());
    }

    #[test]
    fn a_job_has_at_least_one_attempt_and_a_queue_with_a_name() {
        assert!(
            check(&NewJob {
                max_attempts: Some(0),
                ..job()
            })
            .is_err()
        );
        assert_eq!(
            check(&NewJob {
                max_attempts: None,
                ..job()
            }),
            Ok(())
        );
        assert!(
            check(&NewJob {
                queue: String::new(),
                ..job()
            })
            .is_err()
        );
        assert!(
            check(&NewJob {
                queue: "a\nb".into(),
                ..job()
            })
            .is_err()
        );
        assert_eq!(
            check(&NewJob {
                queue: "my queue".into(),
                ..job()
            }),
            Ok(())
        );
    }

    #[test]
    fn a_unique_key_says_something_and_its_period_has_a_length() {
        let with = |unique| {
            check(&NewJob {
                unique: Some(unique),
                ..job()
            })
        };
        assert_eq!(with(Unique::new("k".repeat(KEY))), Ok(()));
        assert!(with(Unique::new("k".repeat(KEY + 1))).is_err());
        assert!(with(Unique::new("")).is_err());
        let period = std::time::Duration::from_micros;
        assert_eq!(with(Unique::within("k", period(1))), Ok(()));
        assert!(with(Unique::within("k", period(0))).is_err());
    }

    #[test]
    fn a_cut_falls_between_characters_and_says_how_much_is_missing() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc… (1 bytes cut)");
        assert_eq!(cut("aé", 2), "a… (2 bytes cut)");
    }
}
