#[tasker::task]
async fn hello(name: impl Into<String>) {
    let _ = name.into();
}

fn main() {}
