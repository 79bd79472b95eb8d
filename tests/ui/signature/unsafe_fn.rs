#[tasker::task]
unsafe fn hello() {}

fn main() {}
