#[tasker::task(timeout = "30 parsecs")]
async fn hello() {}

fn main() {}
