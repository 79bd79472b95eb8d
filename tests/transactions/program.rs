//! The program that the tests of `transactions` kill.

mod courier;

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.run().await
}
