const NONE: u32 = 0;

#[tasker::task(max_attempts = NONE)]
async fn hello() {}

fn main() {}
