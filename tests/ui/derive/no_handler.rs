#[derive(tasker::Task)]
struct Resize {
    width: u32,
}

fn main() {}
