//! What holds when processes die, freeze and stop, and when servers do: real ones.
//!
//! Each trial has a place of its own (a file, or a schema or database in a server), starts `chaos-worker` (its tasks:
//! `tasks.rs`) by the real command line, and listens to what its handlers say. What a test waits for is a
//! line, the end of a process, or a state in the store; the only spans of time are those a case is about. A trial whose server is
//! not there is ignored by name, or fails where `TASKER_TEST_REQUIRE` names it.
//!
//! Read next: `place` (a store), `process` (a process), then any other: each is one kind of trouble.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in the functions that tests share"
)]

mod ahead;
mod answers;
mod bloat;
mod clocks;
mod crashes;
mod crowds;
mod floods;
mod leases;
mod locks;
mod numbers;
mod orders;
mod outages;
mod place;
mod pools;
mod process;
mod refusals;
mod stops;
mod tasks;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::place::On;

/// How many trials run at a time, unless the command line says otherwise.
const THREADS: usize = 4;

type Trials = Vec<Trial>;

/// Trials named after the functions that make their futures from a place. `with` says what they need; a place in a
/// server that they share, unless told otherwise.
macro_rules! trials {
    ($on:expr, [$($case:ident),+ $(,)?]) => {
        crate::trials!($on, with $on.can_share(), [$($case),+])
    };
    ($on:expr, with $usable:expr, [$($case:ident),+ $(,)?]) => {
        vec![$($usable.trial(format!("{}/{}", $on.name(), stringify!($case)), move || {
            crate::run($case($on));
        })),+]
    };
}
use trials;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time is spent waiting.
    arguments.test_threads.get_or_insert(THREADS);
    let mut trials = Vec::new();
    for on in On::ALL {
        // The longest first.
        trials.extend(outages::trials(on));
        trials.extend(answers::trials(on));
        trials.extend(crowds::trials(on));
        trials.extend(floods::trials(on));
        trials.extend(bloat::trials(on));
        trials.extend(refusals::trials(on));
        trials.extend(ahead::trials(on));
        trials.extend(leases::trials(on));
        trials.extend(crashes::trials(on));
        trials.extend(locks::trials(on));
        trials.extend(pools::trials(on));
        trials.extend(stops::trials(on));
        trials.extend(clocks::trials(on));
        trials.extend(numbers::trials(on));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// On a runtime of its own, so that what a trial leaves behind does not disturb the next one.
fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime can be started").block_on(case);
}
