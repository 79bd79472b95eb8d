//! Jobs and outcomes in the application's own transactions, on every SQL database: what the application sees of it, with
//! real workers and, where a case is about their death, real processes.
//!
//! One trial per database and case; a database that is not there is shown as ignored, with the reason. Tests wait for
//! events, lines and states; the only spans of time are those a case is about.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a panic with its place is what a test is for"
)]

mod connection;
mod courier;
mod crash;
mod enqueue;
mod finish;
mod lock;
mod place;
#[path = "../chaos/process.rs"]
#[allow(dead_code, reason = "not every test needs all of it")]
mod process;
mod tasks;
mod worker;

use std::pin::Pin;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::place::{DATABASES, Database, Place};

/// A case: its name, and what it does in a fresh place.
type Case = (&'static str, fn(Place) -> Pin<Box<dyn Future<Output = ()>>>);

/// Lists functions as cases named after them.
macro_rules! cases {
    ($($chapter:ident::{$($case:ident),+ $(,)?}),+ $(,)?) => {
        &[$($((concat!(stringify!($chapter), "/", stringify!($case)), |place| {
            Box::pin(crate::$chapter::$case(place))
        })),+),+]
    };
}

const CASES: &[Case] = cases! {
    enqueue::{
        an_order_and_its_mail_are_there_together_or_not_at_all,
        many_jobs_and_jobs_by_alias_go_into_it_too,
        options_come_in_any_order,
        a_blocking_handler_enqueues_within_its_transaction,
        a_transaction_elsewhere_is_refused,
        a_job_is_found_soon_after_the_commit,
    },
    finish::{
        effects_and_outcome_are_there_together,
        after_a_rollback_what_the_handler_returns_counts,
        what_is_said_after_a_rollback_is_kept,
        an_error_after_the_commit_changes_nothing,
        a_handler_that_has_lost_its_lease_is_told,
        a_cancel_that_was_asked_for_stands,
        a_job_that_goes_with_the_commit_is_no_lost_one,
        a_job_and_the_one_it_enqueues_are_one_step,
        a_task_run_by_hand_has_nothing_to_finish,
        a_stop_in_the_middle_leaves_no_effects,
    },
    connection::{
        a_pool_of_one_connection_serves_a_hundred_handlers,
        handlers_that_hold_every_connection_for_longer_than_the_lease_keep_their_jobs,
        the_application_begins_over_its_own_connection,
    },
    crash::{
        a_kill_after_the_commit_does_not_run_the_job_again,
        a_kill_before_the_commit_leaves_nothing_and_runs_it_again,
    },
};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = (DATABASES.iter())
        .flat_map(|database| CASES.iter().map(|case| trial(database, case)))
        .chain(lock::trials())
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(database: &'static Database, (name, case): &'static Case) -> Trial {
    let name = format!("{}/{name}", database.name);
    database.usable().trial(name, move || {
        run(async {
            let place = Place::new(database).await;
            case(place).await;
        })
        .expect("a runtime can be started");
    })
}

/// Runs a case on a runtime of its own, so that one that leaves tasks behind does not disturb the next.
fn run(case: impl Future<Output = ()>) -> Result<(), libtest_mimic::Failed> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(case);
    Ok(())
}
