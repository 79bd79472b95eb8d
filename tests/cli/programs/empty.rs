//! A program without a task. With `PROGRAM_NAMES` set it expects some from a crate that has none.

use std::process::ExitCode;

mod plain {
    #[tasker::main]
    pub(crate) async fn main(app: tasker::App) -> tasker::Result<()> {
        app.run().await
    }
}

mod naming {
    #[tasker::main(tasks = [anyhow])]
    pub(crate) async fn main(app: tasker::App) -> tasker::Result<()> {
        app.run().await
    }
}

fn main() -> ExitCode {
    match std::env::var_os("PROGRAM_NAMES") {
        Some(_) => naming::main(),
        None => plain::main(),
    }
}
