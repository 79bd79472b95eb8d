#[tasker::task(queue = "a" priority = 1)]
async fn hello() {}

fn main() {}
