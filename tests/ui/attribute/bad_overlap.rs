#[tasker::task(schedule = "daily 12:00", overlap = queue)]
async fn hello() {}

fn main() {}
