#[tasker::task]
async fn list() {}

fn main() {}
