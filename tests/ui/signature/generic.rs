#[tasker::task]
async fn hello<T>(name: T) {
    let _ = name;
}

fn main() {}
