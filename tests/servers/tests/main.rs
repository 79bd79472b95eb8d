//! What tests rely on when they rely on `servers`: real servers, real signals, real sockets.
//!
//! One trial per engine and case, ignored where there is no server.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod proxy;
mod server;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use servers::Engine;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = proxy::trials();
    for engine in Engine::ALL {
        trials.extend(server::trials(engine));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Trials named after the functions that make their futures from `$with`.
macro_rules! trials {
    ($usable:expr, $prefix:expr, $with:tt, [$($case:ident),+ $(,)?]) => {
        vec![$($usable.trial(format!("{}/{}", $prefix, stringify!($case)), move || {
            crate::run($case $with);
        })),+]
    };
}
use trials;

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Runtime::new();
    runtime.unwrap().block_on(case);
}

type Trials = Vec<Trial>;
