//! Schedule rules against another reading of them: dateutil, croniter and zoneinfo, of Python.
//!
//! In: random rules, zones and instants. Both sides compute the next occurrences; they must be the same, apart from
//! the differences that `differences.rs` lists with reasons and proves. Needs a Python that has the packages:
//!
//! - `TASKER_TEST_PYTHON=/path/to/python` names one; else `python3` is asked.
//! - `TASKER_TEST_PIP=1` allows to install them into a folder that is deleted afterwards.
//! - Without either the cases are shown as ignored, with the reason; with `TASKER_TEST_REQUIRE=python` that is a failure.
//! - `TASKER_TEST_CASES=20000` compares so many of each kind, `TASKER_TEST_SEED=7` others.

mod cases;
mod cron;
mod dice;
mod differences;
mod peer;
mod recurrence;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use cases::{Case, compare};
use peer::Peer;

/// How many cases of each kind are compared.
const CASES: u32 = 4_500;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let peer = Arc::new(match arguments.list {
        true => Err("not asked".to_owned()),
        false => Peer::find(),
    });
    type Made = fn(u64) -> Case;
    let random: [(&str, Made); 3] = [
        ("recurrence/days", recurrence::days),
        ("recurrence/within-days", recurrence::within_days),
        ("cron", cron::random),
    ];
    let random = random.map(|(name, make)| {
        trial(name.to_owned(), Arc::clone(&peer), move |peer| {
            compare(
                peer,
                (0..number("TASKER_TEST_CASES", u64::from(CASES)))
                    .map(|place| make(place + number("TASKER_TEST_SEED", 1) * 1_000_000_007)),
            )
        })
    });
    let listed = differences::ALL.iter().map(|difference| {
        trial(
            format!("differences/{}", difference.name),
            Arc::clone(&peer),
            |peer| difference.prove(peer),
        )
    });
    let trials = random.into_iter().chain(listed).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial that needs the peer.
fn trial(
    name: String,
    peer: Arc<Result<Peer, String>>,
    run: impl FnOnce(&Peer) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match peer.as_ref() {
        Ok(peer) => run(peer).map(|()| Completion::Completed),
        Err(reason) if peer::is_required() => Err(reason.into()),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    })
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => default,
    }
}
