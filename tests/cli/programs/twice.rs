//! One module of tasks, declared in two places.
#![allow(clippy::duplicate_mod, reason = "the mistake that this program makes")]

mod billing;
#[path = "billing.rs"]
mod invoices;

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.run().await
}
