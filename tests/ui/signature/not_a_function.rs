#[tasker::task]
struct Hello;

fn main() {}
