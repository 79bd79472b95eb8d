#[tasker::task(schedule = "daily 12:00 excpet 12-25")]
async fn hello() {}

fn main() {}
