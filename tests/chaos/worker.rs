//! The program that the tests of `chaos` start, kill and freeze.

mod orders;
mod tasks;

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.state(orders::Orders::listen()).run().await
}
