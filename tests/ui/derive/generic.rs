#[derive(tasker::Task)]
struct Resize<T> {
    width: T,
}

fn main() {}
