//! A program that knows none of the tasks of `chaos-worker`, and has one of its own that runs every second.

use tasker::task;

/// Run every second.
#[task(schedule = "every 1s")]
async fn tick() {}

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.run().await
}
