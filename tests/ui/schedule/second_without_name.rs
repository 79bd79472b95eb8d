#[tasker::task(schedule = "daily 12:00", schedule = "daily 13:00")]
async fn hello() {}

fn main() {}
