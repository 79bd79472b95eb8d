#[tasker::task(schedule = "61 * * * *")]
async fn hello() {}

fn main() {}
