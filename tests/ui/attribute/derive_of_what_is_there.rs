#[tasker::task(derive(Clone, Debug))]
async fn hello(name: String) {
    let _ = name;
}

fn main() {}
