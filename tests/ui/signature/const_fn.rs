#[tasker::task]
const fn hello() {}

fn main() {}
