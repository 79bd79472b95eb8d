//! What makes jobs unique: the attribute's words and the options of one enqueue, and the key they come to.
//!
//! In: a [`UniqueDefinition`], [`UniqueOptions`] and the job's params. Out: the contract's [`Unique`]. Each option beats
//! the attribute's by itself, so that a call may change the key and leave the period. A key made from params is their
//! JSON with sorted names and nothing in between, so that it is the same whoever wrote them.

use std::time::Duration;

use serde_json::Value;
use tasker_store::{Holds, JobState, Keep, NewJob, OnConflict, Unique};

use super::params::{Fields, ParamError};
use crate::dynamic::unknown_name;

/// The `unique` option of a task, as data.
#[derive(Clone, Copy, Debug)]
pub struct UniqueDefinition {
    /// What tells its jobs apart.
    pub by: UniqueBy,
    /// The period it counts for; `None` is for all time.
    pub period: Option<Duration>,
    /// For how long a job holds its key; `None` is until it has finished, and with a period after it succeeded too.
    pub holds: Option<Holds>,
    /// What becomes of a new job that meets another.
    pub on_conflict: OnConflict,
}

/// What tells the jobs of a task apart.
#[derive(Clone, Copy, Debug)]
pub enum UniqueBy {
    /// Nothing: they all have this key.
    Key(&'static str),
    /// All their params.
    Params,
    /// The params of these names, as stored.
    ParamsOf(&'static [&'static str]),
}

/// What one enqueue says about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct UniqueOptions {
    pub(crate) by: Option<By>,
    pub(crate) period: Option<Duration>,
    pub(crate) holds: Option<Result<Holds, &'static str>>,
    pub(crate) on_conflict: Option<OnConflict>,
}

/// As [`UniqueBy`], chosen at run time.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Nothing,
    Key(String),
    Params,
    ParamsOf(Vec<String>),
}

/// Why a job cannot be unique as asked.
#[derive(Debug)]
pub(crate) enum Misfit {
    Params(ParamError),
    Options(&'static str),
}

impl UniqueDefinition {
    /// What it makes of a job with these params.
    pub(crate) fn of(&self, fields: &Fields) -> Unique {
        let key = match self.by {
            UniqueBy::Key(key) => key.to_owned(),
            UniqueBy::Params => key_of(fields, None::<[&str; 0]>),
            UniqueBy::ParamsOf(names) => key_of(fields, Some(names)),
        };
        unique(key, self.period, self.holds, self.on_conflict)
    }
}

impl UniqueOptions {
    /// What they make of a job with these params, whose task has params of these `names`; `None` where it is not unique.
    pub(crate) fn of(
        &self,
        task: Option<&UniqueDefinition>,
        names: &[&str],
        fields: &Fields,
    ) -> Result<Option<Unique>, Misfit> {
        let key = match &self.by {
            Some(By::Nothing) => return Ok(None),
            Some(By::Key(key)) => key.clone(),
            Some(By::Params) => key_of(fields, None::<[&str; 0]>),
            Some(By::ParamsOf(chosen)) => {
                let unknown = chosen.iter().find(|name| !names.contains(&name.as_str()));
                if let Some(name) = unknown {
                    let known = names.iter().copied();
                    return Err(Misfit::Params(unknown_name(name, known)));
                }
                key_of(fields, Some(chosen))
            }
            None => match task {
                Some(task) => task.of(fields).key,
                None if self.says_nothing() => return Ok(None),
                None => {
                    return Err(Misfit::Options(
                        "it is to be unique, and nothing says by what: add `.unique(key)`, `.unique_params()` or `.unique_params_of([…])`",
                    ));
                }
            },
        };
        let period = self.period.or(task.and_then(|task| task.period));
        let holds = match self.holds {
            Some(holds) => Some(holds.map_err(Misfit::Options)?),
            None => task.and_then(|task| task.holds),
        };
        let on_conflict = self.on_conflict.or(task.map(|task| task.on_conflict));
        Ok(Some(unique(
            key,
            period,
            holds,
            on_conflict.unwrap_or_default(),
        )))
    }

    /// Whether the attribute alone decides.
    pub(crate) fn says_nothing(&self) -> bool {
        self.by.is_none()
            && self.period.is_none()
            && self.holds.is_none()
            && self.on_conflict.is_none()
    }
}

fn unique(
    key: String,
    period: Option<Duration>,
    holds: Option<Holds>,
    on_conflict: OnConflict,
) -> Unique {
    let usual = match period {
        Some(period) => Unique::within(key, period),
        None => Unique::new(key),
    };
    Unique {
        holds: holds.unwrap_or(usual.holds),
        on_conflict,
        ..usual
    }
}

/// Keeps a job that is unique within a period for as long as it is to hold its key: one that is gone holds none.
pub(crate) fn keep_while_held(job: &mut NewJob) {
    let Some((period, holds)) =
        (job.unique.as_ref()).and_then(|unique| Some((unique.period?, unique.holds)))
    else {
        return;
    };
    let at_least = |keep: &mut Keep| {
        if let Keep::For(time) = keep {
            *time = period.max(*time);
        }
    };
    if holds.is_held(JobState::Succeeded, true) {
        at_least(&mut job.retention.succeeded);
    }
    if holds.is_held(JobState::Failed, true) || holds.is_held(JobState::Canceled, true) {
        at_least(&mut job.retention.unsuccessful);
    }
}

/// The key that params come to: all of them, or those of these names. What is not given counts as `null`.
fn key_of<N: AsRef<str>>(fields: &Fields, names: Option<impl IntoIterator<Item = N>>) -> String {
    let mut key = String::from("params");
    let Some(names) = names else {
        write_object(
            fields.iter().map(|(name, value)| (name.as_str(), value)),
            &mut key,
        );
        return key;
    };
    let names: Vec<N> = names.into_iter().collect();
    let chosen = names.iter().map(AsRef::as_ref);
    let chosen = chosen.map(|name| (name, fields.get(name).unwrap_or(&Value::Null)));
    write_object(chosen, &mut key);
    key
}

/// Writes JSON in one form only. The order of a map's fields is not kept by every build of `serde_json`.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            write_object(
                fields.iter().map(|(name, value)| (name.as_str(), value)),
                text,
            );
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn write_object<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>, text: &mut String) {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|(name, _)| *name);
    fields.dedup_by_key(|(name, _)| *name);
    text.push('{');
    for (place, (name, value)) in fields.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        write(value, text);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tasker_store::Retention;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn fields(value: Value) -> Fields {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_key_of_params_is_written_in_one_form() {
        let text = r#"{"b": {"z": [1, {"y": 2, "x": null}], "a": "ü\n"}, "a": 1.5}"#;
        let params = fields(serde_json::from_str(text).expect("JSON"));
        let key = key_of(&params, None::<[&str; 0]>);
        assert_eq!(
            key,
            r#"params{"a":1.5,"b":{"a":"ü\n","z":[1,{"x":null,"y":2}]}}"#
        );
        assert_eq!(key_of(&params, Some(["a"])), r#"params{"a":1.5}"#);
        let chosen = key_of(&params, Some(["none", "a", "a"]));
        assert_eq!(chosen, r#"params{"a":1.5,"none":null}"#);
        assert_eq!(key_of(&Fields::new(), None::<[&str; 0]>), "params{}");
    }

    #[test]
    fn each_option_beats_the_attribute_by_itself() {
        let task = UniqueDefinition {
            by: UniqueBy::ParamsOf(&["user"]),
            period: Some(HOUR),
            holds: None,
            on_conflict: OnConflict::Skip,
        };
        let params = fields(json!({"user": 42, "text": "hi"}));
        let of = |options: UniqueOptions| {
            let made = options.of(Some(&task), &["user", "text"], &params);
            made.expect("it fits")
        };
        let by_task = of(UniqueOptions::default()).expect("the task says so");
        assert_eq!(by_task, task.of(&params));
        assert_eq!(by_task.key, r#"params{"user":42}"#);
        assert_eq!(by_task.holds, Unique::within("", HOUR).holds);
        let other_key = of(UniqueOptions {
            by: Some(By::Key("k".into())),
            holds: Some(Ok(Holds::UNTIL_STARTED)),
            ..UniqueOptions::default()
        });
        let expected = Unique {
            key: "k".into(),
            holds: Holds::UNTIL_STARTED,
            ..by_task
        };
        assert_eq!(other_key, Some(expected));
        let none = of(UniqueOptions {
            by: Some(By::Nothing),
            ..UniqueOptions::default()
        });
        assert_eq!(none, None);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let params = fields(json!({"user": 42}));
        let misfit = |options: UniqueOptions| {
            let made = options.of(None, &["user"], &params);
            made.expect_err("it does not fit")
        };
        let unknown = misfit(UniqueOptions {
            by: Some(By::ParamsOf(vec!["usr".into()])),
            ..UniqueOptions::default()
        });
        let Misfit::Params(error) = unknown else {
            panic!("it is about params: {unknown:?}");
        };
        assert!(error.reason().contains("did you mean `user`?"), "{error}");
        let by_what = misfit(UniqueOptions {
            period: Some(HOUR),
            ..UniqueOptions::default()
        });
        assert!(matches!(by_what, Misfit::Options(text) if text.contains("by what")));
        let states = misfit(UniqueOptions {
            by: Some(By::Params),
            holds: Some(Holds::while_in(&[JobState::Queued])),
            ..UniqueOptions::default()
        });
        assert!(matches!(states, Misfit::Options(text) if text.contains("`scheduled`")));
    }

    #[test]
    fn a_job_is_kept_as_long_as_it_holds_its_key() {
        let kept = |unique: Option<Unique>, succeeded: Keep| {
            let mut job = NewJob {
                unique,
                retention: Retention {
                    succeeded,
                    unsuccessful: Keep::For(Duration::ZERO),
                },
                ..NewJob::new("hello", "{}")
            };
            keep_while_held(&mut job);
            (job.retention.succeeded, job.retention.unsuccessful)
        };
        let none = Keep::For(Duration::ZERO);
        let hourly = Some(Unique::within("k", HOUR));
        assert_eq!(kept(hourly.clone(), none), (Keep::For(HOUR), none));
        let longer = Keep::For(2 * HOUR);
        assert_eq!(kept(hourly.clone(), longer), (longer, none));
        assert_eq!(kept(hourly, Keep::Forever), (Keep::Forever, none));
        let always = Unique {
            holds: Holds::WHILE_KEPT,
            ..Unique::within("k", HOUR)
        };
        assert_eq!(kept(Some(always), none), (Keep::For(HOUR), Keep::For(HOUR)));
        assert_eq!(kept(Some(Unique::new("k")), none), (none, none));
        assert_eq!(kept(None, none), (none, none));
    }
}
