#[tasker::task(tz = "Europe/London")]
async fn hello() {}

fn main() {}
