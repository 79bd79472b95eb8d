//! An application with a command line, whose command is one part of its program.

#[path = "../chaos/orders.rs"]
mod orders;

use orders::{Orders, say};
use tasker::lifecycle::{Failure, Shutdown, concurrence, main as program};
use tasker::task;

/// There has to be a task.
#[task]
async fn nothing() {}

#[tasker::main]
async fn main(app: tasker::App) -> Result<(), Failure> {
    let orders = Orders::listen();
    let beside = move |shutdown: Shutdown| async move {
        say("started".into());
        tokio::select! {
            () = shutdown.cancelled() => say("told to end".into()),
            () = orders.wait_for("deaf") => {
                say("deaf".into());
                std::future::pending().await
            }
        }
    };
    program(concurrence![move || app.run(), beside]).await
}
