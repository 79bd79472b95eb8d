#[tasker::task]
async fn hello() -> String {
    String::new()
}

fn main() {}
