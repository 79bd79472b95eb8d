#[tasker::task(schedule("daily 12:00", tz = "Europe/Londn"))]
async fn hello() {}

fn main() {}
