#[tasker::task(concurrency = 3)]
async fn hello() {}

fn main() {}
