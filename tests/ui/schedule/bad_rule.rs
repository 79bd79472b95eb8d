#[tasker::task(schedule = "daily 25:00")]
async fn hello() {}

fn main() {}
