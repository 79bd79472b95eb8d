#[tasker::task(alias = "Say Hello")]
async fn hello() {}

fn main() {}
