#[tasker::task(crate = jobs)]
async fn hello() {}

fn main() {}
