#[tasker::task(schedule = "weekly sat 09:00 except weekends")]
async fn hello() {}

fn main() {}
