#[tasker::task]
async fn hello(#[serde(default)] name: String) {
    let _ = name;
}

fn main() {}
