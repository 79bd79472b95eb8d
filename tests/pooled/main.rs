//! What holds behind a pooler that hands out the server's connections by transaction, with `poll-only=true` in the URL: every
//! case of the conformance suite (X-C8), and that nothing is left on a connection that others get.
//!
//! Ignored by name where there is no PostgreSQL or no `pgbouncer`.
#![cfg(unix)]

mod traces;

use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use libtest_mimic::{Arguments, Trial};
use servers::{Engine, Pooler, Server, Usable};
use tasker_store::conformance::{Case, Fresh, Harness, cases};
use tasker_store::{Capabilities, Capability, Clock, SqlStore, TestClock};
use tokio::runtime::Builder;
use tokio::sync::OnceCell;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let usable = Pooler::can_start();
    let mut trials: Vec<Trial> = (cases().into_iter())
        .map(|case| trial(case, &usable))
        .collect();
    trials.extend(traces::trials(&usable));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(case: Case, usable: &Usable) -> Trial {
    let lacking = case.lacks(&Pooled.capabilities());
    let usable = match lacking.is_empty() {
        true => usable.clone(),
        false => Usable::No(format!("`postgres` does not have {lacking:?}")),
    };
    usable.trial(format!("pgbouncer/{}", case.name), move || {
        run((case.run)(Arc::new(Pooled)));
    })
}

/// A runtime of its own, so that a case that leaves tasks behind does not disturb the next one.
fn run(case: impl Future<Output = ()>) {
    let runtime = (Builder::new_multi_thread().worker_threads(2).enable_all()).build();
    runtime.expect("a runtime can be started").block_on(case);
}

/// The pooler of this process, and the server it is before.
async fn pooler() -> &'static (&'static Server, Pooler) {
    static POOLER: OnceCell<(&'static Server, Pooler)> = OnceCell::const_new();
    let start = async || {
        let server = servers::shared(Engine::Postgres).await;
        (server, Pooler::before(server).await)
    };
    POOLER.get_or_init(start).await
}

/// PostgreSQL behind the pooler.
struct Pooled;

#[async_trait]
impl Harness for Pooled {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "postgres",
            has: &[Capability::Durable, Capability::Shared, Capability::Queries],
        }
    }

    async fn fresh(&self, clock: TestClock) -> Fresh {
        let (server, pooler) = pooler().await;
        let space = server.installation().await;
        let store = SqlStore::connect_with(&space.url_pooled(pooler), Clock::Test(clock)).await;
        let store = store.unwrap_or_else(|error| panic!("cannot connect: {error:?}"));
        Fresh::kept_by(store, space)
    }
}
