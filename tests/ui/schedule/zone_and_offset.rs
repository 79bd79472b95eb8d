#[tasker::task(schedule = "daily 12:00+02:00", tz = "Europe/London")]
async fn hello() {}

fn main() {}
