#[tasker::task(queue = "a", queue = "b")]
async fn hello() {}

fn main() {}
