#[tasker::task(max_attempts = 0)]
async fn hello() {}

fn main() {}
