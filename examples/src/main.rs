//! The examples' binary: `cargo run -- list` shows what it can do.
//!
//! Each module is one example. Run with `cargo run -- hello --name Tom`, `cargo run -- weather-report --year 2012`,
//! `cargo run -- print-pages`, or `cargo run -- weather-all` and then `cargo run -- work --until-empty`. Programs of
//! their own stand in `bin`.

mod hello;
mod pool;
mod weather;

#[tasker::main]
async fn main(app: tasker::App) -> anyhow::Result<()> {
    app.resource(pool::presses()?).run().await?;
    Ok(())
}
