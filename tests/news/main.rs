//! How news travels between processes that share a PostgreSQL: by notifications, which are a hint, and by looking, which is what
//! counts.
//!
//! Each trial has an installation of its own. What is waited for is news, or the start of a handler; the spans of time
//! are those that a case is about. Ignored by name where there is no PostgreSQL.
#![cfg(unix)]

mod idle;
mod loss;
mod place;
mod told;
mod work;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = told::trials();
    trials.extend(work::trials());
    trials.extend(loss::trials());
    trials.extend(idle::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Trials named after the functions that make their futures.
macro_rules! trials {
    ($chapter:literal, $usable:expr, [$($case:ident),+ $(,)?]) => {
        vec![$($usable.trial(concat!($chapter, "/", stringify!($case)), || {
            crate::run($case());
        })),+]
    };
}
use trials;

fn run(case: impl Future<Output = ()>) {
    let runtime = (Builder::new_multi_thread().worker_threads(2).enable_all()).build();
    runtime.expect("a runtime can be started").block_on(case);
}
