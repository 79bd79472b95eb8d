#[tasker::main]
async fn main() {}
