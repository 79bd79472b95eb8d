#[tasker::task]
async fn hello(at: String) {
    let _ = at;
}

fn main() {}
