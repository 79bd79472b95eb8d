#[tasker::task(schedule = "every 5m fold both")]
async fn hello() {}

fn main() {}
