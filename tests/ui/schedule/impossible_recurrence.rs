#[tasker::task(schedule = "rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")]
async fn hello() {}

fn main() {}
