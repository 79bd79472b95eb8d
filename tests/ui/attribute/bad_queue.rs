#[tasker::task(queue = "")]
async fn hello() {}

fn main() {}
