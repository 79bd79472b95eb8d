#[tasker::task(unique = "x")]
async fn hello() {}

fn main() {}
