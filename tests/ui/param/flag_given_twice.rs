#[tasker::task]
async fn hello(name: String, #[param(flag = "name")] other: String) {
    let _ = (name, other);
}

fn main() {}
