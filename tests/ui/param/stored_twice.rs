#[tasker::task]
async fn hello(name: String, #[param(alias = "name")] other: String) {
    let _ = (name, other);
}

fn main() {}
