#[tasker::task]
extern "C" fn hello() {}

fn main() {}
