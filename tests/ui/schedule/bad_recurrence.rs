#[tasker::task(schedule = "rrule FREQ=MONTHLY;BYDAY=6TU")]
async fn hello() {}

fn main() {}
