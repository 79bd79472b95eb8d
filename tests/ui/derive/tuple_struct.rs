#[derive(tasker::Task)]
struct Resize(u32);

fn main() {}
