const NIGHTLY: &str = "yearly feb 30 02:00";

#[tasker::task(schedule = NIGHTLY)]
async fn hello() {}

fn main() {}
