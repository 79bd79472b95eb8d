//! The conformance suite on every backend: one trial per backend and case.
//!
//! In: the cases of `tasker_store::conformance` and one harness per backend, listed in [`BACKENDS`]. Out: libtest's
//! own report, with its filters and flags (`cargo test -p tasker-tests --test conformance -- memory/claim`). A
//! case that needs what a backend lacks is shown as ignored, with the reason. A new backend is a file that
//! implements `Harness`, and one line here.

mod memory;
mod postgres;
mod sqlite;
mod within;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tasker_store::conformance::{Case, Harness, cases};
use tokio::runtime::Builder;

type MakeHarness = fn() -> Arc<dyn Harness>;

/// Each backend under test, by the name its trials begin with.
const BACKENDS: &[(&str, MakeHarness)] = &[
    ("memory", || Arc::new(memory::Memory)),
    ("postgres", || Arc::new(postgres::Postgres)),
    ("sqlite", || Arc::new(sqlite::File)),
    ("sqlite-memory", || Arc::new(sqlite::Memory)),
    ("postgres-within", || {
        let (of, application) = (postgres::Postgres, Some(postgres::DATABASE));
        Arc::new(within::Within { of, application })
    }),
    ("sqlite-within", || {
        let (of, application) = (sqlite::File, None);
        Arc::new(within::Within { of, application })
    }),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = (BACKENDS.iter())
        .flat_map(|(backend, harness)| {
            let harness = harness();
            (cases().into_iter())
                .filter(|case| within::takes(backend, case))
                .map(move |case| trial(backend, case, Arc::clone(&harness)))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(backend: &str, case: Case, harness: Arc<dyn Harness>) -> Trial {
    let name = format!("{backend}/{}", case.name);
    let lacking = case.lacks(&harness.capabilities());
    if !lacking.is_empty() {
        let reason = format!("`{backend}` does not have {lacking:?}");
        return Trial::ignorable_test(name, move || {
            Ok(libtest_mimic::Completion::ignored_with(reason))
        });
    }
    Trial::test(name, move || {
        // A runtime of its own, so that a case that leaves tasks behind does not disturb the next one.
        let runtime = (Builder::new_multi_thread().worker_threads(2).enable_all())
            .build()
            .map_err(|error| format!("cannot start a runtime: {error}"))?;
        runtime.block_on((case.run)(harness));
        Ok(())
    })
}
