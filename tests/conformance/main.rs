//! The conformance suite on every backend: one trial per backend and case.
//!
//! In: the cases of `tasker_store::conformance` and one harness per backend, listed in [`BACKENDS`]. Out: libtest's
//! own report, with its filters and flags (`cargo test -p tasker-tests --test conformance -- memory/claim`). A
//! case that needs what a backend lacks, or a server that is not there, is shown as ignored, with the reason. A new
//! backend is a file that implements `Harness`, and one line here.

mod memory;
mod server;
mod sqlite;
mod within;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use servers::{Engine, Usable};
use tasker_store::conformance::{Case, Harness, cases};
use tokio::runtime::Builder;

/// A backend under test.
struct Backend {
    /// What the names of its trials begin with.
    name: &'static str,
    harness: fn() -> Arc<dyn Harness>,
    /// What it needs to run.
    server: Option<Engine>,
}

const BACKENDS: &[Backend] = &[
    backend("memory", || Arc::new(memory::Memory)),
    backend("sqlite", || Arc::new(sqlite::File)),
    backend("sqlite-memory", || Arc::new(sqlite::Memory)),
    on_server(Engine::Postgres, || {
        Arc::new(server::Server(Engine::Postgres))
    }),
    on_server(Engine::MySql, || Arc::new(server::Server(Engine::MySql))),
    Backend {
        name: "sqlite-within",
        harness: || Arc::new(within::Within(sqlite::File, None)),
        server: None,
    },
    Backend {
        name: "postgres-within",
        harness: || {
            let of = server::Server(Engine::Postgres);
            Arc::new(within::Within(of, Some(Engine::Postgres)))
        },
        server: Some(Engine::Postgres),
    },
    Backend {
        name: "mysql-within",
        harness: || Arc::new(within::Within(server::Server(Engine::MySql), None)),
        server: Some(Engine::MySql),
    },
];

const fn backend(name: &'static str, harness: fn() -> Arc<dyn Harness>) -> Backend {
    Backend {
        name,
        harness,
        server: None,
    }
}

const fn on_server(engine: Engine, harness: fn() -> Arc<dyn Harness>) -> Backend {
    Backend {
        name: engine.name(),
        harness,
        server: Some(engine),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = BACKENDS.iter().flat_map(|backend| {
        let harness = (backend.harness)();
        let usable = backend.server.map_or(Usable::Yes, Engine::can_share);
        let trial = move |case| trial(backend.name, case, &harness, &usable);
        let mut cases = cases();
        cases.retain(|case| within::takes(backend.name, case));
        cases.into_iter().map(trial)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trial(backend: &str, case: Case, harness: &Arc<dyn Harness>, usable: &Usable) -> Trial {
    let lacking = case.lacks(&harness.capabilities());
    let usable = match lacking.is_empty() {
        true => usable.clone(),
        false => Usable::No(format!("`{backend}` does not have {lacking:?}")),
    };
    let harness = Arc::clone(harness);
    usable.trial(format!("{backend}/{}", case.name), move || {
        // A runtime of its own, so that a case that leaves tasks behind does not disturb the next one.
        let runtime = (Builder::new_multi_thread().worker_threads(2).enable_all()).build();
        let runtime = runtime.expect("a runtime can be started");
        runtime.block_on((case.run)(harness));
    })
}
