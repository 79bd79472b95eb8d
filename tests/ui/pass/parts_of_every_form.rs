//! What the ui tests' package has no runtime for still builds.

use std::time::Duration;
use tasker::lifecycle::{Part, Shutdown, concurrence, every, exclusive, repeat, sequence, with_shutdown};

async fn told(_: Shutdown) -> Result<u8, std::io::Error> {
    Ok(1)
}

fn made() -> impl Part {
    let owned = String::from("given away");
    concurrence![
        told,
        sequence![],
        || async { loop { std::future::pending::<()>().await } },
        move || async move { drop(owned) },
        repeat(every(Duration::ZERO), exclusive(sequence![told, || {}])),
        with_shutdown(told, || Ok::<(), std::io::Error>(())),
        async {},
    ]
}

fn main() {
    drop(made());
}
