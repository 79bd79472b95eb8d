//! What a task is, as data: one static [`TaskDefinition`] per `#[task]`, made by the macro.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tasker_store::{CatchUp, Overlap};

use super::backoff::Backoff;
use super::handler::Run;
use super::params::{Fields, ParamError};
use super::shape::Shape;
use super::state::States;
use super::unique::UniqueDefinition;

/// A task: what it is called, what it takes, how it runs.
#[derive(Debug)]
pub struct TaskDefinition {
    /// Its unique name.
    pub alias: &'static str,
    /// One line for people: the `title` option, else the first paragraph of the documentation.
    pub title: &'static str,
    /// The rest of the documentation.
    pub description: &'static str,
    /// The queue its jobs go to. Default: `default`.
    pub queue: &'static str,
    /// Higher runs first. Default: 0.
    pub priority: i16,
    /// How many attempts a job has, the first one counted; `None` is without end. Default: 4.
    pub max_attempts: Option<u32>,
    /// The delay before another attempt. Default: exponential, 5 s doubling to 1 h, ±10 % jitter.
    pub backoff: Backoff,
    /// How long one attempt may run; `None` is without end, the default.
    pub timeout: Option<Duration>,
    /// Labels of its jobs.
    pub tags: &'static [&'static str],
    /// What makes its jobs unique; `None`, the default, where nothing does.
    pub unique: Option<UniqueDefinition>,
    /// What it takes, in the order of the signature.
    pub params: &'static [ParamDefinition],
    /// When it runs by itself.
    pub schedules: &'static [ScheduleDefinition],
    /// Whether the function is a plain `fn`, which runs on the pool for blocking work.
    pub blocking: bool,
    /// The code.
    pub run: Run,
    /// Decodes params and writes them again, defaults filled in: whether a job with these params could run, and what it
    /// would run with.
    pub check: fn(Fields) -> Result<Fields, ParamError>,
    /// An output as stored, in the words of its type's `Display`; `None` where the type has none or does not decode.
    pub render: fn(&str) -> Option<String>,
    /// What it takes by `State` or `#[inject]` and the application has not got, in sentences.
    pub missing: fn(&States) -> Vec<String>,
    /// The crate it stands in.
    pub origin: &'static str,
    /// The file it stands in.
    pub file: &'static str,
    /// The line it stands on.
    pub line: u32,
}

/// One parameter of a task.
#[derive(Debug)]
pub struct ParamDefinition {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its documentation.
    pub description: &'static str,
    /// Its long flag, without the dashes.
    pub flag: &'static str,
    /// Its short flag.
    pub short: Option<char>,
    /// Its default as written in the source, for people; `None` where there is none.
    pub default: Option<&'static str>,
    /// Whether a job without it cannot run: no default, and neither an
    /// `Option`, a `Vec` nor a `bool`.
    pub required: bool,
    /// What values it takes.
    pub shape: fn() -> Shape,
}

/// One schedule of a task.
#[derive(Debug)]
pub struct ScheduleDefinition {
    /// Tells several schedules of one task apart.
    pub name: Option<&'static str>,
    /// The text of the rule, checked at compile time.
    pub rule: &'static str,
    /// The time zone; `None` means the application's default, which is UTC.
    pub tz: Option<&'static str>,
    /// What happens to occurrences that were missed. Default: one job for all of them.
    pub catch_up: CatchUp,
    /// What happens while the job before is unfinished. Default: both run.
    pub overlap: Overlap,
    /// The params of its jobs.
    pub params: fn() -> Result<Fields, ParamError>,
}

impl TaskDefinition {
    /// The hash of the shape of its params; stored with each job. Defaults and documentation do not count.
    pub fn shape(&self) -> i64 {
        // A type is asked for its shape in many small questions, and every enqueue needs the hash. The list of
        // params is static, so its address stands for it as long as the process lives.
        static KNOWN: RwLock<BTreeMap<(usize, usize), i64>> = RwLock::new(BTreeMap::new());
        let key = (self.params.as_ptr().addr(), self.params.len());
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(hash) = known.get(&key) {
            return *hash;
        }
        drop(known);
        let fields = self
            .params
            .iter()
            .map(|param| (param.name, param.required, (param.shape)()));
        let hash = super::shape::hash(fields);
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, hash);
        hash
    }

    /// `file:line`, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// A task by its type: the handle that `#[task]` makes, or the struct that derives `Task`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "annotate a function with `#[task]`, or derive `tasker::Task`"
)]
pub trait Task: Sized + 'static {
    /// Its params.
    type Params: super::params::Params;
    /// What it returns when it succeeds.
    type Output: Send + 'static;

    /// What it is, as data.
    fn definition() -> &'static TaskDefinition;
}
