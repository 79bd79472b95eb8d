#[derive(tasker::Task)]
enum Resize {
    Small,
}

fn main() {}
