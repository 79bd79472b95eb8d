#[tasker::task(backoff = "exponentail 1s..10m")]
async fn hello() {}

fn main() {}
