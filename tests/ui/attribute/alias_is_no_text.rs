#[tasker::task(alias = 3)]
async fn hello() {}

fn main() {}
